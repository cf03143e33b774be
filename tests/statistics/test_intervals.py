"""Intervals for a mean: by hand, against statsmodels 0.15.0 (constants), and their coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics import iqm_interval, mean_interval, sign_flip_interval
from rnnbench.statistics.sign_flip import sign_flip_bounds

ACCURACY = [0.91, 0.88, 0.95, 0.90, 0.93, 0.87, 0.94, 0.92, 0.89, 0.96]
METHODS = [mean_interval, iqm_interval, sign_flip_interval]


def test_t_interval_by_hand():
    # mean 2.5, s² = 5/3, se = √(5/12) = 0.645497, t(0.975; 3) = 3.182446 → reach 2.054260
    interval = mean_interval([1, 2, 3, 4])
    assert interval.estimate == 2.5
    assert interval.low == pytest.approx(2.5 - 2.054260, abs=1e-6)
    assert interval.high == pytest.approx(2.5 + 2.054260, abs=1e-6)
    assert (interval.high - interval.low) / 2 == pytest.approx(2.054260, abs=1e-6)
    assert (interval.n, interval.method, interval.confidence) == (4, "t", 0.95)
    assert 2.0 in interval
    assert 5.0 not in interval


def test_t_interval_agrees_with_statsmodels():
    interval = mean_interval(ACCURACY)
    assert (interval.low, interval.high) == pytest.approx((0.8933414941033185, 0.936658505896682), rel=1e-12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], 7.0),
        ([1, 2, 9], 4.0),  # ⌊3/4⌋ = 0 dropped
        ([100, 2, 1, 4], 3.0),  # 1 and 100 dropped
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 99], 4.5),  # two dropped at each end: 2 … 7
    ],
)
def test_interquartile_mean_by_hand(values, expected):
    estimate = iqm_interval(values).estimate
    assert estimate == expected
    assert estimate == pytest.approx(stats.trim_mean(values, 0.25))


def test_iqm_interval_agrees_with_scipys_percentile_bootstrap():
    ours = iqm_interval(ACCURACY, resamples=20_000)
    theirs = stats.bootstrap(
        (ACCURACY,), lambda x, axis: stats.trim_mean(x, 0.25, axis=axis), method="percentile", n_resamples=20_000
    ).confidence_interval
    assert ours.estimate == pytest.approx(0.915)  # 0.89 … 0.94 average
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=2e-3)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_interval(method):
    assert method(ACCURACY) == method(ACCURACY)


@pytest.mark.parametrize("method", METHODS)
def test_edges(method):
    nothing, one, constant = method([]), method([3.0]), method([2.0] * 10)
    assert nothing.n == 0
    assert math.isnan(nothing.estimate)
    assert one.estimate == 3.0
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    assert (constant.low, constant.estimate, constant.high) == pytest.approx((2.0, 2.0, 2.0))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("values", "names"),
    [([1.0, float("nan")], "NaN.*index 1"), ([float("inf"), 1.0], "infinite"), ([[1.0], [2.0]], r"shape \(2, 1\)")],
)
def test_what_is_not_a_number_is_refused_by_name(method, values, names):
    with pytest.raises(ValueError, match=names):
        method(values)


def test_impossible_confidence_is_refused():
    with pytest.raises(ValueError, match="confidence"):
        mean_interval([1, 2, 3], confidence=95)


def coverage(bounds, truth):
    low, high = bounds
    return np.mean((low <= truth) & (truth <= high))


def t_bounds(x):
    reach = stats.t.ppf(0.975, x.shape[1] - 1) * x.std(1, ddof=1) / math.sqrt(x.shape[1])
    return x.mean(1) - reach, x.mean(1) + reach


def test_coverage_of_2000_normal_studies_of_ten():
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(2_000, 10))
    by_t = np.array([[(i := mean_interval(row)).low, i.high] for row in x]).T
    np.testing.assert_allclose(by_t, t_bounds(x))
    assert 0.93 <= coverage(by_t, 3.0) <= 0.97
    assert 0.93 <= coverage(sign_flip_bounds(x, 0.95), 3.0) <= 0.97
    iqm = np.array([[(i := iqm_interval(row, resamples=499)).low, i.high] for row in x]).T
    assert 0.93 <= coverage(iqm, 3.0) <= 0.97


def test_coverage_of_skewed_and_bimodal_studies_is_what_the_documentation_says():
    """Student's t is optimistic for the mean of skewed outcomes; docs/statistics.md states by how much."""
    rng = np.random.default_rng(0)
    skewed = rng.lognormal(0, 0.7, size=(4_000, 10))
    assert coverage(t_bounds(skewed), math.exp(0.7**2 / 2)) == pytest.approx(0.90, abs=0.02)
    solved = rng.random((4_000, 10)) < 0.7
    bimodal = np.where(solved, rng.normal(0.95, 0.03, solved.shape), rng.normal(0.5, 0.03, solved.shape))
    assert coverage(t_bounds(bimodal), 0.7 * 0.95 + 0.3 * 0.5) == pytest.approx(0.945, abs=0.015)
    paired = bimodal[:2_000] - bimodal[2_000:]
    assert 0.93 <= coverage(sign_flip_bounds(paired, 0.95), 0.0) <= 0.97
    skewed_pairs = skewed[:2_000] - skewed[2_000:]
    assert 0.93 <= coverage(sign_flip_bounds(skewed_pairs, 0.95), 0.0) <= 0.97
