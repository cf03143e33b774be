"""From measured conditions to one of four words: supported, contradicted, equivalent, undecided.

**One condition.** α = 0.05. Its p-value of no effect is Holm-adjusted over all conditions of the claim, or where all go
one way no more than the largest of them: that all do needs no correction. The way of a claim of either is who is
better, whether more of what was measured is better or less.

    a claim that x is greater (or less)          a claim that x and y are on par
    equivalent     shown within the margin       supported      shown within the margin
    supported      p̃ ≤ α, claimed direction      contradicted   shown beyond the margin (Holm-adjusted)
    contradicted   p̃ ≤ α, other direction        undecided      anything else
    undecided      anything else

A claim of either asks only whether they differ: supported where p̃ ≤ α, whichever is ahead. A difference can be
significant and still smaller than the margin. Margins say what matters in practice, so this is called equivalent, and
the reason says that the difference is there. Fewer than `min_pairs` pairs decide nothing, and where a condition says
why nobody may be called ahead (`barred`), nobody is.

**All conditions.** `combine="all"` reads the claim as "in every condition", `"any"` as "in some condition, and in none
the other way round".

    supported      all: every condition supported       any: at least one supported, none contradicted
    contradicted   all: at least one contradicted, none supported     any: the same
    equivalent     every condition equivalent
    undecided      anything else; conditions that are decided differently are reported as "it depends"

For claims of a direction, so, if x and y do not differ, any wrong word needs a false rejection among the Holm-adjusted
tests, and there is one in at most α of studies. "Within the margin in every condition" is an intersection–union test
(Berger 1982), which errs in at most α without any correction; where each condition has its own word (on par, or either
of two, with `combine="any"`) the p-values of equivalence are Holm-adjusted too.

**All claims of a page** share α: `family` is the number of those still open when this one is judged, and every p-value
is multiplied by it. `step_down` does so for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rnnbench.statistics.checks import open_unit
from rnnbench.statistics.conditions import Condition, Question
from rnnbench.statistics.multiplicity import holm, holm_or_all
from rnnbench.statistics.power import FEASIBLE, seeds_for_difference, seeds_for_equivalence

Outcome = Literal["supported", "contradicted", "equivalent", "undecided", "withdrawn"]
"""The last is none of `verdict`: of what is known to have been measured wrongly nothing is said."""
Direction = Literal["greater", "less", "either", "equivalent"]
Combine = Literal["all", "any"]
MIN_PAIRS = 10
"""Fewer decide nothing."""
TOO_FEW = "too few seeds to say"


@dataclass(frozen=True)
class Claim:
    """A sentence to test. `direction`: is x claimed greater than y, less, either of the two, or on par? `combine`: in
    all conditions or in any? `alpha`: how often a wrong word is accepted in all the claims of its `family` together;
    `power`: with which "more seeds" are counted."""

    statement: str
    direction: Direction
    combine: Combine = "all"
    alpha: float = 0.05
    power: float = 0.8
    min_pairs: int = MIN_PAIRS
    family: int = 1

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("direction", self.direction, get_args(Direction)),
            ("combine", self.combine, get_args(Combine)),
        ):
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        open_unit(self.alpha, "alpha")
        open_unit(self.power, "power")
        if self.min_pairs < 2:
            raise ValueError(f"min_pairs must be at least 2, not {self.min_pairs}")
        if self.family < 1:
            raise ValueError(f"family must be at least 1, the claim itself, not {self.family}")

    @property
    def own_words(self) -> bool:
        """Whether conditions may be shown alike one by one."""
        return self.combine == "any" and self.direction in ("equivalent", "either")


@dataclass(frozen=True)
class ConditionVerdict:
    """`p_adjusted`: Holm-adjusted over the claim, of no difference (claims of a direction) or of a difference no larger
    than the margin (claims on par). `p_within`: of a difference at least as large as the margin. Both are multiplied by
    the claim's family. `more_seeds`: about how many more pairs would decide, None if that cannot be said or nothing is
    left to decide."""

    condition: Condition
    outcome: Outcome
    p_adjusted: float
    p_within: float
    reason: str
    more_seeds: int | None = None


@dataclass(frozen=True)
class Verdict:
    """`n`: pairs in the smallest condition. `more_seeds`: about how many more pairs per condition would decide the
    claim if the observed effects were the true ones, with the claim's power; None if that cannot be said."""

    claim: Claim
    outcome: Outcome
    reason: str
    n: int
    conditions: tuple[ConditionVerdict, ...]
    more_seeds: int | None = None


