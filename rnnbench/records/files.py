"""The files of one run: its record and its history. Reading whether a run is finished takes no pandas."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from rnnbench.records.atomic import finite, write_json_atomically, write_text_atomically
from rnnbench.records.pack import PACK, decoded, packed
from rnnbench.records.schema import RecordError, check

RECORD, HISTORY = "run.json", "history.csv"


def write_record(run_dir: Path, record: Mapping[str, Any]) -> Path:
    """Write `run_dir`/run.json, and give its path. Raises RecordError for a record that could not be read back."""
    record = finite(record)
    check(record)
    write_json_atomically(Path(run_dir) / RECORD, record)
    return Path(run_dir) / RECORD


def write_history(run_dir: Path, rows: Sequence[Mapping[str, float | int | None]]) -> Path:
    """Write `run_dir`/history.csv: a row an evaluation, its columns in the order in which they first appear."""
    text = StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")  # a float as the shortest text that reads back as it
    writer.writeheader()
    writer.writerows(rows)
    write_text_atomically(Path(run_dir) / HISTORY, text.getvalue())
    return Path(run_dir) / HISTORY


def read_record(run_dir: Path) -> dict[str, Any] | None:
    """The record of a run, its own or else the packed one, or None when it has none.

    A result in the pack is not hidden by a later attempt that failed.

    One not to be believed is named on stderr and counts as none.
    """
    record = own_record(run_dir)
    if (record is None or record["status"] == "failed") and (found := packed(run_dir)) is not None:
        record = found[0] if record is None or found[0]["status"] != "failed" else record
    return record


def own_record(run_dir: Path) -> dict[str, Any] | None:
    """The record in the run's directory alone; one not to be believed is named on stderr and counts as none."""
    path = Path(run_dir) / RECORD
    try:
        record = read_file(path)
        if record is not None:
            check(record)
    except RecordError as error:
        warn(path, error)
        return None
    return record


def record_file(run_dir: Path) -> Path:
    """Where the record of a finished run stands: in its run.json or in the pack."""
    own = Path(run_dir) / RECORD
    return own if own.exists() else own.parents[2] / PACK


def finished(run_dir: Path) -> bool:
    """Whether the run has a result, ok or diverged, and so need not be done again."""
    record = read_record(run_dir)
    return record is not None and record["status"] != "failed"


def warn(path: Path, error: Exception) -> None:
    print(f"warning: skipped {path}: {error}", file=sys.stderr)


def read_file(path: Path) -> dict[str, Any] | None:
    try:
        return decoded(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RecordError(f"unreadable: {error}") from error
