"""Many conditions, one claim: the Holm correction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.statistics.checks import FloatArray, finite_vector


def holm_or_all(p_values: ArrayLike, alike: bool) -> FloatArray:
    """Holm's adjusted p-values or, where all effects go one way (`alike`), the largest p-value if that is less.

    To say of all conditions at once that they go one way needs no correction, as every one of them has to pass
    (intersection–union, Berger 1982). With two conditions this is Hochberg's procedure (1988), which keeps its level
    for conditions that are independent or depend on each other positively; with more it says less than Hochberg's.
    """
    adjusted = holm(p_values)
    return np.minimum(adjusted, np.max(p_values)) if alike and len(adjusted) else adjusted


def holm(p_values: ArrayLike) -> FloatArray:
    """Holm's step-down adjusted p-values (Holm 1979), in the order given. p_values: (m,) → (m,).

        p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎)

    Rejecting where p̃ ≤ α keeps the chance of any false rejection among the m at α, however they depend on each other.
    ValueError for NaN or a value outside [0, 1].
    """
    p = finite_vector(p_values, "p_values")
    if ((p < 0) | (p > 1)).any():
        raise ValueError(f"p_values must lie in [0, 1]; found {p[(p < 0) | (p > 1)][0]}")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(np.minimum(1.0, p[order] * np.arange(len(p), 0, -1)))
    adjusted = np.empty_like(p)
    adjusted[order] = stepped
    return adjusted