def verdict(claim: Claim, conditions: Sequence[Condition]) -> Verdict:
    """The verdict on `claim` from all its conditions. No condition at all is undecided.

    Pass every condition of the claim, those with few or no pairs included: leaving out a condition because of how it
    came out would void the Holm correction. ValueError if a claim on par that was measured comes without a margin.
    """
    if not conditions:
        return Verdict(claim, "undecided", "nothing was measured", 0, ())
    if claim.direction == "equivalent":
        for condition in conditions:
            if condition.margin is None and condition.n:
                raise ValueError(f"{claim.statement!r} claims equivalence; condition {condition.name!r} has no margin")
    against = [_p_against_chance(claim, condition) for condition in conditions]
    ways = {(c.additive_effect > 0) == (c.higher or claim.direction != "either") for c in conditions}
    differs = holm_or_all(against, len(ways) == 1 or claim.direction == "equivalent")
    within = [condition.p_within for condition in conditions]
    if claim.own_words:
        within = holm(within).tolist()
    judged = tuple(
        _judge(claim, condition, min(1.0, claim.family * p), min(1.0, claim.family * q), len(conditions))
        for condition, p, q in zip(conditions, differs, within, strict=True)
    )
    outcome, reason = _combine(claim, judged)
    smallest = min(condition.n for condition in conditions)
    return Verdict(claim, outcome, reason, smallest, judged, _more_seeds(claim, outcome, judged))


def step_down(count: int, decided: Callable[[int, int], bool]) -> list[int]:
    """Holm's step-down over `count` claims: for each the `family` among which its error is shared.

    decided(i, k): whether claim i, judged with the family k, gets any word but undecided. All are judged with all;
    those that are decided leave, and the others are judged again among those that are left, until none leaves. If a
    word could be wrong about m of the claims, none of them is judged with a family smaller than m before one has got a
    word, so that wrong words come in at most α of pages, however the claims depend on one another (Holm 1979).
    """
    families, open_ = [count] * count, list(range(count))
    while open_:
        for index in open_:
            families[index] = len(open_)
        left = [index for index in open_ if not decided(index, len(open_))]
        if len(left) == len(open_):
            break
        open_ = left
    return families


def _p_against_chance(claim: Claim, condition: Condition) -> float:
    return condition.p_beyond if claim.direction == "equivalent" else condition.p_difference


def _judge(claim: Claim, condition: Condition, p: float, within: float, family: int) -> ConditionVerdict:
    def said(outcome: Outcome, reason: str, more: int | None = None) -> ConditionVerdict:
        return ConditionVerdict(condition, outcome, p, within, reason, more)

    if condition.obstacle:
        return said("undecided", condition.obstacle)
    if condition.n < claim.min_pairs:
        missing = max(claim.min_pairs - condition.n, _needed(claim, condition, family) or 0)
        return said("undecided", f"{TOO_FEW}: n = {condition.n}", missing)
    if within <= claim.alpha:
        there = condition.p_difference <= claim.alpha
        reason = "within the margin" + (", though a difference is there" if there else "")
        return said("supported" if claim.direction == "equivalent" else "equivalent", reason)
    if p <= claim.alpha and condition.barred:
        return said("undecided", condition.barred)
    if p <= claim.alpha:
        if claim.direction == "equivalent":
            return said("contradicted", "beyond the margin")
        if claim.direction == "either":
            return said("supported", "a difference is shown")
        claimed = (condition.additive_effect > 0) == (claim.direction == "greater")
        return said(*(("supported", "as claimed") if claimed else ("contradicted", "the other way round")))
    more = _needed(claim, condition, family)
    if condition.margin is None:
        return said("undecided", "no difference is shown, and no margin is stated", more)
    reason = "neither within nor beyond the margin" if claim.direction == "equivalent" else "neither shown nor excluded"
    return said("undecided", reason, more)


