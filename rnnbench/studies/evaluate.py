"""Many runs → claims → verdicts. Pure: a table and a study in, evaluated claims out. How: each kind's own (kinds/)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from rnnbench.errors import UsageError, in_one_line
from rnnbench.records.conditions import mixed
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.definition import Study
from rnnbench.studies.fairness import unequal
from rnnbench.studies.kinds.base import Evaluated, kind_of
from rnnbench.studies.measure import Measured, ObstacleError, cut_off, ended
from rnnbench.studies.published import Beside, beside
from rnnbench.studies.selection import condition_name, conditions, selected, several, sides

NOT_ENDED = ("missing", "failed")


@dataclass(frozen=True)
class StudyResult:
    """All claims of a study. Of `requested` runs `missing` (run ids, failed ones included) have no result yet;
    `waiting` more will be asked for when their settings have been chosen."""

    study: Study
    claims: tuple[Evaluated, ...]
    requested: int
    missing: tuple[str, ...]
    waiting: int = 0
    published: tuple[Beside, ...] = ()


def evaluate(study: Study, runs: pd.DataFrame, waiting: int = 0) -> StudyResult:
    """Every claim of the study. runs: as `records.with_missing` gives them."""
    missing = tuple(runs.loc[runs["status"].isin(NOT_ENDED), "run_id"])
    tuned = study.tuning.columns if study.tuning is not None else []
    claims = tuple(evaluate_claim(claim, runs, tuned) for claim in study.claims)
    rows = tuple(beside(row, runs) for row in study.published)
    return StudyResult(study, claims, len(runs) + waiting, missing, waiting, rows)


def evaluate_claim(claim: StudyClaim, runs: pd.DataFrame, tuned: Collection[str] = ()) -> Evaluated:
    """The verdict on one claim of a study. tuned: columns that equal trials chose for each side.

    Raises UsageError, in one line, from whatever a user's own kind raises.
    """
    own = selected({**claim.select, claim.between: list(claim.compare)}, runs)
    try:
        measured = tuple(_measured(claim, settings, part, tuned) for settings, part in conditions(own, claim.by))
        return kind_of(claim).judge(claim, measured)
    except Exception as error:
        if type(kind_of(claim)).__module__.startswith("rnnbench."):
            raise
        key = f"study.claims.{claim.id}.kind"
        raise UsageError(f"cannot decide it ({in_one_line(error)})", key=key, value=claim.kind) from error


def _measured(claim: StudyClaim, settings: Mapping[str, Any], runs: pd.DataFrame, tuned: Collection[str]) -> Measured:
    """What one condition measured, or what stood in the way; and what of its runs is not in the numbers."""
    left_out: list[str] = []
    improving = 0.0
    try:
        _check_pairs(claim, runs, tuned)
        found = kind_of(claim).measure(claim, runs, left_out)
        improving = max([cut / of for _, cut, of in cut_off(claim, ended(runs)) if of], default=0.0)
    except ObstacleError as obstacle:
        found = Measured(obstacle=str(obstacle))
    missing = tuple(runs.loc[runs["status"].isin(NOT_ENDED), "run_id"])
    return replace(found, name=condition_name(settings), settings=settings, runs=len(runs), missing=missing,
                   left_out=tuple(left_out), improving=improving)  # fmt: skip


def _check_pairs(claim: StudyClaim, runs: pd.DataFrame, tuned: Collection[str]) -> None:
    """Raises ObstacleError where a seed and side has several runs, or the sides differ in what they should not."""
    if not kind_of(claim).counted and (why := mixed(ended(runs))):
        raise ObstacleError(why)
    if claim.over is not None and claim.over not in runs:
        raise ObstacleError(f"no run has a column {claim.over}")
    if why := several(runs, [claim.between, "seed", *([claim.over] if claim.over else [])]):
        raise ObstacleError(f"{why}: select or by must tell them apart")
    if why := unequal(claim, *sides(claim, ended(runs)), tuned):
        raise ObstacleError(why)
