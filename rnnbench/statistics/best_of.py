"""What the best of so many trials is worth, of trials that have all been done."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.statistics.checks import FloatArray


def mean_best_of(values: ArrayLike) -> FloatArray:
    """The mean of what is first of k of n values, over all ways to draw k of them, for k = 1 … n.

    Σ_r v_r · C(n − r, k − 1) / C(n, k), where v_r is first of the draw if the k − 1 others are of the n − r behind it
    (Dodge et al. 2019, "Show Your Work", section 3, there of draws with replacement).

    values: (n,), the first before the second and so on; gives (n,). NaN at each k of which some draw has NaN first.
    """
    v = np.asarray(values, dtype=np.float64)
    n = len(v)
    found = np.empty(n)
    for k in range(1, n + 1):
        ways = np.array([math.comb(n - r, k - 1) / math.comb(n, k) for r in range(1, n + 1)])
        found[k - 1] = (v[ways > 0] * ways[ways > 0]).sum()
    return found
