"""Heterogeneity: statsmodels 0.15.0 (its documented example of six studies), and Welch's test as Q's correction."""

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics import cochran_q, heterogeneity

BASE = np.array([0.01, -0.01, 0.04, 0.0, 0.01, -0.01, 0.03, 0.02, -0.01, 0.03])


def test_cochran_q_agrees_with_statsmodels():
    effects, variances = [0.10, 0.30, 0.35, 0.65, 0.45, 0.15], np.array([0.03, 0.03, 0.05, 0.01, 0.05, 0.02])
    q, df, i_squared = cochran_q(effects, np.sqrt(variances))
    assert (q, df) == (pytest.approx(12.805627705627693), 5)
    assert i_squared == pytest.approx(0.6095466684696254)


def test_welch_p_value_agrees_with_statsmodels():
    result = heterogeneity({"a": BASE, "b": 2 * BASE + 0.01, "c": [0.03, -0.01, 0.02, 0.05, 0.01, 0.04]})
    assert result.p_value == pytest.approx(0.2558099114258061)
    assert result.q == pytest.approx(3.1974793361322487)


def test_two_datasets_that_agree_by_hand():
    assert cochran_q([1.0, 1.0], [0.5, 2.0]) == (0.0, 1, 0.0)
    # effects 0 and 2, both with standard error 1: pooled 1, Q = 2, I² = ½
    assert cochran_q([0.0, 2.0], [1.0, 1.0]) == pytest.approx((2.0, 1, 0.5))


def test_no_heterogeneity_is_found_in_5_percent_where_the_chi_square_of_q_finds_more():
    rng, welch, chi = np.random.default_rng(0), 0, 0
    for _ in range(600):
        result = heterogeneity({str(k): rng.normal(0, 1 + k, 10) for k in range(5)})
        welch += result.p_value <= 0.05
        chi += stats.chi2.sf(result.q, result.df) <= 0.05
    assert welch <= stats.binom.ppf(0.999, 600, 0.055)
    assert chi > 45


def test_refuses():
    with pytest.raises(ValueError, match="two datasets"):
        heterogeneity({"a": BASE})
    with pytest.raises(ValueError, match="b: needs"):
        heterogeneity({"a": BASE, "b": [0.1] * 10})
    with pytest.raises(ValueError, match="a holds 1 NaN"):
        heterogeneity({"a": [1.0, float("nan")], "b": BASE})
    with pytest.raises(ValueError, match="standard_errors"):
        cochran_q([1.0, 2.0], [1.0, 0.0])
