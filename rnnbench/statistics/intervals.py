"""Intervals for a mean and for an inter-quartile mean, each by the method that covers best at ten runs.

`docs/statistics.md` has the measured coverage of every method that was considered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rnnbench.statistics.checks import FloatArray, finite_vector, open_unit

NAN = float("nan")
SEED = 20_140_903  # of every Monte Carlo in this package, unless the caller passes one
RESAMPLES = 9_999


@dataclass(frozen=True)
class Interval:
    """An estimate and the interval around it, in the unit of the values it was computed from.

    `low` and `high` are NaN where `n` is too small for an interval of this confidence. `n` counts what was averaged:
    seeds, pairs, runs. `method` names the procedure, as it should be printed next to the number.
    """

    estimate: float
    low: float
    high: float
    n: int
    method: str
    confidence: float = 0.95

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Student's t interval for a mean (Student 1908): x̄ ± t(1 − α/2; n − 1) · s / √n.

    values: (n,). n = 0 gives an estimate of NaN, n < 2 gives NaN bounds; ValueError for NaN or infinite values.
    """
    x = finite_vector(values, "values")
    open_unit(confidence, "confidence")
    n = len(x)
    if n < 2:
        return Interval(float(x[0]) if n else NAN, NAN, NAN, n, "t", confidence)
    mean = float(x.mean())
    reach = t_quantile(confidence, n - 1) * float(x.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - reach, mean + reach, n, "t", confidence)


@lru_cache(maxsize=256)  # a page of many conditions asks for the same few, and scipy's takes longer than the rest
def t_quantile(confidence: float, freedom: int) -> float:
    """t(1 − α/2; freedom)"""
    return float(stats.t.ppf((1 + confidence) / 2, freedom))


def iqm_interval(values: ArrayLike, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = SEED) -> Interval:
    """Percentile bootstrap interval for the inter-quartile mean (Agarwal et al. 2021, section 4.1 and appendix A).

    values: (n,). What is covered is the mean between the population's quartiles, which for skewed or bimodal outcomes
    is not the population's mean. For a mean this bootstrap is too narrow at n = 10; trimming mends that. n < 2 gives
    NaN bounds; ValueError for NaN or infinite values.
    """
    x = finite_vector(values, "values")
    open_unit(confidence, "confidence")
    n, method = len(x), "percentile bootstrap"
    if n < 2:
        return Interval(float(x[0]) if n else NAN, NAN, NAN, n, method, confidence)
    drawn = x[_drawn(n, resamples, seed)]
    low, high = np.quantile(_middle_mean(drawn), ((1 - confidence) / 2, (1 + confidence) / 2))
    return Interval(float(_middle_mean(x)), float(low), float(high), n, method, confidence)


@lru_cache(maxsize=4)  # of many conditions with as many runs
def _drawn(n: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """Which of n values each resample takes, (resamples, n)."""
    return np.random.default_rng(seed).integers(0, n, size=(resamples, n))


def _middle_mean(values: FloatArray) -> FloatArray:
    n = values.shape[-1]
    middle: FloatArray = np.sort(values, -1)[..., n // 4 : n - n // 4].mean(-1)
    return middle
