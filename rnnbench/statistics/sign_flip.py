"""The sign-flip permutation test for paired differences, and the interval that agrees with it.

If the two cells are exchangeable, the difference of a pair could as well have had the other sign. All 2ⁿ sign
patterns are then equally likely, and the test counts those that give a mean as far out as the observed one (Fisher
1935, section 21). Flipping the signs of a subset A changes the total by −2 Σ_A d, so

    mean* ≥ mean  ⇔  Σ_A (dᵢ − μ₀) ≤ 0        p(H₀: μ ≤ μ₀) = (1 + #{A ≠ ∅: Σ_A (dᵢ − μ₀) ≤ 0}) / 2ⁿ

and inverting it over μ₀ needs no search: the interval's ends are the k-th smallest and k-th largest of the 2ⁿ − 1
subset means, with coverage 1 − 2k/2ⁿ whenever the differences are symmetric about their centre, whatever their shape
(Hartigan 1969, "Using subsample values as typical values"). Test and interval cannot contradict each other.

Up to EXACT_N pairs every subset is listed; beyond, RESAMPLES random ones, the observed pattern counted as one more
(Phipson & Smyth 2010), so that p is never 0 and the test keeps its level.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.statistics.checks import FloatArray, finite_vector, open_unit
from rnnbench.statistics.intervals import NAN, RESAMPLES, SEED, Interval

EXACT_N = 16
ROUNDING = 1e-12  # sums this small, relative to Σ|d|, are ties made unequal by floating point

Alternative = Literal["two-sided", "greater", "less"]


def sign_flip_test(
    differences: ArrayLike,
    alternative: Alternative = "two-sided",
    null: float = 0.0,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> float:
    """p-value of H₀: the differences are symmetric about `null`. differences: (n,).

    "greater" asks whether their mean is greater than `null`. n = 0 and all ties give p = 1. The two-sided p is twice
    the smaller one-sided one, at most 1. ValueError for NaN or infinite differences.
    """
    d = finite_vector(differences, "differences") - null
    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError(f"alternative must be two-sided, greater or less, not {alternative!r}")
    if len(d) == 0:
        return 1.0
    sums = subsets(len(d), resamples, seed) @ d  # (subsets,)
    slack = ROUNDING * np.abs(d).sum()
    total = len(sums) + 1
    greater = (1 + np.count_nonzero(sums <= slack)) / total
    less = (1 + np.count_nonzero(sums >= -slack)) / total
    if alternative == "two-sided":
        return float(min(1.0, 2 * min(greater, less)))
    return float(greater if alternative == "greater" else less)


def least_p(n: int) -> float:
    """The smallest two-sided p that `sign_flip_test` can give of n differences, all of one sign: 1/512 of ten."""
    return min(1.0, 2 / (2**n if n <= EXACT_N else RESAMPLES + 1))


def sign_flip_interval(
    differences: ArrayLike, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = SEED
) -> Interval:
    """Interval for the centre of symmetric differences: the test above, inverted. differences: (n,).

    NaN bounds where 2ⁿ patterns are too few for `confidence` (n < 6 at 95 %): the test could never reject there.
    """
    d = finite_vector(differences, "differences")
    open_unit(confidence, "confidence")
    n, method = len(d), "sign-flip"
    if n == 0:
        return Interval(NAN, NAN, NAN, 0, method, confidence)
    low, high = sign_flip_bounds(d[None], confidence, resamples, seed)
    mean = float(d.mean())  # constant differences: rounding must not put the estimate outside
    return Interval(mean, min(float(low[0]), mean), max(float(high[0]), mean), n, method, confidence)


def sign_flip_bounds(
    differences: FloatArray, confidence: float, resamples: int = RESAMPLES, seed: int = SEED
) -> tuple[FloatArray, FloatArray]:
    """Bounds of many studies at once. differences: (studies, n) → two arrays (studies,)."""
    chosen = subsets(differences.shape[1], resamples, seed)  # (subsets, n)
    k = int((1 - confidence) / 2 * (len(chosen) + 1) + 1e-9)
    if k == 0:
        nothing = np.full(len(differences), NAN)
        return nothing, nothing.copy()
    sizes = chosen.sum(1)
    means = differences @ chosen.T / np.maximum(sizes, 1)  # (studies, subsets)
    upper = means.copy()
    means[:, sizes == 0], upper[:, sizes == 0] = -np.inf, np.inf  # an empty draw never rejects anything
    return np.partition(means, k - 1, axis=1)[:, k - 1], np.partition(upper, -k, axis=1)[:, -k]


@lru_cache(maxsize=16)
def subsets(n: int, resamples: int, seed: int) -> FloatArray:
    """Membership of the subsets to flip, read-only: all 2ⁿ − 1 that are not empty if n ≤ EXACT_N, else random ones."""
    if n <= EXACT_N:
        member = (np.arange(1, 2**n)[:, None] >> np.arange(n)) & 1
    else:
        member = np.random.default_rng(seed).integers(0, 2, size=(resamples, n))
    matrix = member.astype(np.float64)
    matrix.flags.writeable = False
    return matrix
