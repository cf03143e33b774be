"""What verdicts of several kinds are made with: a claim as it is tested, its correction in words, who is ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnnbench.statistics import Claim, ConditionVerdict, Verdict
from rnnbench.studies.claim import ALPHA, StudyClaim
from rnnbench.studies.measure import Measured


def tested(claim: StudyClaim, family: int) -> Claim:
    return Claim(claim.statement, claim.direction, claim.combine, ALPHA, family=family)


def correction(claim: StudyClaim, conditions: int, family: int) -> str:
    """How p-values were corrected, in words."""
    within = f"Holm over {conditions} conditions" if conditions > 1 else ""
    if claim.direction == "equivalent" and claim.combine == "all" and conditions > 1:
        within = f"equivalence: every one of {conditions} conditions has to pass, no correction; difference: Holm"
    of_page = f"Holm over the claims of the page, of which {family} were open" if family > 1 else ""
    return "; ".join(filter(None, (within, of_page))) or "none: one condition"


def whichever(claim: StudyClaim, done: Verdict, measured: Sequence[Measured]) -> Verdict:
    """The verdict on a claim that they differ, with who is ahead where: better, whichever way better is."""

    def who(judged: ConditionVerdict, m: Measured) -> str:
        return f"{claim.names[(judged.condition.additive_effect > 0) != m.higher]} ahead"  # by its place

    judged = tuple(
        replace(j, reason=who(j, m)) if j.outcome == "supported" else j
        for j, m in zip(done.conditions, measured, strict=True)
    )
    if len(judged) == 1:
        return replace(done, reason=judged[0].reason, conditions=judged)
    return replace(done, conditions=judged)
