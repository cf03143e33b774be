"""Equivalence by two one-sided tests (TOST; Schuirmann 1987): "no significant difference" is not "the same".

The two hypotheses to reject are effect ≤ −margin and effect ≥ +margin; the p-value is the larger of theirs. p ≤ 0.05
is the same as the 90 % interval (not the 95 % one) lying inside (−margin, margin).

`*_beyond` asks the opposite: is the effect shown to lie outside the margin? Twice the smaller of the two one-sided
p-values, so p ≤ 0.05 is the same as the whole 95 % interval lying on one side, outside.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from rnnbench.statistics.checks import finite_vector, paired_vectors
from rnnbench.statistics.intervals import SEED
from rnnbench.statistics.paired import welch_error
from rnnbench.statistics.sign_flip import sign_flip_test


def sign_flip_equivalence(differences: ArrayLike, margin: float, seed: int = SEED) -> float:
    """TOST with sign-flip tests around −margin and +margin. differences: (n,), unit of `margin` → p-value.

    Exact for differences that are symmetric about their centre. ValueError unless the margin is positive.
    """
    _positive(margin)
    return max(
        sign_flip_test(differences, "greater", null=-margin, seed=seed),
        sign_flip_test(differences, "less", null=margin, seed=seed),
    )


def sign_flip_beyond(differences: ArrayLike, margin: float, seed: int = SEED) -> float:
    """p-value of H₀: |effect| ≤ margin. differences: (n,), unit of `margin`."""
    _positive(margin)
    above = sign_flip_test(differences, "greater", null=margin, seed=seed)
    below = sign_flip_test(differences, "less", null=-margin, seed=seed)
    return min(1.0, 2 * min(above, below))


def paired_equivalence(x: ArrayLike, y: ArrayLike, margin: float) -> float:
    """TOST with paired t-tests: the textbook form, exact for normal differences. x, y: (n,). n < 2 gives p = 1."""
    d = np.subtract(*paired_vectors(x, y))
    if len(d) < 2:
        return 1.0
    return t_equivalence(float(d.mean()), float(d.std(ddof=1)) / math.sqrt(len(d)), len(d) - 1, margin)


def unpaired_equivalence(x: ArrayLike, y: ArrayLike, margin: float) -> float:
    """TOST with Welch's t-tests. x: (n,), y: (m,). Fewer than two runs on a side give p = 1."""
    a, b = finite_vector(x, "x"), finite_vector(y, "y")
    if min(len(a), len(b)) < 2:
        return 1.0
    error, df = welch_error(a, b)
    return t_equivalence(float(a.mean() - b.mean()), error, df, margin)


def t_equivalence(effect: float, error: float, df: float, margin: float) -> float:
    """p = max(P(T > (effect + margin)/se), P(T < (effect − margin)/se)), T with `df` degrees of freedom."""
    _positive(margin)
    return max(_upper_tail(effect + margin, error, df), _upper_tail(margin - effect, error, df))


def t_beyond(effect: float, error: float, df: float, margin: float) -> float:
    """p-value of H₀: |effect| ≤ margin, from an estimate and its standard error."""
    _positive(margin)
    return min(1.0, 2 * min(_upper_tail(effect - margin, error, df), _upper_tail(-margin - effect, error, df)))


def t_two_sided(effect: float, error: float, df: float) -> float:
    """p-value of no effect, 2 P(T > |effect|/se). Without any spread: 1 for an effect of 0, else 0."""
    return min(1.0, 2 * _upper_tail(abs(effect), error, df))


def _upper_tail(distance: float, error: float, df: float) -> float:
    if error == 0.0:
        return 0.0 if distance > 0 else 1.0
    return float(stats.t.sf(distance / error, df))


def _positive(margin: float) -> None:
    if not (margin > 0 and math.isfinite(margin)):
        raise ValueError(f"an equivalence margin must be positive and finite, not {margin}")
