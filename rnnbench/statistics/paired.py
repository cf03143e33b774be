"""Effects: the difference or the ratio of two cells, by seed where seeds are paired, and contrasts of differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from rnnbench.statistics.checks import FloatArray, finite_vector, open_unit, paired_vectors
from rnnbench.statistics.intervals import NAN, Interval, mean_interval
from rnnbench.statistics.sign_flip import sign_flip_interval


def paired_difference(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of xᵢ − yᵢ with an interval. x, y: (n,), element i of both from the same seed. See `contrast_interval`."""
    first, second = paired_vectors(x, y)
    return contrast_interval(first - second, confidence)


def contrast_interval(contrast: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of one contrast per seed: the inverted sign-flip test, or Student's t where that has too few pairs (n < 6).

    contrast: (n,), differences, slopes or any other number that a seed yields and whose sign a swap of the cells turns.
    """
    flipped = sign_flip_interval(contrast, confidence)
    return mean_interval(contrast, confidence) if np.isnan(flipped.low) else flipped


def welch_difference(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of x minus mean of y for unpaired runs, Welch's t interval (Welch 1947). x: (n,), y: (m,).

    `n` of the result is the smaller of n and m; NaN bounds if that is below 2.
    """
    a, b = finite_vector(x, "x"), finite_vector(y, "y")
    open_unit(confidence, "confidence")
    n = min(len(a), len(b))
    if n == 0:
        return Interval(NAN, NAN, NAN, 0, "Welch t", confidence)
    difference = float(a.mean() - b.mean())
    if n < 2:
        return Interval(difference, NAN, NAN, n, "Welch t", confidence)
    error, df = welch_error(a, b)
    reach = float(stats.t.ppf((1 + confidence) / 2, df)) * error
    return Interval(difference, difference - reach, difference + reach, n, "Welch t", confidence)


def welch_error(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Standard error of a difference of means, √(s²/n + s²/m), and the Welch–Satterthwaite degrees of freedom."""
    v, w = float(x.var(ddof=1)) / len(x), float(y.var(ddof=1)) / len(y)
    if v + w == 0.0:
        return 0.0, float(len(x) + len(y) - 2)
    return float(np.sqrt(v + w)), (v + w) ** 2 / (v**2 / (len(x) - 1) + w**2 / (len(y) - 1))


def paired_ratio(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Interval:
    """Geometric mean of xᵢ / yᵢ: the interval for log xᵢ − log yᵢ, back on the scale of ratios, where 1 is no effect.

    x, y: (n,), positive: times, bytes, perplexities. ValueError for a value that is not above 0.
    """
    return as_ratio(contrast_interval(log_ratios(x, y), confidence))


def log_ratios(x: ArrayLike, y: ArrayLike) -> FloatArray:
    """log xᵢ − log yᵢ, (n,). ValueError for a value that is not above 0."""
    first, second = paired_vectors(x, y)
    for name, values in (("x", first), ("y", second)):
        if (values <= 0).any():
            raise ValueError(f"a ratio needs positive values; {name} holds {values.min()}")
    ratios: FloatArray = np.log(first) - np.log(second)
    return ratios


def as_ratio(logarithmic: Interval) -> Interval:
    """An interval for a mean of logarithms as one for a ratio of geometric means."""
    low, middle, high = (float(np.exp(v)) for v in (logarithmic.low, logarithmic.estimate, logarithmic.high))
    return replace(logarithmic, low=low, estimate=middle, high=high, method=f"{logarithmic.method} on log-ratios")


def difference_of_differences(a1: ArrayLike, b1: ArrayLike, a2: ArrayLike, b2: ArrayLike) -> FloatArray:
    """Interaction contrast of two cells in two conditions, by seed: (a2 − b2) − (a1 − b1), (n,).

    Above 0: cell a gains on cell b from condition 1 to condition 2. Give it to `contrast_interval`, `sign_flip_test`
    or `contrast_condition`. All four (n,) and paired by seed.
    """
    first = np.subtract(*paired_vectors(a1, b1))
    second = np.subtract(*paired_vectors(a2, b2))
    return np.subtract(*paired_vectors(second, first))


def interaction_slopes(differences: ArrayLike, sizes: ArrayLike) -> FloatArray:
    """How the difference of two cells changes with a quantity, as one least-squares slope per seed.

        uⱼ = log₂ sizeⱼ        slopeᵢ = Σⱼ (uⱼ − ū) dᵢⱼ / Σⱼ (uⱼ − ū)²

    differences: (n, k), seed by size; sizes: (k,), positive, e.g. training-set sizes → (n,), in units of the metric
    per doubling. One summary per seed, then a test over seeds, keeps measurements of one seed from counting as
    independent (Matthews et al. 1990, BMJ 300:230). ValueError if fewer than two distinct sizes.
    """
    d = np.asarray(differences, dtype=np.float64)
    size = finite_vector(sizes, "sizes")
    if d.ndim != 2 or d.shape[1] != len(size):
        raise ValueError(f"differences must be (seeds, {len(size)}), one column a size, not {d.shape}")
    finite_vector(d.ravel(), "differences")
    if (size <= 0).any() or len(np.unique(size)) < 2:
        raise ValueError(f"sizes must be positive and at least two distinct, not {size.tolist()}")
    u = np.log2(size) - np.log2(size).mean()
    slopes: FloatArray = d @ u / (u @ u)
    return slopes
