"""What a study's claims name must exist: a misspelt column is to cost a line, and not the hours of its runs."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd

from rnnbench.errors import UsageError
from rnnbench.records import ASKED, COLUMNS
from rnnbench.records.columns import INTEGER, NUMBER, is_score, with_role
from rnnbench.records.table import config_columns, load_results, with_missing
from rnnbench.studies.definition import Study
from rnnbench.studies.selection import selected


def check_names(study: Study, requested: Mapping[str, Mapping[str, Any]], tuned: Collection[str] = ()) -> None:
    """Raises UsageError for a claim or published figure that names no column, or no value that a run was asked for, and
    for a claim of which one side alone is tuned.

    requested: run_id → configuration, of all runs that the study's file asks for. tuned: those of grids with `tune`.
    """
    runs = with_missing(load_results([]), requested)
    for claim in study.claims:
        where = f"study.claims.{claim.id}"
        _metric(f"{where}.metric", claim.metric)
        over = [claim.over] if claim.over else []
        named = {
            "between": [claim.between],
            "select": claim.select,
            "by": claim.by,
            "besides": claim.besides,
            "over": over,
        }
        for key, columns in named.items():
            _columns(f"{where}.{key}", columns, dict.fromkeys([*COLUMNS, *config_columns(runs)]))
        own = [_some(f"{where}.compare", side, {**claim.select, claim.between: side}, runs) for side in claim.compare]
        if {part["run_id"].isin(list(tuned)).mean() for part in own} == {0.0, 1.0}:
            sides = ", ".join(map(str, claim.compare))
            raise UsageError(
                "one side alone is tuned", key=f"{where}.compare", value=sides, allowed="tune in both grids, or in none"
            )
    for row in study.published:
        _metric("study.published.metric", row.metric)
        _columns("study.published.select", row.select, [*COLUMNS, *config_columns(runs)])
        _some("study.published.select", dict(row.select), row.select, runs)


def _metric(key: str, name: str) -> None:
    """A task's own metric, test_accuracy or test_nll, is a column only once a run has ended."""
    scores = with_role("score")
    known = [column.name for column in COLUMNS.values() if column.kind in (INTEGER, NUMBER)]
    close = difflib.get_close_matches(name, scores, n=1, cutoff=0.9)
    if name in known or (is_score(name) and not close):
        return
    likely = close or difflib.get_close_matches(name, known, n=1) or scores
    raise UsageError("no column of numbers", key=key, value=name, allowed=f"{', '.join(likely)}, …")


def _columns(key: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known and not name.startswith("env_"):
            likely = difflib.get_close_matches(name, known, n=3) or ("a column of rnnbench.load_results",)
            raise UsageError("no such column", key=key, value=name, allowed=", ".join(likely))


def _some(key: str, value: object, select: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    known = {column: wanted for column, wanted in select.items() if column not in ASKED}  # else decided in the run
    found = selected(known, runs)
    if found.empty:
        raise UsageError("no run of this study has it, with what is selected", key=key, value=value)
    return found
