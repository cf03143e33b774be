"""The runs of a results folder as a tracker shows them: settings, curves, what was measured, figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from rnnbench.config import PLACES
from rnnbench.errors import UsageError
from rnnbench.records import RecordError, read_record
from rnnbench.records.columns import with_role
from rnnbench.records.table import load_history, read_results

MEASURED = ("score", "time", "memory", "count")
"""Roles of the columns that are numbers to be compared."""


@dataclass(frozen=True)
class TrackedRun:
    run_id: str
    status: str  # ok, diverged or failed
    settings: dict[str, bool | int | float | str]  # by the keys of the command line; what is null is left out
    measures: dict[str, float]  # role/column: score/test_score, time/step_ms_median, …
    curves: list[dict[str, float]]  # of each evaluation: step, seconds, train_loss, valid_…
    started: float  # seconds since 1970
    finished: float


def tracked(source: Path) -> tuple[list[TrackedRun], list[Path]]:
    """The runs of results/NAME, or the one of results/NAME/runs/RUN_ID, by run_id, and the figures of their page.

    Raises UsageError where there is no record.
    """
    one = source.name if source.resolve().parent.name == "runs" else None
    folder = source.resolve().parent.parent if one else source
    table = read_results(folder).runs
    if one is not None:
        table = table[table["run_id"] == one]
    if table.empty:
        raise UsageError(f"no results in {source}: no readable record to export")
    figures = [] if one else sorted(path for path in (folder / "figures").glob("*.png") if ".narrow" not in path.name)
    return [_tracked(row) for row in table.to_dict("records")], figures


def _tracked(row: Mapping[Any, Any]) -> TrackedRun:
    run_dir = Path(row["path"])
    record = read_record(run_dir)
    assert record is not None  # the table has it
    columns = [(role, name) for role in MEASURED for name in with_role(role) if name in row]
    begun, ended = (_seconds(record.get(key)) for key in ("started", "finished"))
    return TrackedRun(
        record["run_id"],
        record["status"],
        dict(_flat({key: value for key, value in record["config"].items() if key not in PLACES})),
        {f"{role}/{name}": float(row[name]) for role, name in columns if not pd.isna(row[name])},
        _curves(run_dir),
        begun,
        max(begun, ended),  # a clock may have been set back in between
    )


def _seconds(date: str | None) -> float:
    """Since 1970; 0 of a record that was made again from a table, which has no dates."""
    return datetime.fromisoformat(date).timestamp() if date else 0.0


def _curves(run_dir: Path) -> list[dict[str, float]]:
    try:
        history = load_history(run_dir)
    except RecordError:  # the record is worth more than its history
        return []
    rows = history.apply(pd.to_numeric, errors="coerce").to_dict("records")
    return [{str(name): float(value) for name, value in row.items() if not pd.isna(value)} for row in rows]


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, bool | int | float | str]]:
    found: list[tuple[str, bool | int | float | str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        elif value is not None:
            found.append((f"{prefix}{key}", value if isinstance(value, bool | int | float | str) else str(value)))
    return found
