"""Does it depend on the data? Heterogeneity of one effect across datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from rnnbench.statistics.checks import FloatArray, finite_vector


@dataclass(frozen=True)
class Heterogeneity:
    """`q` is Cochran's Q with `df` degrees of freedom; `i_squared` the share of the spread between datasets that
    chance does not explain, 0 to 1; `method` names the test that `p_value` comes from."""

    q: float
    df: int
    p_value: float
    method: str
    i_squared: float


def heterogeneity(differences: Mapping[str, ArrayLike]) -> Heterogeneity:
    """Heterogeneity of paired differences over datasets. differences: dataset → (nₖ,), on one common scale.

    Use a common scale (log-ratios, or shares of the way from chance to perfect), not raw metrics of different units.
    Q takes standard errors for known; from ten pairs they are not, and its χ² rejects a true null too often. The
    p-value is therefore that of Welch's one-way test (1951, Biometrika 38:330), which is Q corrected for just that:

        F = Q/(k − 1) / (1 + 2(k − 2)/(k² − 1) Λ)    Λ = Σ (1 − wᵢ/Σw)²/(nᵢ − 1)    df = k − 1, (k² − 1)/(3Λ)

    ValueError for fewer than two datasets, fewer than two pairs in one, or differences without any spread in one.
    """
    vectors = {name: finite_vector(values, name) for name, values in differences.items()}
    if len(vectors) < 2:
        raise ValueError(f"heterogeneity needs at least two datasets, not {len(vectors)}")
    for name, d in vectors.items():
        if len(d) < 2 or d.std() <= 1e-12 * np.abs(d).max():
            raise ValueError(f"{name}: needs at least two differences that are not all the same")
    counts = np.array([len(d) for d in vectors.values()])
    means = np.array([d.mean() for d in vectors.values()])
    errors = np.array([d.std(ddof=1) for d in vectors.values()]) / np.sqrt(counts)
    q, df, i_squared = cochran_q(means, errors)
    k, shares = len(counts), errors**-2.0 / (errors**-2.0).sum()
    spread = float(((1 - shares) ** 2 / (counts - 1)).sum())
    f = q / df / (1 + 2 * (k - 2) / (k**2 - 1) * spread)
    p = float(stats.f.sf(f, df, (k**2 - 1) / (3 * spread)))
    return Heterogeneity(q, df, p, "Welch's one-way test", i_squared)


def cochran_q(effects: ArrayLike, standard_errors: ArrayLike) -> tuple[float, int, float]:
    """Q, its degrees of freedom and I². effects, standard_errors: (k,).

        w = 1/se²    pooled = Σwy/Σw    Q = Σ w (y − pooled)²    I² = max(0, (Q − df)/Q)

    Cochran 1954; Higgins & Thompson 2002. ValueError for a standard error not above 0.
    """
    y, se = finite_vector(effects, "effects"), finite_vector(standard_errors, "standard_errors")
    if len(y) != len(se) or len(y) < 2:
        raise ValueError(f"need at least two effects and as many standard errors, not {len(y)} and {len(se)}")
    if (se <= 0).any():
        raise ValueError(f"standard_errors must be above 0; found {se.min()}")
    w: FloatArray = se**-2.0
    pooled = float(w @ y / w.sum())
    q, df = float(w @ (y - pooled) ** 2), len(y) - 1
    return q, df, max(0.0, (q - df) / q) if q > 0 else 0.0
