"""Probability of improvement: how often a run of one cell beats the other's run of the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.statistics.checks import open_unit, paired_vectors
from rnnbench.statistics.intervals import NAN, Interval
from rnnbench.statistics.proportions import wilson_bounds


def paired_probability_of_improvement(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Interval:
    """Share of seeds in which x beats y, a tie counting half, with a Wilson interval. x, y: (n,), paired by seed."""
    first, second = paired_vectors(x, y)
    open_unit(confidence, "confidence")
    n, method = len(first), "Wilson, ties half"
    if n == 0:
        return Interval(NAN, NAN, NAN, 0, method, confidence)
    wins = float((np.sign(first - second).sum() + n) / 2)
    low, high = wilson_bounds(wins, n, confidence)
    return Interval(wins / n, low, high, n, method, confidence)
