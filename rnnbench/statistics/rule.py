"""The one rule of inference, for one comparison: paired differences of units in, everything that is said of them out.

estimate       d̄, the mean over J units; what varies inside a unit was averaged before
rho = 0        independent units (seeds): sign-flip test, Student's t interval
rho > 0        units that share training data: both by t with the corrected variance (correlated.py)
word           by verdict.py: fewer than ten units say nothing, and a margin says what is alike
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from rnnbench.statistics.conditions import contrast_condition
from rnnbench.statistics.correlated import Probabilities, probabilities
from rnnbench.statistics.intervals import Interval
from rnnbench.statistics.verdict import Claim, verdict


@dataclass(frozen=True)
class Judged:
    """`word`: above (x over y), below, equivalent (within the margin) or undecided, for the `reason`. `p`: of no
    difference, two-sided; `p_adjusted`: times the family. `probabilities`: of the mean beyond and within the margin (of
    0 where none is stated), Bayesian, with nothing but these differences known."""

    estimate: float
    interval: Interval
    p: float
    p_adjusted: float
    probabilities: Probabilities
    word: Literal["above", "below", "equivalent", "undecided"]
    reason: str


def judge(differences: ArrayLike, margin: float | None = None, rho: float = 0.0, family: int = 1) -> Judged:
    """Paired differences of units, (J,) → what is said of them.

    margin: differences smaller than this do not matter. rho: n_test / n_train of units that share training data, 0 of
    independent ones. family: among how many claims of a page the error of 5 % is shared, see `step_down`. ValueError
    for NaN or infinite differences, a negative rho, a margin that is not above 0.
    """
    condition = contrast_condition("units", differences, margin, rho)
    (said,) = verdict(Claim("they differ", "either", family=family), [condition]).conditions
    word: Literal["above", "below", "equivalent", "undecided"] = "undecided"
    if said.outcome == "supported":
        word = "above" if condition.effect.estimate > 0 else "below"
    elif said.outcome == "equivalent":
        word = "equivalent"
    return Judged(
        condition.effect.estimate, condition.effect, condition.p_difference, said.p_adjusted,
        probabilities(differences, margin or 0.0, rho), word, said.reason,
    )  # fmt: skip
