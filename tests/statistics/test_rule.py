"""The one rule: numbers by hand and by scipy's t; words; and how often they are wrong in studies of known truth."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from rnnbench.statistics import (
    corrected_interval,
    corrected_test,
    judge,
    probabilities,
    standard_error,
)

D = [1.0, 2.0, 3.0, 4.0, 5.0]  # mean 3, s² = 10/4


def test_the_corrected_variance_by_hand():
    # s² (1/J + rho) = 2.5 (0.2 + 0.25) = 1.125, of independent units 2.5 · 0.2 = 0.5
    assert standard_error(D, 0.25) == pytest.approx(math.sqrt(1.125))
    assert standard_error(D) == pytest.approx(math.sqrt(0.5))
    # t(0.975; 4) = 2.776445: 3 ± 2.776445 · 1.060660
    interval = corrected_interval(D, 0.25)
    assert (interval.low, interval.high) == (pytest.approx(0.055136, abs=1e-5), pytest.approx(5.944864, abs=1e-5))
    assert (interval.estimate, interval.n) == (3.0, 5)


def test_nadeau_and_bengio_s_random_subsampling():
    """Fifteen splits of 9 to 1: the variance of a mean is 1/15 + 1/9 of s², 2.667 times that of independent ones."""
    d = np.random.default_rng(0).normal(size=15)
    assert (standard_error(d, 1 / 9) / standard_error(d)) ** 2 == pytest.approx((1 / 15 + 1 / 9) * 15)
    greater, less = corrected_test(d, 1 / 9, null=0.1)
    t = (d.mean() - 0.1) / (d.std(ddof=1) * math.sqrt(1 / 15 + 1 / 9))
    assert greater == pytest.approx(stats.t.sf(t, 14)) and less == pytest.approx(1 - greater)
    independent = stats.ttest_1samp(d, 0.1, alternative="greater")
    assert corrected_test(d, 0.0, null=0.1)[0] == pytest.approx(independent.pvalue)
    interval = stats.ttest_1samp(d, 0).confidence_interval(0.9)
    mine = corrected_interval(d, 0.0, 0.9)
    assert (mine.low, mine.high) == pytest.approx((interval.low, interval.high))


def test_probabilities_are_areas_under_the_posterior():
    """Student's t about 3 with scale √1.125 and 4 degrees of freedom, integrated numerically."""
    posterior = stats.t(4, 3, math.sqrt(1.125)).pdf
    areas = [integrate.quad(posterior, *ends)[0] for ends in ((1, math.inf), (-1, 1), (-math.inf, -1))]
    found = probabilities(D, 1.0, 0.25)
    assert (found.above, found.within, found.below) == pytest.approx(areas, abs=1e-7)
    flipped = probabilities([-d for d in D], 1.0, 0.25)
    assert (flipped.below, flipped.within) == pytest.approx((found.above, found.within))
    assert probabilities(D, 0.0).within == pytest.approx(0.0, abs=1e-12)


def test_what_has_no_spread_or_no_units():
    same = probabilities([0.5] * 10, 1.0, 0.2)
    assert (same.above, same.within, same.below) == (0.0, 1.0, 0.0)
    assert corrected_test([0.5] * 10, 0.2) == (0.0, 1.0)
    assert math.isnan(probabilities([1.0], 0.1).within) and math.isnan(corrected_interval([1.0], 0.2).low)
    assert math.isnan(corrected_interval([], 0.2).estimate)
    assert corrected_test([1.0], 0.2) == (1.0, 1.0)
    for rho in (-0.1, math.inf, math.nan):
        with pytest.raises(ValueError, match="rho"):
            standard_error(D, rho)
    with pytest.raises(ValueError, match="margin"):
        probabilities(D, -1.0)
    with pytest.raises(ValueError, match="NaN"):
        judge([1.0, math.nan])


def test_independent_units_are_judged_by_sign_flips_and_t():
    d = 0.5 + np.random.default_rng(1).normal(0, 0.3, 12)
    found = judge(d, margin=0.1)
    exact = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    interval = stats.ttest_1samp(d, 0).confidence_interval(0.95)
    assert found.p == pytest.approx(exact.pvalue)
    assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high))
    assert (found.word, found.estimate) == ("above", pytest.approx(d.mean()))
    assert (judge(-d, margin=0.1).word, judge(d, margin=2.0).word) == ("below", "equivalent")
    assert judge(d, family=3).p_adjusted == pytest.approx(3 * exact.pvalue)
    few = judge(d[:9])
    assert (few.word, few.reason) == ("undecided", "too few seeds to say: n = 9")


def test_units_that_share_training_data_are_judged_by_the_corrected_t():
    """Mean 0.4 of 15 splits, s = 0.5: t is 3.1 of independent ones, and 1.9 with rho = 1/9, t(0.975; 14) being 2.14."""
    d = stats.zscore(np.random.default_rng(2).normal(size=15), ddof=1) * 0.5 + 0.4
    assert judge(d, margin=0.01).word == "above"
    found = judge(d, margin=0.01, rho=1 / 9)
    t = 0.4 / (0.5 * math.sqrt(1 / 15 + 1 / 9))
    assert (found.word, found.p) == ("undecided", pytest.approx(2 * stats.t.sf(t, 14)))
    assert found.interval.low < 0 < found.interval.high and "n_test / n_train" in found.interval.method
    assert found.probabilities.above == pytest.approx(stats.t.sf((0.01 - 0.4) / (0.4 / t), 14))
    # within 2 by both tests: (2 − 0.4) / 0.2108 = 7.6 standard errors from the nearer end
    assert judge(d, margin=2.0, rho=1 / 9).word == "equivalent"
