"""A table as pandas reads it: CSV, TSV (plain or compressed) or parquet."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from rnnbench.errors import UsageError, in_one_line

_ENDING = re.compile(r"\.(csv|tsv|parquet)(\.gz|\.zip|\.bz2|\.xz|\.zst)?$", re.IGNORECASE)
_KINDS = ".csv, .tsv, either with .gz or such, or .parquet"


def is_table(argument: str) -> bool:
    """Whether an argument names a table and not a directory of records."""
    return "=" not in argument and bool(_ENDING.search(argument)) and not Path(argument).is_dir()


def read(path: Path) -> pd.DataFrame:
    """The table. Text stays text: a cell may be called None, or NA. Raises UsageError, in one line."""
    ending = _ENDING.search(path.name)
    if ending is None:
        raise UsageError(f"no table: {path}", allowed=_KINDS)
    if not path.exists():
        raise UsageError(f"no such file: {path}")
    try:
        if ending[1].lower() == "parquet":
            table = pd.read_parquet(path)
        else:
            separator = "\t" if ending[1].lower() == "tsv" else ","
            table = pd.read_csv(path, sep=separator, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
            if len(table.columns) == 1 and ";" in str(table.columns[0]):
                table = pd.read_csv(path, sep=";", keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    except (ValueError, OSError, ImportError, EOFError) as error:  # pandas' own, of text and of encodings, are values
        raise UsageError(f"{path} cannot be read ({in_one_line(error)})", allowed=_KINDS) from error
    table.columns = [str(name).strip() for name in table.columns]
    if table.empty:
        raise UsageError(f"{path} has no rows")
    return table.reset_index(drop=True)
