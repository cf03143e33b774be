"""Many conditions, one claim: the Holm correction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.statistics.checks import FloatArray, finite_vector


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
