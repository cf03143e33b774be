"""Several contenders on several datasets: mean ranks, whether they differ at all, and by how much ranks must.

    χ²_F = 12 N/(k(k + 1)) (Σⱼ Rⱼ² − k(k + 1)²/4)        CD = q_α √(k(k + 1)/(6N))
    F_F = (N − 1) χ²_F / (N(k − 1) − χ²_F),  against F with (k − 1, (k − 1)(N − 1)) degrees of freedom

Friedman 1937; Iman & Davenport 1980; Nemenyi 1963; Demšar 2006, JMLR 7:1, section 3.2.2. q_α is the studentised range
for infinite degrees of freedom over √2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from rnnbench.statistics.checks import FloatArray, finite_vector, open_unit


@dataclass(frozen=True)
class Ranks:
    """`mean`: (k,) of 1 (best) to k, ties shared. `critical`: mean ranks nearer than this are not told apart. `p`: of
    no difference among all, Iman and Davenport's F."""

    mean: tuple[float, ...]
    critical: float
    chi_squared: float
    p: float
    datasets: int


def ranks(scores: ArrayLike, better: str = "higher", alpha: float = 0.05) -> Ranks:
    """scores: (N, k) dataset by contender. ValueError for NaN or infinite values, fewer than two of either."""
    table: FloatArray = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(f"scores must be (datasets, contenders), two or more of each, not {table.shape}")
    finite_vector(table.ravel(), "scores")
    open_unit(alpha, "alpha")
    N, k = table.shape
    mean = stats.rankdata(-table if better == "higher" else table, axis=1).mean(axis=0)
    chi = 12 * N / (k * (k + 1)) * (float((mean**2).sum()) - k * (k + 1) ** 2 / 4)
    rest = N * (k - 1) - chi
    p = 0.0 if rest <= 1e-12 else float(stats.f.sf((N - 1) * chi / rest, k - 1, (k - 1) * (N - 1)))
    q = float(stats.studentized_range.ppf(1 - alpha, k, np.inf)) / math.sqrt(2)
    return Ranks(tuple(mean.tolist()), q * math.sqrt(k * (k + 1) / (6 * N)), chi, p, N)
