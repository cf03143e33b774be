"""Runs → records.jsonl.gz: what lies under runs/ and in an earlier pack, in one file, the same bytes each time."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from rnnbench.errors import UsageError
from rnnbench.records.atomic import replacing, write_bytes_atomically
from rnnbench.records.files import own_record
from rnnbench.records.newer import leave
from rnnbench.records.pack import PACK, line_of, pack_of, parsed
from rnnbench.records.schema import SCHEMA_VERSION, RecordError
from rnnbench.records.table import load_history, run_dirs

MOST_ROWS = 100  # of a history: more than a curve shows


def write_pack(directory: Path) -> Path:
    """Write results/NAME/records.jsonl.gz and give its path; runs/ stays as it is, and wins over an earlier pack.

    An earlier pack that is damaged is kept as records.jsonl.gz.damaged. Raises UsageError where there is no record to
    pack, or no such directory, where the file cannot be written, and where a newer release has packed some.
    """
    if not Path(directory).is_dir():
        raise UsageError(f"no such results directory: {directory}")
    check_pack_not_newer(directory)
    path, earlier, lines = Path(directory) / PACK, pack_of(directory), lines_of(directory)
    if not lines:
        raise UsageError(f"no results in {directory}: no readable record to pack")
    if earlier.problems:
        write_bytes_atomically(path.with_name(f"{PACK}.damaged"), path.read_bytes())
    write_lines(path, lines)
    return path


def check_pack_not_newer(directory: Path) -> None:
    """Raises Newer where a newer release has packed some of results/NAME."""
    for version in pack_of(directory).newer.values():
        leave(Path(directory) / PACK, "schema_version", version, SCHEMA_VERSION)


def lines_of(directory: Path) -> dict[str, bytes]:
    """run_id → its line, of all that is under runs/ and in the pack of results/NAME.

    Raises UsageError where there is no such directory.
    """
    if not Path(directory).is_dir():
        raise UsageError(f"no such results directory: {directory}")
    earlier, own = pack_of(directory), _own_lines(Path(directory))
    kept = [run_id for run_id in own if _failed(own[run_id]) and run_id in earlier.lines]  # a result outlives a failure
    return {**earlier.lines, **{run_id: line for run_id, line in own.items() if run_id not in kept}}


def _failed(line: bytes) -> bool:
    return parsed(line)[0]["status"] == "failed"


def write_lines(path: Path, lines: Mapping[str, bytes]) -> None:
    """Write a pack. lines: run_id → line. Without date and file name, so that the same lines are the same bytes.

    Raises UsageError where it cannot be written.
    """
    with replacing(path) as file, gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as pack:
        for run_id in sorted(lines):
            pack.write(lines[run_id] + b"\n")


def thinned(history: pd.DataFrame, best_step: int | None) -> str | None:
    """The history as text: at most `MOST_ROWS` rows, among them the first, the last and the best, 6 digits a number.

    None for an empty one. Thinned again it is the same.
    """
    if history.empty:
        return None
    if len(history) > MOST_ROWS:
        best = np.flatnonzero(history.get("step") == best_step)[:1]
        spread = np.linspace(0, len(history) - 1, MOST_ROWS - len(best)).round().astype(int)
        history = history.iloc[np.union1d(spread, best)]
    return history.to_csv(index=False, lineterminator="\n", float_format=lambda value: repr(float(f"{value:.6g}")))


def _own_lines(directory: Path) -> dict[str, bytes]:
    """Of the records under results/NAME/runs, those that can be believed; the others are named on stderr."""
    lines = {}
    for run_dir in run_dirs(directory):
        record = own_record(run_dir)
        if record is None or (record["run_id"] in lines and run_dir.name != record["run_id"]):  # or a copy
            continue
        try:
            lines[record["run_id"]] = line_of(record, _history(run_dir, record.get("best_step")))
        except RecordError as error:
            print(f"warning: not packed: {run_dir}: {error}", file=sys.stderr)
    return lines


def _history(run_dir: Path, best_step: int | None) -> str | None:
    try:
        return thinned(load_history(run_dir), best_step)
    except RecordError as error:  # the record is worth more than its history
        print(f"warning: packed without its history: {error}", file=sys.stderr)
        return None
