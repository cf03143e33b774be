"""Success rates (share of runs that solved the task) and their differences, honest at 0 of 10 and 10 of 10."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from rnnbench.statistics.checks import open_unit
from rnnbench.statistics.intervals import NAN, Interval


def success_rate(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Share of successes with Wilson's score interval (Wilson 1927). n = 0 gives NaN; ValueError if successes > n."""
    _counts(successes, n)
    open_unit(confidence, "confidence")
    if n == 0:
        return Interval(NAN, NAN, NAN, 0, "Wilson", confidence)
    low, high = wilson_bounds(successes, n, confidence)
    return Interval(successes / n, low, high, n, "Wilson", confidence)


def wilson_bounds(successes: float, n: int, confidence: float) -> tuple[float, float]:
    """Wilson's bounds; `successes` may be a half, where ties count half.

    (p̂ + z²/2n ± z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n)
    """
    z, p = float(stats.norm.ppf((1 + confidence) / 2)), successes / n
    centre, reach = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (centre - reach) / (1 + z**2 / n), (centre + reach) / (1 + z**2 / n)
    return (0.0 if successes == 0 else low), (1.0 if successes == n else high)


def paired_success_difference(x_solved: ArrayLike, y_solved: ArrayLike, confidence: float = 0.95) -> Interval:
    """Difference of two rates over the same seeds, Newcombe's interval with correlation (1998, Stat. Med. 17:2635,
    method 10). With l, u each rate's Wilson bounds,

        low   p̂₁ − p̂₂ − √(a² + b² − 2φ̂ab)    a = p̂₁ − l₁,  b = u₂ − p̂₂
        high  p̂₁ − p̂₂ + √(a² + b² − 2φ̂ab)    a = u₁ − p̂₁,  b = p̂₂ − l₂

    x_solved, y_solved: (n,) of booleans. φ̂ of the 2×2 table, its numerator reduced by n/2 (not below 0) when positive;
    0 where a margin is empty. n = 0 gives NaN.
    """
    x, y = _paired_outcomes(x_solved, y_solved)
    n = len(x)
    both, neither = int((x & y).sum()), int((~x & ~y).sum())
    x_only, y_only = int((x & ~y).sum()), int((~x & y).sum())
    scale = (both + x_only) * (y_only + neither) * (both + y_only) * (x_only + neither)
    numerator = float(both * neither - x_only * y_only)
    if numerator > 0:
        numerator = max(numerator - n / 2, 0.0)
    correlation = numerator / math.sqrt(scale) if scale else 0.0
    first, second = success_rate(both + x_only, n, confidence), success_rate(both + y_only, n, confidence)

    def root(a: float, b: float) -> float:
        return math.sqrt(max(a * a + b * b - 2 * correlation * a * b, 0.0))

    difference, method = first.estimate - second.estimate, "Newcombe, paired"
    if n == 0:
        return Interval(NAN, NAN, NAN, 0, method, confidence)
    low = difference - root(first.estimate - first.low, second.high - second.estimate)
    high = difference + root(first.high - first.estimate, second.estimate - second.low)
    return Interval(difference, max(low, -1.0), min(high, 1.0), n, method, confidence)


def mcnemar_test(x_solved: ArrayLike, y_solved: ArrayLike) -> float:
    """Exact two-sided p-value that two rates over the same seeds are equal (McNemar 1947): a binomial test on the
    seeds that only one cell solved. No such seed gives p = 1. x_solved, y_solved: (n,) of booleans."""
    x, y = _paired_outcomes(x_solved, y_solved)
    x_only, discordant = int((x & ~y).sum()), int((x ^ y).sum())
    return float(stats.binomtest(x_only, discordant, 0.5).pvalue) if discordant else 1.0


def _paired_outcomes(x_solved: ArrayLike, y_solved: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    x, y = outcomes(x_solved, "x_solved"), outcomes(y_solved, "y_solved")
    if len(x) != len(y):
        raise ValueError(f"paired outcomes must have equal lengths, not {len(x)} and {len(y)}")
    return x, y


def outcomes(solved: ArrayLike, name: str) -> NDArray[np.bool_]:
    """`solved` as a vector of booleans (n,); ValueError naming `name` for anything but true, false, 1 and 0."""
    values = np.asarray(solved)
    if values.ndim != 1 or not np.isin(values, (0, 1)).all():
        raise ValueError(f"{name} must be a vector of true and false (or 1 and 0)")
    return values.astype(np.bool_)


def _counts(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n={n}, not {successes}")
