"""The contract of a kind of claim: every question whose answer depends on the kind is a method here.

    runs of a condition   measure    xᵢ, yᵢ of seed i = 1 … n                          Measured
    xᵢ, yᵢ                condition  the effect, its interval, its p-values            statistics.Condition
    all conditions        judge      supported, contradicted, equivalent, undecided    Evaluated
    that                  words      the page, the tables, the screen

A kind is a class in a file of this folder, chosen by the file's name, or a user's own, chosen by its import path:
`kind: my_kinds.Sorted`. Every method has the answer that suits a metric compared by seed; a kind gives its own where it
differs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from rnnbench.records.numbers import interval, number
from rnnbench.registry import get
from rnnbench.statistics import (
    Condition,
    ConditionVerdict,
    Heterogeneity,
    Interval,
    LogRank,
    Verdict,
    paired_condition,
    paired_probability_of_improvement,
    verdict,
)
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds import _prospects as prospects
from rnnbench.studies.kinds._judging import correction, tested, whichever
from rnnbench.studies.learning import nobody_learned
from rnnbench.studies.measure import (
    Measured,
    ended,
    higher_is_better,
    on_one_machine,
    one_ended_well,
    paired,
    undisturbed,
    vectors,
    with_metric,
)

if TYPE_CHECKING:  # matplotlib is loaded where something is drawn
    from rnnbench.plots.panels import Drawing

OWN_KEYS = {
    "horizon": "above 0, for solve_time alone",
    "expected": "null, unless closed_form",
    "over": "a column, for interaction and longest_solved alone",
    "change": "{removes: a part} or {adds: a part}, for change alone",
}
"""Keys of a claim that few kinds read, and what a claim of another kind is told."""


@dataclass(frozen=True)
class Evaluated:
    """A claim with its verdict. `measured[i]` is what `verdict.conditions[i]` was worked out from.

    `correction`: how p-values were corrected for the number of conditions. The last two: of the kinds that have them.
    """

    claim: StudyClaim
    verdict: Verdict
    measured: tuple[Measured, ...]
    correction: str
    spread: Heterogeneity | None = None
    log_rank: tuple[LogRank | None, ...] = ()

    @property
    def kind(self) -> Kind:
        return kind_of(self.claim)

    @property
    def word(self) -> str:
        """The verdict; of a claim of either, who is ahead."""
        if self.claim.direction != "either" or self.verdict.outcome != "supported":
            return self.verdict.outcome
        ahead = {j.reason for j in self.verdict.conditions if j.outcome == "supported"}
        return ahead.pop() if len(ahead) == 1 else "they differ"

    @property
    def missing(self) -> tuple[str, ...]:
        """Run ids that were requested for this claim and have no result."""
        return tuple(dict.fromkeys(run_id for each in self.measured for run_id in each.missing))

    @property
    def runs(self) -> int:
        """Runs that were requested for this claim."""
        return sum(each.runs for each in self.measured)


class Kind:
    """How a claim is decided: which claims, what is measured, how it is judged, what is said of it."""

    keys: tuple[str, ...] = ()  # of `expected`, `horizon` and `over` those that it reads
    counted = False  # is the same in every arithmetic, so that runs of two numerics may be compared
    method = "paired by seed"  # how it measures, in words
    names_a_side = True  # one of the two is better or they are alike: what somebody who has to choose can go by
    in_its_unit = True  # the effect is in the metric's unit, so that others of the metric may stand beside it
    each_run = True  # measures every run, so that in each seed one side is above the other
    averages = True  # can take the mean over the runs of a unit for a run
    glossary: Mapping[str, str] = {}  # words of its tables that a newcomer does not know, each with its meaning

    def validate(self, claim: StudyClaim) -> None:
        """Raises UsageError (`claim.wrong`) for a claim that it cannot decide."""
        for key, allowed in OWN_KEYS.items():
            if getattr(claim, key) is not None and key not in self.keys:
                raise claim.wrong(key, getattr(claim, key), allowed)

    def quantity(self, claim: StudyClaim, metric: str) -> str:
        """What the effect is of, so that one margin holds for all claims about it (studies/margins.py); "" for none."""
        return f"ratio of {metric}" if claim.scale == "ratio" else metric

    def higher(self, claim: StudyClaim, runs: pd.DataFrame) -> bool:
        """Whether more of what is measured is better. runs: that have ended."""
        return higher_is_better(claim, runs)

    def measure(self, claim: StudyClaim, runs: pd.DataFrame, left_out: list[str]) -> Measured:
        """xᵢ and yᵢ, `first` and `second`, of one condition; the steps are those of studies/measure.py.

        runs: all that were asked for, of both sides. left_out: to be told what is kept out. Raises ObstacleError.
        """
        runs = with_metric(claim, undisturbed(claim, ended(runs), left_out), left_out)
        pairs = one_ended_well(paired(claim, runs, left_out), left_out)
        found = vectors(on_one_machine(claim, pairs, left_out))
        return replace(found, obstacle=nobody_learned(claim, runs, len(pairs)))

    def condition(self, claim: StudyClaim, m: Measured) -> Condition:
        """The effect in one condition: here the mean of xᵢ − yᵢ, or the geometric mean of xᵢ / yᵢ.

        A ValueError of it is what stands in the way, and leaves the condition undecided.
        """
        return paired_condition(m.name, m.first, m.second, claim.margin, claim.scale)

    def conditions(self, claim: StudyClaim, measured: Sequence[Measured]) -> list[Condition]:
        """`condition` of each; one without an effect where something stands in the way."""
        return [self._condition(claim, m) for m in measured]

    def judge(
        self, claim: StudyClaim, measured: tuple[Measured, ...], conditions: Sequence[Condition], family: int
    ) -> Evaluated:
        """The verdict on the claim from all its conditions: here by the rule of statistics/verdict.py.

        family: among how many claims of the page the error of 5 % is shared.
        """
        done = verdict(tested(claim, family), conditions)
        if claim.direction == "either":
            done = whichever(claim, done, measured)
        return Evaluated(claim, done, measured, correction(claim, len(measured), family))

    def _condition(self, claim: StudyClaim, m: Measured) -> Condition:
        obstacle = m.obstacle
        claim = claim.margined(m.margin)
        if not obstacle:
            try:
                found = self.condition(claim, m)
                ahead = (found.additive_effect > 0) != m.higher  # of the sides, by its place
                return replace(found, barred=m.barred[ahead], higher=m.higher)
            except ValueError as error:
                obstacle = str(error)
        nothing = Interval(math.nan, math.nan, math.nan, len(m.seeds), "none")
        return Condition(m.name, nothing, 1.0, claim.margin, scale=claim.scale, obstacle=obstacle)

    def subject(self, claim: StudyClaim, metric: str) -> str:
        """What is compared. metric: what readers call the claim's metric, with its unit or without."""
        return metric

    def effect(self, found: Interval) -> str:
        return interval(found.estimate, found.low, found.high)

    def interval_by(self, claim: StudyClaim, found: Interval) -> str:
        """How the interval was made."""
        return found.method

    def pairs(self, each: Evaluated) -> str:
        """Over how many: "n = 9–10 pairs"."""
        counts = [j.condition.n for j in each.verdict.conditions]
        if not counts:
            return "n = 0"
        low, high = min(counts), max(counts)
        return f"n = {low if low == high else f'{low}–{high}'} pairs"

    def outcome(self, claim: StudyClaim, judged: ConditionVerdict) -> str:
        """How one condition came out; of a claim of either, who is ahead."""
        return judged.reason if claim.direction == "either" and judged.outcome == "supported" else judged.outcome

    def above(self, m: Measured) -> Interval | None:
        """The share of seeds in which the first side is above the second."""
        return paired_probability_of_improvement(m.first, m.second) if self.each_run and len(m.seeds) else None

    def row(self, each: Evaluated, index: int, words: str) -> dict[str, str]:
        """What the table says of a condition, head → cell. words: what is measured, with its unit."""
        m, judged, (a, b) = each.measured[index], each.verdict.conditions[index], each.claim.names
        row = {"condition": judged.condition.name} | self.sides(each.claim, m, words)
        row[f"{each.claim.compared} [95 % interval]"] = self.effect(judged.condition.effect)
        if above := self.above(m):
            row[f"P({a} > {b}) [95 % Wilson]"] = interval(above.estimate, above.low, above.high)
        row |= {"n (pairs)": str(judged.condition.n), "verdict": self.outcome(each.claim, judged)}
        row["because"] = judged.reason
        row |= self.tests(each, index)
        row["interval by"] = self.interval_by(each.claim, judged.condition.effect)
        return row | {"missing runs": str(len(m.missing))}

    def sides(self, claim: StudyClaim, m: Measured, words: str) -> dict[str, str]:
        """The columns of the table that say what each side has."""
        both = zip(claim.names, (m.first, m.second), strict=True)
        return {f"{a}: mean {words}": number(float(v.mean()), 4) if len(v) else "–" for a, v in both}

    def tests(self, each: Evaluated, index: int) -> dict[str, str]:
        """The columns of the table that say which p-values there are."""
        judged = each.verdict.conditions[index]
        if math.isnan(judged.condition.effect.estimate):
            return {}
        adjusted = "p of no more than the margin" if each.claim.direction == "equivalent" else "adjusted p"
        return {
            "p of no difference": number(judged.condition.p_difference, 2),
            adjusted: number(judged.p_adjusted, 2),
            "p of equivalence": number(judged.p_within, 2) if each.claim.margin else "–",
        }

    def rule(self, each: Evaluated) -> str:
        """How its conditions make the verdict."""
        claim, (a, b) = each.claim, each.claim.names
        if claim.direction == "equivalent":
            so, other = f"{a} and {b} are shown within the margin", "shown beyond it"
        elif claim.direction == "either":
            return "who is ahead is said where a difference is shown (p ≤ 5 %, by however little)"
        else:
            word = {"greater": "above", "less": "below"}[claim.direction]
            so, other = f"{a} is {word} {b} (p ≤ 5 %, by however little)", "the other way round"
        if len(each.verdict.conditions) < 2:
            return f"supported if {so}, contradicted if {other}"
        where = "in every condition" if claim.combine == "all" else "in some condition and nowhere the other way round"
        return f"supported if {so} {where}; contradicted if {other} in some and as claimed in none"

    def facts(self, each: Evaluated) -> list[tuple[str, str]]:
        """What else a reader is told of the claim, as pairs (name, words)."""
        return []

    def would_change(self, each: Evaluated) -> str:
        """What would change the verdict."""
        if each.verdict.outcome == "withdrawn":
            return "Its runs made again with today's instruments (force=true)."
        return prospects.undecided(each.verdict) if each.verdict.outcome == "undecided" else self.settled(each)

    def settled(self, each: Evaluated) -> str:
        """What would change it once it is decided."""
        claim, v = each.claim, each.verdict
        return prospects.decided(claim, prospects.rests_on(claim, v), prospects.is_small(claim, v))

    def answer(self, claims: Sequence[Evaluated]) -> list[tuple[str, str, str]]:
        """What the page's claims of this kind say together, before all else: sentence, numbers, id of a claim."""
        return []

    def together(self, claims: Sequence[Evaluated]) -> list[Drawing]:
        """What the page's claims of this kind show together."""
        return []

    def figures(self, each: Evaluated) -> list[Drawing]:
        """What is drawn beside the effects; what draws is imported inside."""
        return []


def kind_of(claim: StudyClaim) -> Kind:
    """What decides the claim. Raises UsageError where its kind is none."""
    return get("rnnbench.studies.kinds", claim.kind, Kind, f"study.claims.{claim.id}.kind")