def _needed(claim: Claim, condition: Condition, family: int) -> int | None:
    """About how many more pairs would decide this condition, by showing a difference or by excluding it."""
    effect, sd, margin = condition.additive_effect, condition.spread, condition.additive_margin
    if not math.isfinite(effect) or not math.isfinite(sd):
        return None
    level = claim.alpha / claim.family / family
    ways: list[int | None] = []
    if claim.direction != "equivalent":
        ways.append(_enough(condition, "difference", level, seeds_for_difference(effect, sd, level, claim.power)))
    elif abs(effect) > margin:
        about = seeds_for_difference(abs(effect) - margin, sd, level, claim.power)
        ways.append(_enough(condition, "beyond", level, about))
    if condition.margin is not None:
        step = level if claim.own_words else claim.alpha / claim.family
        ways.append(_enough(condition, "within", step, seeds_for_equivalence(effect, sd, margin, step, claim.power)))
    totals = [n for n in ways if n is not None]
    return max(1, min(totals) - condition.n) if totals else None


def _enough(condition: Condition, question: Question, level: float, about: int | None) -> int | None:
    """The number `about` of a normal approximation or, where the condition can be asked, the first from there on that
    shows it. Outcomes that are all the same have no spread, and would seem to need no more; None beyond FEASIBLE."""
    if about is None or condition.shown_by is None:
        return about
    longer = range(max(about, condition.n + 1), FEASIBLE + 1)
    return next((n for n in longer if condition.shown_by(question, n, level)), None)


def _combine(claim: Claim, judged: Sequence[ConditionVerdict]) -> tuple[Outcome, str]:
    found = {word: [j.condition.name for j in judged if j.outcome == word] for word in get_args(Outcome)}
    of = f"of {len(judged)} condition" + ("s" if len(judged) > 1 else "")
    for_, against, same, open_ = (found[w] for w in ("supported", "contradicted", "equivalent", "undecided"))
    if len(for_) == len(judged) or (claim.combine == "any" and for_ and not against):
        return "supported", f"as claimed in {len(for_)} {of}"
    if against and not for_:
        found_instead = "beyond the margin" if claim.direction == "equivalent" else "the other way round"
        return "contradicted", f"{found_instead} in {len(against)} {of}"
    if len(same) == len(judged):
        return "equivalent", f"within the margin in {len(same)} {of}"
    parts = [f"{word} in {', '.join(names)}" for word, names in found.items() if names]
    if sum(bool(names) for names in (for_, against, same)) > 1 or (for_ and against):
        return "undecided", "it depends: " + "; ".join(parts)
    if len(open_) == len(judged) and len({j.reason for j in judged}) == 1:
        return "undecided", judged[0].reason
    return "undecided", "; ".join(parts)


def _more_seeds(claim: Claim, outcome: Outcome, judged: Sequence[ConditionVerdict]) -> int | None:
    """All: every open condition has to close. Any: the first to close may be enough. None if more seeds cannot help."""
    if outcome != "undecided":
        return None
    settled = {j.outcome for j in judged} - {"undecided"}
    open_ = [j for j in judged if j.outcome == "undecided"]
    if len(settled) > 1 or (claim.combine == "all" and any(j.more_seeds is None for j in open_)):
        return None
    numbers = [j.more_seeds for j in open_ if j.more_seeds is not None]
    return (max if claim.combine == "all" else min)(numbers) if numbers else None
