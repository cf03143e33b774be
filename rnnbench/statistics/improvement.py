"""Probability of improvement: how often a run of one cell beats a run of the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import brentq

from rnnbench.statistics.checks import finite_vector, open_unit, paired_vectors
from rnnbench.statistics.intervals import NAN, Interval
from rnnbench.statistics.proportions import wilson_bounds


def probability_of_improvement(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Interval:
    """θ = P(X > Y) + ½ P(X = Y) for independent runs, over all n·m pairs. x: (n,), y: (m,).

    The interval is Newcombe's method 5 (2006, Statistics in Medicine 25:559): the θ with |θ − θ̂| ≤ z √V(θ), where

        V(θ) = θ(1 − θ) [1 + N ((1 − θ)/(2 − θ) + θ/(1 + θ))] / (n m)        N = (n + m)/2 − 1

    It stays inside [0, 1] and has width even when every run of x beats every run of y. `n` of the result is the
    smaller of n and m; NaN if one side is empty.
    """
    a, b = finite_vector(x, "x"), finite_vector(y, "y")
    open_unit(confidence, "confidence")
    n, m, method = len(a), len(b), "Newcombe 5"
    if n == 0 or m == 0:
        return Interval(NAN, NAN, NAN, 0, method, confidence)
    pairs = np.sign(a[:, None] - b[None, :])  # (n, m)
    theta = float((pairs.mean() + 1) / 2)
    z = float(stats.norm.ppf((1 + confidence) / 2))

    def excess(candidate: float) -> float:
        bracket = 1 + ((n + m) / 2 - 1) * ((1 - candidate) / (2 - candidate) + candidate / (1 + candidate))
        return (candidate - theta) ** 2 - z**2 * candidate * (1 - candidate) * bracket / (n * m)

    low = 0.0 if theta == 0 else float(brentq(excess, 0.0 if theta < 1 else 1e-12, theta * (1 - 1e-12)))
    high = 1.0 if theta == 1 else float(brentq(excess, theta + (1 - theta) * 1e-12, 1.0 if theta > 0 else 1 - 1e-12))
    return Interval(theta, low, high, min(n, m), method, confidence)


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
