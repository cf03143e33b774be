"""Many runs → claims → verdicts. Pure: a table and a study in, evaluated claims out. How: each kind's own (kinds/)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.errors import UsageError, in_one_line
from rnnbench.records.conditions import mixed
from rnnbench.statistics import Condition, step_down
from rnnbench.stopping import let_end
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.definition import Study
from rnnbench.studies.fairness import unequal
from rnnbench.studies.kinds.base import Evaluated, Kind, kind_of
from rnnbench.studies.learning import barred, cut_off
from rnnbench.studies.margins import of_runs, stated, with_margin
from rnnbench.studies.measure import Measured, ObstacleError, ended
from rnnbench.studies.planted import split
from rnnbench.studies.published import Beside, beside
from rnnbench.studies.selection import UNIT, Selection, by_device, condition_name, conditions, several
from rnnbench.studies.withdrawn import WORDS, withdrawn

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
    claims = tuple(evaluate_claims(study.claims, in_units(study, runs), tuned, study.margins))
    rows = tuple(beside(row, runs) for row in study.published)
    return StudyResult(study, claims, len(runs) + waiting, missing, waiting, rows)


def in_units(study: Study | None, runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with a column UNIT, the number of their tuning, where the study has several."""
    if study is None or study.tuning is None or study.tuning.fresh is None:
        return runs
    return runs.assign(**{UNIT: runs["seed"] // study.tuning.fresh})


def evaluate_claim(claim: StudyClaim, runs: pd.DataFrame, tuned: Collection[str] = ()) -> Evaluated:
    """The verdict on one claim alone."""
    (found,) = evaluate_claims([claim], runs, tuned)
    return found


def evaluate_claims(
    claims: Sequence[StudyClaim],
    runs: pd.DataFrame,
    tuned: Collection[str] = (),
    margins: Mapping[str, float] | None = None,
) -> Sequence[Evaluated]:
    """The verdicts on the claims of one page. tuned: columns that equal trials chose. margins: which the page states.

    The primary ones share the error of 5 %, by Holm's step-down; a planted one is held to what they are at first. Of
    what is counted nothing is wrong by chance, of what is withdrawn nothing is said; any other claim is judged alone.
    Raises UsageError where the margins of two claims
    contradict each other, and from whatever a user's own kind raises.
    """
    selection = Selection(runs)
    known = stated(claims, margins or {}, of_runs(selection))
    open_ = [_Open(claim, split(claim, selection.of(claim)), tuned, known) for claim in claims]
    sharing = [index for index, each in enumerate(open_) if each.shares]
    families = step_down(len(sharing), lambda place, k: open_[sharing[place]].judged(k).verdict.outcome != "undecided")
    shares = dict(zip(sharing, families, strict=True))
    at_first = max(1, len(sharing))  # as severely as the claims that it is planted among
    return [each.judged(shares.get(i, at_first if each.claim.planted else 1)) for i, each in enumerate(open_)]


class _Open:
    """A claim that is to be judged: measured once, and then judged as the family of open claims shrinks."""

    def __init__(
        self, claim: StudyClaim, runs: pd.DataFrame, tuned: Collection[str], margins: Mapping[str, float]
    ) -> None:
        """runs: of the claim."""
        self._runs = runs
        self.claim = with_margin(claim, margins, runs)
        self._tuned = tuned
        self._margins = margins

    @property
    def kind(self) -> Kind:
        return kind_of(self.claim)

    @property
    def shares(self) -> bool:
        """Whether it has a part in the error that the claims of the page share."""
        own = self.claim.primary and not self.claim.planted
        return own and not self.kind.counted and not withdrawn(self.claim, self._runs)

    def judged(self, family: int) -> Evaluated:
        measured, found = self._numbers
        with _told(self.claim):
            judged = self.kind.judge(self.claim, measured, found, family)
        return _taken_back(judged) if withdrawn(self.claim, self._runs) else judged

    @cached_property
    def _numbers(self) -> tuple[tuple[Measured, ...], list[Condition]]:
        claim = self.claim
        with _told(claim):
            parts = conditions(self._runs, by_device(claim, self._runs))
            measured = tuple(
                replace(
                    _measured(claim, settings, part, self._tuned),
                    margin=with_margin(claim, self._margins, part).margin,
                    task=_task(part),
                )
                for settings, part in parts
            )
            return measured, self.kind.conditions(claim, measured)


def _task(runs: pd.DataFrame) -> str:
    """The score that the runs have, with its unit; "" where they have several or none yet."""
    known = runs.loc[runs["metric"].notna(), ["metric", "unit"]].drop_duplicates()
    if len(known) != 1:
        return ""
    metric, unit = known.iloc[0]
    return f"{metric} ({unit})" if isinstance(unit, str) and unit else str(metric)


def _taken_back(judged: Evaluated) -> Evaluated:
    conditions = tuple(
        replace(j, outcome="withdrawn", reason=WORDS, more_seeds=None) for j in judged.verdict.conditions
    )
    said = replace(judged.verdict, outcome="withdrawn", reason=WORDS, conditions=conditions, more_seeds=None)
    return replace(judged, verdict=said, correction="none: nothing is said")


@contextmanager
def _told(claim: StudyClaim) -> Iterator[None]:
    """Where a user's own kind fails, one line says so."""
    try:
        yield
    except BaseException as error:
        let_end(error)
        if type(kind_of(claim)).__module__.startswith("rnnbench."):
            raise
        key = f"study.claims.{claim.id}.kind"
        raise UsageError(f"cannot decide it ({in_one_line(error)})", key=key, value=claim.kind) from error


def _measured(claim: StudyClaim, settings: Mapping[str, Any], runs: pd.DataFrame, tuned: Collection[str]) -> Measured:
    """What one condition measured, or what stood in the way; and what of its runs is not in the numbers."""
    left_out: list[str] = []
    over = ended(runs)
    kind, improving, why = kind_of(claim), 0.0, ("", "")
    try:
        _check_pairs(claim, runs, over, tuned)
        found = kind.measure(claim, runs, left_out)
        improving = max([cut / of for _, cut, of in cut_off(claim, over) if of], default=0.0)
        why = barred(claim, over, kind.each_run)
    except ObstacleError as obstacle:
        found = Measured(obstacle=str(obstacle))
    missing = tuple(runs["run_id"].to_numpy()[np.isin(runs["status"].to_numpy(), NOT_ENDED)])
    return replace(found, name=condition_name(settings, runs), settings=settings, runs=len(runs), missing=missing,
                   left_out=tuple(left_out), improving=improving, barred=why,
                   higher=kind.higher(claim, over), tunings=UNIT in runs)  # fmt: skip


def _check_pairs(claim: StudyClaim, runs: pd.DataFrame, over: pd.DataFrame, tuned: Collection[str]) -> None:
    """Raises ObstacleError where a seed and side has several runs, or the sides differ in what they should not.

    over: those of `runs` that have ended.
    """
    if not kind_of(claim).counted and (why := mixed(over)):
        raise ObstacleError(why)
    if claim.over is not None and claim.over not in runs:
        raise ObstacleError(f"no run has a column {claim.over}")
    if why := several(runs, [claim.between, "seed", *([claim.over] if claim.over else [])]):
        raise ObstacleError(f"{why}: select or by must tell them apart")
    if why := unequal(claim, over, tuned):
        raise ObstacleError(why)
