"""One condition of a claim (one dataset, one delay, one width): its effect, and the p-values of three questions.

Every effect is oriented the same way: x against y, x − y or x / y. The builders below agree with one another in what
they ask and differ in what they know:

    paired_condition      a metric by seed                  sign-flip tests, t interval
    contrast_condition    one contrast per seed             the same, for slopes and differences of differences
    success_condition     solved or not, by seed            McNemar, Newcombe's paired interval
    solve_time_condition  time to solve, censored, by seed  restricted means, sign-flip
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnbench.statistics.checks import FloatArray, finite_vector, paired_vectors
from rnnbench.statistics.correlated import corrected_interval, corrected_test
from rnnbench.statistics.equivalence import sign_flip_beyond, sign_flip_equivalence
from rnnbench.statistics.intervals import NAN, Interval, mean_interval
from rnnbench.statistics.paired import as_ratio, log_ratios
from rnnbench.statistics.proportions import mcnemar_test, outcomes, paired_success_difference
from rnnbench.statistics.sign_flip import sign_flip_test
from rnnbench.statistics.survival import restricted_times

Scale = Literal["difference", "ratio"]
BoolArray = NDArray[np.bool_]
Question = Literal["difference", "within", "beyond"]


@dataclass(frozen=True)
class Condition:
    """What one condition of a claim measured.

    `effect`: x − y, or x / y on the ratio scale, where 1 is no effect. `p_difference`: two-sided, of no effect.
    `margin`: effects smaller than this do not matter in practice; on the ratio scale a number above 1, and the region
    is from 1/margin to margin; None if the claim names none. `p_within`: of H₀ "outside the margin" (small: shown
    equivalent); `p_beyond`: of H₀ "inside the margin" (small: shown to matter); both 1 without a margin. `spread`:
    standard deviation of one pair's effect (of its logarithm on the ratio scale). `obstacle`: why this condition
    cannot decide anything, whatever its numbers say; "" if nothing stands in the way. `barred`: why neither side may be
    called ahead, though they may be shown alike. `shown_by`: would n pairs like these show a difference, or that it
    lies within or beyond the margin, at level α? None where the spread tells. `higher`: whether more is better, by
    which effects of several quantities go one way or not.
    """

    name: str
    effect: Interval
    p_difference: float
    margin: float | None = None
    p_within: float = 1.0
    p_beyond: float = 1.0
    spread: float = NAN
    scale: Scale = "difference"
    obstacle: str = ""
    barred: str = ""
    higher: bool = True
    shown_by: Callable[[Question, int, float], bool] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, p in (("p_difference", self.p_difference), ("p_within", self.p_within), ("p_beyond", self.p_beyond)):
            if not 0.0 <= p <= 1.0:
                raise ValueError(f"condition {self.name!r}: {name} must lie in [0, 1], not {p}")
        if self.margin is not None and not self.additive_margin > 0:
            floor = 1 if self.scale == "ratio" else 0
            raise ValueError(f"condition {self.name!r}: margin must be above {floor}, not {self.margin}")

    @property
    def n(self) -> int:
        return self.effect.n

    @property
    def additive_effect(self) -> float:
        """The effect on the scale where 0 is no effect: itself, or the logarithm of a ratio."""
        return math.log(self.effect.estimate) if self.scale == "ratio" else self.effect.estimate

    @property
    def additive_margin(self) -> float:
        if self.margin is None:
            return NAN
        if self.scale == "ratio":
            return math.log(self.margin) if self.margin > 0 else NAN
        return self.margin


def paired_condition(
    name: str, x: ArrayLike, y: ArrayLike, margin: float | None = None, scale: Scale = "difference"
) -> Condition:
    """x against y over the same seeds, both (n,): mean of x − y, or geometric mean of x / y (values above 0).

    ValueError for unequal lengths, NaN or infinite values: a run that diverged has no score, and whoever calls must
    say what it counts as.
    """
    if scale == "difference":
        first, second = paired_vectors(x, y)
        return contrast_condition(name, first - second, margin)
    logs = log_ratios(x, y)
    additive = contrast_condition(name, logs, _log_margin(name, margin))
    return replace(additive, effect=as_ratio(additive.effect), margin=margin, scale="ratio")


def contrast_condition(name: str, contrast: ArrayLike, margin: float | None = None, rho: float = 0.0) -> Condition:
    """One contrast per unit, (n,): a difference, a difference of differences, a slope. Above 0 means x over y.

    rho: n_test / n_train of units that share training data (correlated.py); 0: of independent units, such as seeds.
    """
    d = finite_vector(contrast, "contrast")
    if rho:
        return _correlated(name, d, margin, rho)
    return Condition(
        name,
        mean_interval(d),
        sign_flip_test(d),
        margin,
        1.0 if margin is None else sign_flip_equivalence(d, margin),
        1.0 if margin is None else sign_flip_beyond(d, margin),
        _spread(d),
    )


def _correlated(name: str, d: FloatArray, margin: float | None, rho: float) -> Condition:
    """By the corrected t. It has no spread: more units of the same data would not narrow it without limit."""
    difference, within, beyond = 2 * min(corrected_test(d, rho)), 1.0, 1.0
    if margin is not None:
        low, high = corrected_test(d, rho, -margin), corrected_test(d, rho, margin)
        within, beyond = max(low[0], high[1]), 2 * min(low[1], high[0])
    return Condition(name, corrected_interval(d, rho), min(1.0, difference), margin, within, min(1.0, beyond))


def success_condition(name: str, x_solved: ArrayLike, y_solved: ArrayLike, margin: float | None = None) -> Condition:
    """Difference of two success rates over the same seeds, both (n,) of booleans. `margin` in shares, 0.1 = 10 points.

    p_within and p_beyond invert Newcombe's interval: the smallest α at which the (1 − 2α) interval lies inside the
    margin, or the (1 − α) interval on one side outside.
    """
    effect = paired_success_difference(x_solved, y_solved)
    x, y = outcomes(x_solved, "x_solved"), outcomes(y_solved, "y_solved")
    within = beyond = 1.0
    if margin is not None and effect.n:
        within = _smallest_level(lambda level: _rates_within(x, y, margin, level))
        beyond = _smallest_level(lambda level: _rates_beyond(x, y, margin, level))
    order = np.lexsort((y, x))

    def shown_by(question: Question, n: int, level: float) -> bool:
        """The same tests, asked of n pairs in which the four outcomes have the shares observed, to the nearest pair."""
        drawn = order[np.arange(n) * effect.n // n]
        if question == "difference":
            return mcnemar_test(x[drawn], y[drawn]) <= level
        asked = _rates_within if question == "within" else _rates_beyond
        return margin is not None and asked(x[drawn], y[drawn], margin, level)

    spread = _spread(x.astype(float) - y.astype(float))
    return Condition(name, effect, mcnemar_test(x, y), margin, within, beyond, spread, shown_by=shown_by)


def solve_time_condition(
    name: str,
    x_times: ArrayLike,
    x_solved: ArrayLike,
    y_times: ArrayLike,
    y_solved: ArrayLike,
    horizon: float,
    margin: float | None = None,
) -> Condition:
    """Difference of restricted mean times to solve, up to `horizon`, by seed. All (n,); a time is steps or seconds.

    Negative: x solves sooner. A run unsolved at the horizon counts as the horizon, which is what a restricted mean is;
    one stopped unsolved before it raises ValueError. Where no run of either cell solved, nothing is known about which
    is sooner: the condition has no effect, and that as its obstacle.
    """
    runs = ((x_times, x_solved), (y_times, y_solved))
    known = any(bool((outcomes(done, "solved") & (np.asarray(t, float) <= horizon)).any()) for t, done in runs)
    x, y = restricted_times(x_times, x_solved, horizon), restricted_times(y_times, y_solved, horizon)
    first, second = paired_vectors(x, y)
    condition = contrast_condition(name, first - second, margin)
    method = f"restricted mean to {horizon:g}, {condition.effect.method}"
    if len(x) and not known:
        unknown = Interval(NAN, NAN, NAN, len(x), method)
        return Condition(name, unknown, 1.0, margin, obstacle=f"no run of either solved it before {horizon:g}")
    return replace(condition, effect=replace(condition.effect, method=method))


def _rates_within(x: BoolArray, y: BoolArray, margin: float, level: float) -> bool:
    interval = paired_success_difference(x, y, 1 - 2 * level)
    return -margin < interval.low and interval.high < margin


def _rates_beyond(x: BoolArray, y: BoolArray, margin: float, level: float) -> bool:
    interval = paired_success_difference(x, y, 1 - level)
    return interval.low > margin or interval.high < -margin


def _smallest_level(shown: Callable[[float], bool]) -> float:
    """The smallest α in (0, ½) at which it is shown; 1 if there is none."""
    low, high = 0.0, 0.5
    for _ in range(30):
        level = (low + high) / 2
        if shown(level):
            high = level
        else:
            low = level
    return high if high < 0.5 else 1.0


def _spread(d: FloatArray) -> float:
    return float(d.std(ddof=1)) if len(d) > 1 else NAN


def _log_margin(name: str, margin: float | None) -> float | None:
    if margin is not None and not margin > 1:
        raise ValueError(f"condition {name!r}: the margin of a ratio must be above 1, not {margin}")
    return None if margin is None else math.log(margin)
