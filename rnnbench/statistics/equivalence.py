"""Equivalence by two one-sided tests (TOST; Schuirmann 1987): "no significant difference" is not "the same".

The two hypotheses to reject are effect ≤ −margin and effect ≥ +margin; the p-value is the larger of theirs. p ≤ 0.05
is the same as the 90 % interval (not the 95 % one) lying inside (−margin, margin).

`*_beyond` asks the opposite: is the effect shown to lie outside the margin? Twice the smaller of the two one-sided
p-values, so p ≤ 0.05 is the same as the whole 95 % interval lying on one side, outside.
"""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from rnnbench.statistics.intervals import SEED
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


def _positive(margin: float) -> None:
    if not (margin > 0 and math.isfinite(margin)):
        raise ValueError(f"an equivalence margin must be positive and finite, not {margin}")
