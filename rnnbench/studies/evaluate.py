"""Many runs → claims → verdicts. Pure: a table and a study in, evaluated claims out."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd

from rnnbench.records import cell_name
from rnnbench.statistics import (
    Claim,
    Condition,
    ConditionVerdict,
    Heterogeneity,
    Interval,
    LogRank,
    Verdict,
    closed_form_verdict,
    heterogeneity,
    logrank_test,
    paired_condition,
    solve_time_condition,
    success_condition,
    verdict,
)
from rnnbench.statistics.verdict import Outcome
from rnnbench.studies.definition import Study, StudyClaim
from rnnbench.studies.measure import Measured, measure
from rnnbench.studies.published import Beside, beside

ALPHA = 0.05
NOT_ENDED = ("missing", "failed")


@dataclass(frozen=True)
class Evaluated:
    """A claim with its verdict. `measured[i]` is what `verdict.conditions[i]` was worked out from.

    `correction`: how p-values were corrected for the number of conditions. `spread`: of a claim of heterogeneity.
    """

    claim: StudyClaim
    verdict: Verdict
    measured: tuple[Measured, ...]
    correction: str
    spread: Heterogeneity | None = None
    log_rank: tuple[LogRank | None, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Run ids that were requested for this claim and have no result."""
        return tuple(dict.fromkeys(run_id for each in self.measured for run_id in each.missing))

    @property
    def runs(self) -> int:
        """Runs that were requested for this claim."""
        return sum(each.runs for each in self.measured)


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
    """The verdict on one claim of a study. tuned: columns that equal trials chose for each side."""
    measured = tuple(measure(claim, runs, tuned))
    if claim.kind == "closed_form":
        return _counted(claim, measured)
    conditions = [_condition(claim, each) for each in measured]
    if claim.kind == "heterogeneity":
        return _heterogeneous(claim, measured, conditions)
    tested = Claim(claim.statement, claim.direction, claim.combine, ALPHA)
    k = len(conditions)
    correction = f"Holm over {k} conditions" if k > 1 else "none: one condition"
    if claim.direction == "equivalent" and claim.combine == "all" and k > 1:
        correction = f"equivalence: every one of {k} conditions has to pass, no correction; difference: Holm"
    log_rank = tuple(_log_rank(each) for each in measured) if claim.kind == "solve_time" else ()
    return Evaluated(claim, verdict(tested, conditions), measured, correction, log_rank=log_rank)


def _condition(claim: StudyClaim, m: Measured) -> Condition:
    if m.obstacle:
        return _blocked(claim, m, m.obstacle)
    try:
        if claim.kind == "success":
            return success_condition(m.name, m.first_solved, m.second_solved, claim.margin)
        if claim.kind == "solve_time" and len(m.seeds):
            return solve_time_condition(
                m.name, m.first, m.first_solved, m.second, m.second_solved, m.horizon, claim.margin
            )
        return paired_condition(m.name, m.first, m.second, claim.margin, claim.scale)
    except ValueError as error:
        return _blocked(claim, m, str(error))


def _blocked(claim: StudyClaim, m: Measured, obstacle: str) -> Condition:
    nothing = Interval(math.nan, math.nan, math.nan, len(m.seeds), "none")
    return Condition(m.name, nothing, 1.0, claim.margin, scale=claim.scale, obstacle=obstacle)


def _log_rank(m: Measured) -> LogRank | None:
    if m.obstacle or not len(m.seeds):
        return None
    return logrank_test(m.first, m.first_solved, m.second, m.second_solved)


def _counted(claim: StudyClaim, measured: tuple[Measured, ...]) -> Evaluated:
    """A claim of counting, without sampling or interval: each condition's ratio is as claimed, otherwise, or a tie."""
    judged = tuple(_count(claim, m) for m in measured)
    tested = Claim(claim.statement, claim.direction, claim.combine, ALPHA)
    found = {word: [j for j in judged if j.outcome == word] for word in get_args(Outcome)}
    of = f"{len(judged)} condition{'s' if len(judged) > 1 else ''}"
    smallest = min((j.condition.n for j in judged), default=0)
    words = [f"{word} in {', '.join(j.condition.name for j in those)}" for word, those in found.items() if those]
    if not judged:
        done = Verdict(tested, "undecided", "nothing was measured", 0, ())
    elif len(found["supported"]) == len(judged) or (
        claim.combine == "any" and found["supported"] and not found["contradicted"]
    ):
        done = closed_form_verdict(tested, True, f"counted: as claimed in {len(found['supported'])} of {of}")
    elif found["contradicted"] and not found["supported"]:
        done = closed_form_verdict(tested, False, f"counted: otherwise in {len(found['contradicted'])} of {of}")
    elif len(found["equivalent"]) == len(judged):
        done = Verdict(tested, "equivalent", f"counted: within the margin in {of}", 0, ())
    elif len(found["undecided"]) == len(judged):
        done = Verdict(tested, "undecided", judged[0].reason, 0, ())
    else:
        decided = sum(1 for word, those in found.items() if those and word != "undecided")
        depends = "it depends: " if decided > 1 else ""
        done = Verdict(tested, "undecided", depends + "; ".join(words), 0, ())
    return Evaluated(claim, replace(done, n=smallest, conditions=judged), measured, "none: counted, not sampled")


