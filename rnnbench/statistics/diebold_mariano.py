"""Diebold and Mariano's test of equal accuracy of two forecasts, with the correction of Harvey, Leybourne and Newbold.

    d_t = loss of x − loss of y at time t        DM = d̄ / √((γ₀ + 2 Σ_{k<h} γ_k) / n)
    DM* = DM √((n + 1 − 2h + h(h − 1)/n) / n),  against Student's t with n − 1 degrees of freedom

γ_k is the autocovariance of d at lag k, h the steps ahead. Diebold & Mariano 1995, J. Business & Economic Statistics
13:253; Harvey, Leybourne & Newbold 1997, Int. J. Forecasting 13:281. It takes the two forecasters as given: what
training them again would change is not in it, so it is shown and decides nothing here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import stats

from rnnbench.statistics.checks import finite_vector


@dataclass(frozen=True)
class DieboldMariano:
    """`statistic` above 0: the first has the greater losses. `p`: of equal accuracy, two-sided. NaN and 1 where the
    variance is not positive."""

    statistic: float
    p: float
    n: int


def diebold_mariano(differences: ArrayLike, horizon: int = 1) -> DieboldMariano:
    """differences: (n,) of the losses of two forecasts, in time. ValueError unless 1 ≤ horizon < n."""
    d = finite_vector(differences, "differences")
    n, h = len(d), horizon
    if not 1 <= h < n:
        raise ValueError(f"the horizon must be 1 or more and below n = {n}, not {h}")
    centred = d - d.mean()
    gamma = [float(centred[k:] @ centred[: n - k]) / n for k in range(h)]
    variance = (gamma[0] + 2 * sum(gamma[1:])) / n
    if variance <= 0:
        return DieboldMariano(math.nan, 1.0, n)
    correction = math.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    statistic = float(d.mean()) / math.sqrt(variance) * correction
    return DieboldMariano(statistic, float(2 * stats.t.sf(abs(statistic), n - 1)), n)
