"""Tables that people open in a spreadsheet: a text that it would run as a formula is quoted."""

from __future__ import annotations

import re

import pandas as pd

_RUN = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE)


def as_csv(frame: pd.DataFrame) -> str:
    """The frame as CSV without its index. A text that begins like a formula and is no number has an apostrophe before
    it: '=1+1, as spreadsheets themselves write what is not to be run."""
    shown = frame.copy(deep=False)
    for place, kind in enumerate(shown.dtypes):
        if not pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_datetime64_any_dtype(kind):
            shown.isetitem(place, shown.iloc[:, place].map(quoted).array)
    shown.columns = pd.Index([quoted(name) for name in shown.columns])
    return str(shown.to_csv(index=False, lineterminator="\n"))


def quoted(cell: object) -> object:
    runs = isinstance(cell, str) and _RUN.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if runs else cell
