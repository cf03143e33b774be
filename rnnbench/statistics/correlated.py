"""Units that share training data: the same estimate with an honest variance, and probabilities.

Differences of J random splits of one data set are not independent, as any two train on mostly the same rows. With the
variance σ² and the correlation r between any two

    Var d̄ = σ² (1 − r) (1/J + r/(1 − r))        E s² = σ² (1 − r)

and r = n_test / (n_test + n_train) this is Nadeau and Bengio's correction (2003, Machine Learning 52:239, section 5):

    se² = s² (1/J + rho)        rho = r/(1 − r) = n_test / n_train        rho = 0: independent units

Bayesian, with Jeffreys' prior and the same correlation, the mean has Student's t distribution about d̄ with scale se and
J − 1 degrees of freedom (Corani & Benavoli 2015, Machine Learning 100:285; Benavoli et al. 2017, JMLR 18(77)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from rnnbench.statistics.checks import finite_vector, open_unit
from rnnbench.statistics.intervals import NAN, Interval, t_quantile


@dataclass(frozen=True)
class Probabilities:
    """Of the mean difference: above the margin, within it, below it. They add up to 1."""

    above: float
    within: float
    below: float


def standard_error(differences: ArrayLike, rho: float = 0.0) -> float:
    """√(s² (1/J + rho)) of differences (J,); NaN for fewer than two. ValueError unless 0 ≤ rho < ∞."""
    d = finite_vector(differences, "differences")
    if not 0 <= rho < math.inf:
        raise ValueError(f"rho is n_test / n_train, 0 or more, not {rho}")
    return float(d.std(ddof=1)) * math.sqrt(1 / len(d) + rho) if len(d) > 1 else NAN


def corrected_interval(differences: ArrayLike, rho: float, confidence: float = 0.95) -> Interval:
    """Student's t interval of the mean with the corrected variance. differences: (J,)."""
    d = finite_vector(differences, "differences")
    open_unit(confidence, "confidence")
    method = f"t, corrected for {rho:.3g} = n_test / n_train"
    if not len(d):
        return Interval(NAN, NAN, NAN, 0, method, confidence)
    mean, error = float(d.mean()), standard_error(d, rho)
    reach = NAN if math.isnan(error) else t_quantile(confidence, len(d) - 1) * error
    return Interval(mean, mean - reach, mean + reach, len(d), method, confidence)


def corrected_test(differences: ArrayLike, rho: float, null: float = 0.0) -> tuple[float, float]:
    """One-sided p-values of (mean ≤ null, mean ≥ null) with the corrected variance; (1, 1) for fewer than two.

    differences: (J,). Without any spread the mean is known: 0 where it lies on the other side, 1 where it does not.
    """
    d = finite_vector(differences, "differences")
    error = standard_error(d, rho)
    if math.isnan(error):
        return 1.0, 1.0
    gap = float(d.mean()) - null
    if error <= 1e-12 * np.abs(d).max(initial=0.0):
        return float(gap <= 0), float(gap >= 0)
    return float(stats.t.sf(gap / error, len(d) - 1)), float(stats.t.cdf(gap / error, len(d) - 1))


def probabilities(differences: ArrayLike, margin: float, rho: float = 0.0) -> Probabilities:
    """The Bayesian correlated t-test: where the mean difference lies. differences: (J,), two or more; margin: ≥ 0.

    All NaN for fewer than two differences. Without any spread the mean is known.
    """
    d = finite_vector(differences, "differences")
    if not 0 <= margin < math.inf:
        raise ValueError(f"a margin must be 0 or more, not {margin}")
    error = standard_error(d, rho)
    if math.isnan(error):
        return Probabilities(NAN, NAN, NAN)
    above = 1 - corrected_test(d, rho, margin)[0]
    below = 1 - corrected_test(d, rho, -margin)[1]
    return Probabilities(above, max(0.0, 1 - above - below), below)
