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
from rnnbench.statistics.intervals import NAN, Interval
from rnnbench.statistics.proportions import outcomes, wilson_bounds


@dataclass(frozen=True)
class SurvivalCurve:
    """Share of runs that are still unsolved, a step function: `unsolved[i]` holds from `time[i]` to the next time.

    All arrays (k,); `time[0]` is 0. `at_risk`: runs that had neither solved nor been stopped just before `time`;
    `solved`: runs that solved at it; `low`, `high`: pointwise bounds of `confidence`.
    """

    time: FloatArray
    unsolved: FloatArray
    low: FloatArray
    high: FloatArray
    at_risk: NDArray[np.int64]
    solved: NDArray[np.int64]
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
    return SurvivalCurve(moments, np.asarray(curve, dtype=np.float64), low, high, at_risk, events, n, confidence)


def restricted_mean(times: ArrayLike, solved: ArrayLike, horizon: float, confidence: float = 0.95) -> Interval:
    """Mean time to solve, counted up to `horizon`: the area under the Kaplan–Meier curve from 0 to the horizon.

    With Aⱼ the area from tⱼ to the horizon, Greenwood's variance is Σ Aⱼ² dⱼ / (rⱼ (rⱼ − dⱼ)) (Klein & Moeschberger
    2003, eq. 4.5.2). It divides by n where a sample variance divides by n − 1, and is used with z; both are too
    narrow at ten runs. Here it is scaled by n/(n − 1) and used with t(n − 1), so that the interval *is* Student's for
    min(time, horizon) when no run was stopped before the horizon. Same unit as `times`; always print the horizon.
    ValueError if the curve is not known up to the horizon (the last run was stopped before it).
    """
    mean, error, n = _restricted(times, solved, horizon)
    open_unit(confidence, "confidence")
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * error if n > 1 else NAN
    return Interval(mean, mean - reach, mean + reach, n, "restricted mean, t", confidence)


def restricted_mean_difference(
    x_times: ArrayLike,
    x_solved: ArrayLike,
    y_times: ArrayLike,
    y_solved: ArrayLike,
    horizon: float,
    confidence: float = 0.95,
) -> Interval:
    """Difference of two restricted means, unpaired, with Welch–Satterthwaite degrees of freedom. See `restricted_mean`.

    `n` of the result is the smaller number of runs. For paired seeds use `restricted_times` and `paired_difference`.
    """
    open_unit(confidence, "confidence")
    (a, se_a, n), (b, se_b, m) = _restricted(x_times, x_solved, horizon), _restricted(y_times, y_solved, horizon)
    reach = NAN
    if min(n, m) > 1:
        error = math.hypot(se_a, se_b)
        df = error**4 / (se_a**4 / (n - 1) + se_b**4 / (m - 1)) if error else n + m - 2
        reach = float(stats.t.ppf((1 + confidence) / 2, df)) * error
    return Interval(a - b, a - b - reach, a - b + reach, min(n, m), "restricted mean, Welch t", confidence)


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


def _restricted(times: ArrayLike, solved: ArrayLike, horizon: float) -> tuple[float, float, int]:
    """Restricted mean, its standard error, number of runs."""
    t, done = _runs(times, solved)
    if not (horizon > 0 and math.isfinite(horizon)):
        raise ValueError(f"horizon must be positive and finite, not {horizon}")
    n = len(t)
    if n == 0:
        return NAN, NAN, 0
    if t.max() < horizon and not done[t == t.max()].all():
        raise ValueError(f"the last run was stopped unsolved at {t.max():g}, so nothing is known up to {horizon:g}")
    curve = kaplan_meier(t, done)
    inside = curve.time < horizon
    edges = np.append(curve.time[inside], horizon)
    areas = np.diff(edges) * curve.unsolved[inside]  # (k,)
    beyond = areas[::-1].cumsum()[::-1]  # (k,): from each time to the horizon
    events, at_risk = curve.solved[inside], curve.at_risk[inside]
    variance = float((beyond**2 * events / np.maximum(at_risk * (at_risk - events), 1)).sum())
    return float(areas.sum()), math.sqrt(variance * n / (n - 1)) if n > 1 else NAN, n


def _runs(times: ArrayLike, solved: ArrayLike) -> tuple[FloatArray, NDArray[np.bool_]]:
    t, done = finite_vector(times, "times"), outcomes(solved, "solved")
    if len(t) != len(done):
        raise ValueError(f"times and solved must have equal lengths, not {len(t)} and {len(done)}")
    if (t < 0).any():
        raise ValueError(f"times must not be negative; found {t.min()}")
    return t, done
