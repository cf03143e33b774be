"""The paired bootstrap over the rows of one test set: would another test set of its kind say the same?

Each resample draws n rows with replacement (Efron 1979), the same for both, so that rows which are hard for both
cancel; with strata, as many of each stratum as there are. Koehn 2004 (EMNLP, section 4) compares models so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnbench.statistics.checks import FloatArray, paired_vectors
from rnnbench.statistics.intervals import RESAMPLES, SEED

MOST_NUMBERS = 2**22
"""Row numbers that are drawn at once."""


def paired_bootstrap(
    x: ArrayLike,
    y: ArrayLike,
    difference: Callable[[FloatArray, FloatArray], FloatArray] = np.subtract,
    strata: NDArray[np.int64] | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> FloatArray:
    """Of each resample the difference of the two means, (resamples,).

    x, y: (n,) of each row what the two get for it: 1 for a right answer, a squared error. difference: of means (r,)
    of x and of y, element by element; by default x̄ − ȳ. strata: (n,), then a mean is over strata of the means within:
    balanced accuracy of classes. ValueError for unequal lengths, NaN, infinite values or no rows.
    """
    first, second = paired_vectors(x, y)
    if not len(first):
        raise ValueError("no rows to draw from")
    labels = np.zeros(len(first), dtype=np.int64) if strata is None else np.asarray(strata)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    rng, found = np.random.default_rng(seed), []
    at_once = max(1, MOST_NUMBERS // len(first))
    for start in range(0, resamples, at_once):
        count = min(at_once, resamples - start)
        means = np.zeros((2, count))
        for rows in members:
            drawn = rows[rng.integers(0, len(rows), size=(count, len(rows)))]
            means += np.stack((first[drawn].mean(1), second[drawn].mean(1))) / len(members)
        found.append(np.asarray(difference(means[0], means[1]), dtype=np.float64))
    return np.concatenate(found)
