"""What would change a verdict: more seeds, or nothing that seeds can do."""

from __future__ import annotations

from rnnbench.records.numbers import number
from rnnbench.statistics import ConditionVerdict, Verdict
from rnnbench.studies.claim import StudyClaim

_TOO_MANY = 1000
_FIRM = 0.01  # a p-value above this, by repeated sampling of such data, would often be above 5 % in other seeds


def undecided(v: Verdict) -> str:
    if v.more_seeds is None:
        return f"More seeds alone are not known to decide it: {v.reason}."
    if v.more_seeds > _TOO_MANY:
        return f"More than {_TOO_MANY:,} more seeds, if the effects seen were the true ones, so hardly anything."
    return (
        f"About {v.more_seeds} more seeds in each condition would decide it, if the effects seen were the true ones. "
        "Decide their number before looking again."
    )


def decided(claim: StudyClaim, rests_on: float, small: bool) -> str:
    """rests_on: the p-value that the verdict hangs on. small: whether the effect is smaller than the margin.

    Ten other seeds might have said otherwise where the p-value is not far below 5 %.
    """
    margin = f", or another margin than {claim.margin_words}" if claim.margin is not None else ""
    seeds = "more seeds are unlikely to"
    if small:
        seeds = "many more seeds would make it equivalent, since the effect seen lies within the margin"
    if rests_on > _FIRM:
        firm = f"and as many other seeds may well leave it undecided: it rests on p = {number(rests_on, 2)}"
        seeds = f"{firm}; {seeds}" if small else firm
    ending = "" if margin else " No margin is stated, so any difference counts."
    return f"Other conditions than these{margin}; {seeds}.{ending}"


def is_small(claim: StudyClaim, v: Verdict) -> bool:
    """Whether what decided a claim of a direction is smaller than its margin."""
    if claim.margin is None or claim.direction == "equivalent" or v.outcome not in ("supported", "contradicted"):
        return False
    found = [j.condition for j in v.conditions if j.outcome == v.outcome]
    return all(abs(condition.additive_effect) < condition.additive_margin for condition in found)


def rests_on(claim: StudyClaim, v: Verdict) -> float:
    """The p-value that the verdict hangs on: the largest where all were needed, the least where one sufficed."""
    all_needed = v.outcome == "equivalent" or (v.outcome == "supported" and claim.combine == "all")
    return (max if all_needed else min)(p_values(claim, v, v.outcome))


def p_values(claim: StudyClaim, v: Verdict, outcome: str = "") -> list[float]:
    """Of the conditions that came out so; of all where none did."""

    def says_equal(judged: ConditionVerdict) -> bool:
        return judged.outcome == ("supported" if claim.direction == "equivalent" else "equivalent")

    those = [j for j in v.conditions if j.outcome == outcome] or v.conditions
    return [j.p_within if says_equal(j) else j.p_adjusted for j in those]
