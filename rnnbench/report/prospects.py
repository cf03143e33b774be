"""What would change a verdict: more seeds, or nothing that seeds can do."""

from __future__ import annotations

from rnnbench.records.numbers import number
from rnnbench.statistics import ConditionVerdict
from rnnbench.studies import Evaluated

_TOO_MANY = 1000
_FIRM = 0.01  # a p-value above this, by repeated sampling of such data, would often be above 5 % in other seeds


def would_change(each: Evaluated) -> str:
    """What would change the verdict."""
    v = each.verdict
    if v.outcome == "undecided":
        if v.more_seeds is not None and v.more_seeds > _TOO_MANY:
            return f"More than {_TOO_MANY:,} more seeds, if the effects seen were the true ones, so hardly anything."
        if v.more_seeds is not None:
            return (
                f"About {v.more_seeds} more seeds in each condition would decide it, if the effects seen were the true "
                "ones. Decide their number before looking again."
            )
        return f"More seeds alone are not known to decide it: {v.reason}."
    if each.claim.kind == "closed_form":
        return "Other equations or other widths; it is counted, so seeds change nothing."
    margin = f", or another margin than {margin_words(each)}" if each.claim.margin is not None else ""
    seeds = _more_of_the_same(each)
    ending = "" if margin else " No margin is stated, so any difference counts."
    return f"Other conditions than these{margin}; {seeds}.{ending}"


def _more_of_the_same(each: Evaluated) -> str:
    """Whether ten other seeds might have said otherwise: they might where the p-value is not far below 5 %."""
    worst = _rests_on(each)
    small = "many more seeds would make it equivalent, since the effect seen lies within the margin"
    if worst > _FIRM:
        firm = f"and as many other seeds may well leave it undecided: it rests on p = {number(worst, 2)}"
        return f"{firm}; {small}" if _is_small(each) else firm
    return small if _is_small(each) else "more seeds are unlikely to"


def _is_small(each: Evaluated) -> bool:
    """Whether what decided a claim of a direction is smaller than its margin."""
    if each.claim.margin is None or each.verdict.outcome not in ("supported", "contradicted"):
        return False
    if each.claim.direction == "equivalent" or each.claim.kind == "heterogeneity":
        return False
    decided = [j.condition for j in each.verdict.conditions if j.outcome == each.verdict.outcome]
    return all(abs(condition.additive_effect) < condition.additive_margin for condition in decided)


def _rests_on(each: Evaluated) -> float:
    """The p-value that the verdict hangs on: the largest where all were needed, the least where one sufficed."""
    outcome, conditions = each.verdict.outcome, each.verdict.conditions

    def p_of(wanted: str = "") -> list[float]:
        those = [j for j in conditions if j.outcome == wanted] or conditions
        return [j.p_within if _says_equal(each, j) else j.p_adjusted for j in those]

    if each.claim.kind == "heterogeneity":  # above somewhere and below somewhere, or every condition decided
        if outcome == "supported":
            return max(min(p_of("supported")), min(p_of("contradicted")))
        return max(p_of())
    all_needed = outcome == "equivalent" or (outcome == "supported" and each.claim.combine == "all")
    return (max if all_needed else min)(p_of(outcome))


def _says_equal(each: Evaluated, judged: ConditionVerdict) -> bool:
    return judged.outcome == ("supported" if each.claim.direction == "equivalent" else "equivalent")


def margin_words(each: Evaluated) -> str:
    margin = each.claim.margin
    if margin is None:
        return "none"
    return f"{1 / margin:.3g} to {margin:.3g} ×" if each.claim.scale == "ratio" else f"± {margin:g}"
