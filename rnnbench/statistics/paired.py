"""Effects by seed: ratios of two cells, and slopes of their differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.statistics.checks import FloatArray, finite_vector, paired_vectors
from rnnbench.statistics.intervals import Interval


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
