"""Steps (or seconds) to solve, when some runs never did: the budget ended first, so their time is *censored*.

Dropping such runs flatters the cell that fails, and counting the budget as their time understates how slow it is.
Here every run is a pair (time, solved): the time at which it solved the task, or, with solved false, the time until
which it had not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rnnbench.statistics.checks import FloatArray, finite_vector, open_unit
from rnnbench.statistics.intervals import NAN
from rnnbench.statistics.proportions import outcomes, wilson_bounds


@dataclass(frozen=True)
class SurvivalCurve:
    """Share of runs that are still unsolved, a step function: `unsolved[i]` holds from `time[i]` to the next time.

    All arrays (k,); `time[0]` is 0. `low`, `high`: pointwise bounds of `confidence`.
    """

    time: FloatArray
    unsolved: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    confidence: float
    method: str = "Kaplan-Meier, log-log"


@dataclass(frozen=True)
class LogRank:
    """`statistic` is χ² with 1 degree of freedom; `p_value` two-sided."""

    statistic: float
    p_value: float


def kaplan_meier(times: ArrayLike, solved: ArrayLike, confidence: float = 0.95) -> SurvivalCurve:
    """Kaplan–Meier estimate (1958) with log-log pointwise bounds (Kalbfleisch & Prentice 1980, section 1.3).

        S(t) = Π_{tⱼ ≤ t} (1 − dⱼ/rⱼ)        bounds: S^exp(∓ z σ / log S),  σ² = Σ dⱼ / (rⱼ (rⱼ − dⱼ))

    times: (n,), not negative; solved: (n,) of booleans. A run censored at a time at which another solves counts as
    still at risk there. The formula has no width where S is 1 or 0: there the bounds are Wilson's for 0 of n.
    """
    t, done = _runs(times, solved)
    open_unit(confidence, "confidence")
    n, z = len(t), float(stats.norm.ppf((1 + confidence) / 2))
    moments = np.unique(np.append(t[done], 0.0))
    at_risk = np.array([(t >= moment).sum() for moment in moments], dtype=np.int64)
    events = np.array([(t[done] == moment).sum() for moment in moments], dtype=np.int64)
    curve = np.cumprod(1 - events / np.maximum(at_risk, 1)) if n else np.full(len(moments), NAN)
    inside = (curve > 0) & (curve < 1)
    variance = np.cumsum(np.where(curve > 0, events / np.maximum(at_risk * (at_risk - events), 1), 0.0))
    low, high = np.full_like(curve, NAN), np.full_like(curve, NAN)
    reach = z * np.sqrt(variance[inside]) / np.log(curve[inside])  # negative
    low[inside], high[inside] = curve[inside] ** np.exp(-reach), curve[inside] ** np.exp(reach)
    if n:
        sliver = wilson_bounds(0, n, confidence)[1]
        low[curve == 1], high[curve == 1] = 1 - sliver, 1.0
        low[curve == 0], high[curve == 0] = 0.0, sliver
    return SurvivalCurve(moments, np.asarray(curve, dtype=np.float64), low, high, n, confidence)


def restricted_times(times: ArrayLike, solved: ArrayLike, horizon: float) -> FloatArray:
    """min(time, horizon) of each run, (n,): the vector whose mean is the restricted mean, for paired tests.

    Only where that is known for every run: ValueError if one was stopped unsolved before the horizon.
    """
    t, done = _runs(times, solved)
    early = ~done & (t < horizon)
    if early.any():
        raise ValueError(
            f"{early.sum()} run(s) stopped unsolved before the horizon {horizon:g}, the first at {t[early][0]:g}"
        )
    return np.minimum(t, horizon)


def logrank_test(x_times: ArrayLike, x_solved: ArrayLike, y_times: ArrayLike, y_solved: ArrayLike) -> LogRank:
    """Log-rank test that two cells solve at the same rate at every time (Mantel 1966), `scipy.stats.logrank`.

    Where no run solved, nothing was observed: χ² = 0, p = 1.
    """
    x, y = _runs(x_times, x_solved), _runs(y_times, y_solved)
    if len(x[0]) == 0 or len(y[0]) == 0 or not (x[1].any() or y[1].any()):
        return LogRank(0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = stats.logrank(
            stats.CensoredData.right_censored(x[0], ~x[1]), stats.CensoredData.right_censored(y[0], ~y[1])
        )
    if math.isnan(result.statistic):  # every run at risk solved at once: no variance
        return LogRank(0.0, 1.0)
    return LogRank(float(result.statistic) ** 2, float(result.pvalue))


def _runs(times: ArrayLike, solved: ArrayLike) -> tuple[FloatArray, NDArray[np.bool_]]:
    t, done = finite_vector(times, "times"), outcomes(solved, "solved")
    if len(t) != len(done):
        raise ValueError(f"times and solved must have equal lengths, not {len(t)} and {len(done)}")
    if (t < 0).any():
        raise ValueError(f"times must not be negative; found {t.min()}")
    return t, done
