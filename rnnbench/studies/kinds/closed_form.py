"""A count that no seed changes: parameters, bytes saved. There is nothing to estimate, so no interval and no p-value.

Each condition's ratio is as claimed, or otherwise, or a tie; the claim is supported where all are (combine: any, where
one is and none is otherwise).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

import numpy as np

from rnnbench.statistics import Condition, ConditionVerdict, Interval, Verdict
from rnnbench.statistics.verdict import Outcome
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds._judging import tested
from rnnbench.studies.kinds.base import Evaluated, Kind
from rnnbench.studies.measure import Measured


class ClosedForm(Kind):
    """a / b is exactly `expected`, or lies where `direction` says."""

    keys = ("expected",)
    counted = True
    method = "counted"
    each_run = False

    def validate(self, claim: StudyClaim) -> None:
        if claim.scale != "ratio":
            raise claim.wrong("scale", claim.scale, f"ratio, for {claim.kind}")
        super().validate(claim)

    def conditions(self, claim: StudyClaim, measured: Sequence[Measured]) -> list[Condition]:
        """None: nothing is estimated."""
        return []

    def quantity(self, claim: StudyClaim, metric: str) -> str:
        """None: of what is counted every difference counts, unless the claim has a margin of its own."""
        return ""

    def judge(
        self, claim: StudyClaim, measured: tuple[Measured, ...], conditions: Sequence[Condition], family: int
    ) -> Evaluated:
        judged = tuple(_count(claim, m) for m in measured)
        outcome, reason = _over_all(claim, judged)
        smallest = min((j.condition.n for j in judged), default=0)
        done = Verdict(tested(claim, family), outcome, reason, smallest, judged)
        return Evaluated(claim, done, measured, "none: counted, not sampled")

    def effect(self, found: Interval) -> str:
        return "–" if math.isnan(found.estimate) else f"{found.estimate:.4g} (exact)"

    def pairs(self, each: Evaluated) -> str:
        return "counted"

    def tests(self, each: Evaluated, index: int) -> dict[str, str]:
        return {}

    def rule(self, each: Evaluated) -> str:
        return "counted in every condition"

    def settled(self, each: Evaluated) -> str:
        return "Other equations or other widths; it is counted, so seeds change nothing."


def _count(claim: StudyClaim, m: Measured) -> ConditionVerdict:
    def said(outcome: Outcome, reason: str, ratio: float = math.nan) -> ConditionVerdict:
        effect = Interval(ratio, ratio, ratio, len(m.seeds), "counted, exact")
        obstacle = reason if math.isnan(ratio) else ""
        condition = Condition(m.name, effect, 1.0, claim.margin, scale="ratio", obstacle=obstacle)
        return ConditionVerdict(condition, outcome, 1.0, 1.0, reason)

    if m.obstacle or not len(m.seeds):
        return said("undecided", m.obstacle or "no pair of runs")
    if len(np.unique(m.first)) > 1 or len(np.unique(m.second)) > 1 or not m.second[0] > 0:
        return said("undecided", "not a count: it differs between seeds, or is 0")
    x, y = float(m.first[0]), float(m.second[0])
    ratio, margin = x / y, claim.margin or 1.0
    counts = f"{x:,.0f} against {y:,.0f}"
    if claim.expected is not None:
        holds = math.isclose(x, claim.expected * y, rel_tol=1e-12)  # of whole numbers
        exactly = f"{'' if holds else 'not '}exactly {claim.expected:g}"
        return said("supported" if holds else "contradicted", f"{counts}, {exactly}", ratio)
    if 1 / margin <= ratio <= margin:
        same: Outcome = "supported" if claim.direction == "equivalent" else "equivalent"
        return said(same, f"{counts}: the same" + (" within the margin" if ratio != 1 else ""), ratio)
    holds = {"less": ratio < 1, "greater": ratio > 1, "either": True, "equivalent": False}[claim.direction]
    return said("supported" if holds else "contradicted", counts, ratio)


def _over_all(claim: StudyClaim, judged: tuple[ConditionVerdict, ...]) -> tuple[Outcome, str]:
    """(verdict, reason) of all conditions together."""
    if not judged:
        return "undecided", "nothing was measured"
    found = {word: [j.condition.name for j in judged if j.outcome == word] for word in get_args(Outcome)}
    for_, against, same, open_ = (found[word] for word in ("supported", "contradicted", "equivalent", "undecided"))
    of = f"{len(judged)} condition{'s' if len(judged) > 1 else ''}"
    if len(for_) == len(judged) or (claim.combine == "any" and for_ and not against):
        return "supported", f"counted: as claimed in {len(for_)} of {of}"
    if against and not for_:
        return "contradicted", f"counted: otherwise in {len(against)} of {of}"
    if len(same) == len(judged):
        return "equivalent", f"counted: within the margin in {of}"
    if len(open_) == len(judged):
        return "undecided", judged[0].reason
    depends = "it depends: " if sum(map(bool, (for_, against, same))) > 1 else ""
    return "undecided", depends + "; ".join(f"{word} in {', '.join(names)}" for word, names in found.items() if names)