def _count(claim: StudyClaim, m: Measured) -> ConditionVerdict:
    def said(outcome: Outcome, reason: str, ratio: float = math.nan) -> ConditionVerdict:
        effect = Interval(ratio, ratio, ratio, len(m.seeds), "counted, exact")
        condition = Condition(
            m.name, effect, 1.0, claim.margin, scale="ratio", obstacle="" if ratio == ratio else reason
        )
        return ConditionVerdict(condition, outcome, 1.0, 1.0, reason)

    if m.obstacle or not len(m.seeds):
        return said("undecided", m.obstacle or "no pair of runs")
    if len(np.unique(m.first)) > 1 or len(np.unique(m.second)) > 1 or not m.second[0] > 0:
        return said("undecided", "not a count: it differs between seeds, or is 0")
    x, y = float(m.first[0]), float(m.second[0])
    ratio, margin = x / y, claim.margin or 1.0
    counts = f"{x:,.0f} against {y:,.0f}"
    if claim.expected is not None:
        holds = x == claim.expected * y
        return said("supported" if holds else "contradicted", f"{counts}, {'' if holds else 'not '}exactly "
                    f"{claim.expected:g}", ratio)  # fmt: skip
    if 1 / margin <= ratio <= margin:
        same: Outcome = "supported" if claim.direction == "equivalent" else "equivalent"
        return said(same, f"{counts}: the same" + (" within the margin" if ratio != 1 else ""), ratio)
    holds = {"less": ratio < 1, "greater": ratio > 1, "equivalent": False}[claim.direction]
    return said("supported" if holds else "contradicted", counts, ratio)


def _heterogeneous(claim: StudyClaim, measured: tuple[Measured, ...], conditions: Sequence[Condition]) -> Evaluated:
    """Is one ahead in some conditions and the other in others? Holm-adjusted over all of them.

    supported      each is shown ahead in at least one
    contradicted   every condition is decided (a difference, or equality within the margin) and it is not so
    undecided      anything else

    If a and b do not differ, a false "supported" needs two false rejections, so it comes in less than α of studies.
    Cochran's Q says besides whether the *size* of the effect differs; it decides nothing here.
    """
    base = verdict(Claim(claim.statement, "greater", "all", ALPHA), conditions)
    a, b = (cell_name(side) for side in claim.sides)
    greater = [j.condition.name for j in base.conditions if j.outcome == "supported"]
    less = [j.condition.name for j in base.conditions if j.outcome == "contradicted"]
    open_ = [j for j in base.conditions if j.outcome == "undecided"]
    parts = [f"{a} {word} {b} in {', '.join(names)}" for word, names in (("above", greater), ("below", less)) if names]
    parts += [f"no difference shown in {', '.join(j.condition.name for j in open_)}"] if open_ else []
    if len(open_) == len(conditions) and len({j.reason for j in open_}) == 1:
        parts = [open_[0].reason]
    outcome: Outcome = "undecided"
    if len(conditions) < 2:
        parts = [f"needs two conditions, and there is {len(conditions)}"]
    elif greater and less:
        outcome = "supported"
    elif not open_:
        outcome = "contradicted"
        parts = parts or ["within the margin everywhere"]
    known = [j.more_seeds for j in open_ if j.more_seeds is not None]
    more = max(known) if outcome == "undecided" and known and len(known) == len(open_) else None
    judged = tuple(replace(j, reason=_ahead(j, a, b)) for j in base.conditions)
    done = replace(base, outcome=outcome, reason="; ".join(parts), more_seeds=more, conditions=judged)
    spread: Heterogeneity | None = None
    ratio = claim.scale == "ratio"
    try:
        spread = heterogeneity(
            {m.name: np.log(m.first) - np.log(m.second) if ratio else m.first - m.second for m in measured}
        )
    except ValueError:
        spread = None  # fewer than two conditions with a spread: the verdict says so
    return Evaluated(claim, done, measured, f"Holm over {len(conditions)} conditions", spread)


def _ahead(judged: ConditionVerdict, a: str, b: str) -> str:
    words = {"supported": f"{a} above {b}", "contradicted": f"{a} below {b}"}
    return words.get(judged.outcome, judged.reason)
