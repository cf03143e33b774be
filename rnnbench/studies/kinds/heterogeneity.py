"""Does it depend? Is one ahead in some conditions and the other in others, Holm-adjusted over all of them?

    supported      each is shown ahead in at least one
    contradicted   every condition is decided (a difference, or equality within the margin) and it is not so
    undecided      anything else

If a and b do not differ, a false "supported" needs two false rejections, so it comes in less than α of studies.
Cochran's Q says besides whether the *size* of the effect differs; it decides nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnnbench.records.numbers import number
from rnnbench.statistics import Condition, ConditionVerdict, Heterogeneity, Verdict, heterogeneity, verdict
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds import _prospects as prospects
from rnnbench.studies.kinds._judging import correction, tested
from rnnbench.studies.kinds.base import Evaluated, Kind
from rnnbench.studies.measure import Measured


class Differs(Kind):
    """The metric by seed over conditions."""

    names_a_side = False  # that there is one for each is the claim
    method = "paired by seed, compared across conditions"

    def validate(self, claim: StudyClaim) -> None:
        super().validate(claim)
        if not claim.by:
            raise claim.wrong("by", [], "the columns over which the effect may differ")

    def judge(
        self, claim: StudyClaim, measured: tuple[Measured, ...], conditions: Sequence[Condition], family: int
    ) -> Evaluated:
        each_way = replace(tested(claim, family), direction="greater", combine="all")
        base = verdict(each_way, conditions)
        judged = tuple(replace(j, reason=_ahead(j, *claim.names)) for j in base.conditions)
        done = replace(_over_all(base, judged), conditions=judged)
        corrected = correction(claim, len(measured), family)
        return Evaluated(claim, done, measured, corrected, _spread(claim, measured))

    def outcome(self, claim: StudyClaim, judged: ConditionVerdict) -> str:
        """Which of the two is above the other there."""
        return judged.reason if judged.outcome in ("supported", "contradicted") else judged.outcome

    def rule(self, each: Evaluated) -> str:
        return "one ahead in some condition and the other in another, over all of them"

    def facts(self, each: Evaluated) -> list[tuple[str, str]]:
        if (s := each.spread) is None:
            return []
        words = (
            f"Cochran's Q = {s.q:.3g}, {s.df} df, p = {number(s.p_value, 2)} ({s.method}), "
            f"I² = {100 * s.i_squared:.0f} %: whether the size of the effect differs; the verdict speaks of its sign"
        )
        return [("Spread", words)]

    def settled(self, each: Evaluated) -> str:
        """It hangs on one above somewhere and one below somewhere, or on every condition."""
        claim, v = each.claim, each.verdict
        rests_on = max(prospects.p_values(claim, v))
        if v.outcome == "supported":
            rests_on = max(min(prospects.p_values(claim, v, way)) for way in ("supported", "contradicted"))
        return prospects.decided(claim, rests_on, small=False)


def _ahead(judged: ConditionVerdict, a: str, b: str) -> str:
    words = {"supported": f"{a} above {b}", "contradicted": f"{a} below {b}"}
    return words.get(judged.outcome, judged.reason)


def _over_all(base: Verdict, judged: tuple[ConditionVerdict, ...]) -> Verdict:
    """`base`, of conditions each judged by itself, with what they say together."""
    ahead: dict[str, list[str]] = {}
    for way in ("supported", "contradicted"):
        for j in judged:
            if j.outcome == way:
                ahead.setdefault(j.reason, []).append(j.condition.name)
    open_ = [j for j in judged if j.outcome == "undecided"]
    parts = [f"{words} in {', '.join(names)}" for words, names in ahead.items()]
    parts += [f"no difference shown in {', '.join(j.condition.name for j in open_)}"] if open_ else []
    if len(judged) < 2:
        return replace(base, outcome="undecided", reason=f"needs two conditions, and there is {len(judged)}")
    if len(ahead) == 2:
        return replace(base, outcome="supported", reason="; ".join(parts), more_seeds=None)
    if not open_:
        reason = "; ".join(parts) or "within the margin everywhere"
        return replace(base, outcome="contradicted", reason=reason, more_seeds=None)
    if len(open_) == len(judged) and len({j.reason for j in open_}) == 1:
        parts = [open_[0].reason]
    more = [j.more_seeds for j in open_ if j.more_seeds is not None]
    all_known = max(more) if len(more) == len(open_) else None
    return replace(base, outcome="undecided", reason="; ".join(parts), more_seeds=all_known)


def _spread(claim: StudyClaim, measured: tuple[Measured, ...]) -> Heterogeneity | None:
    ratio = claim.scale == "ratio"
    try:
        return heterogeneity(
            {m.name: np.log(m.first) - np.log(m.second) if ratio else m.first - m.second for m in measured}
        )
    except ValueError:
        return None  # fewer than two conditions with a spread: the verdict says so
