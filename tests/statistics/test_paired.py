"""Effects, equivalence, Holm, probability of improvement, seeds needed: by hand and against statsmodels 0.15.0."""

import math

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics import (
    contrast_interval,
    difference_of_differences,
    holm,
    interaction_slopes,
    paired_difference,
    paired_equivalence,
    paired_probability_of_improvement,
    paired_ratio,
    probability_of_improvement,
    seeds_for_difference,
    seeds_for_equivalence,
    sign_flip_beyond,
    sign_flip_equivalence,
    unpaired_equivalence,
    welch_difference,
)

X = [0.91, 0.88, 0.95, 0.90, 0.93, 0.87, 0.94, 0.92, 0.89, 0.96]
Y = [0.90, 0.89, 0.91, 0.90, 0.92, 0.88, 0.91, 0.90, 0.90, 0.93]


def test_paired_difference_is_the_sign_flip_interval_or_t_below_six_pairs():
    assert paired_difference(X, Y).estimate == pytest.approx(0.011)
    assert paired_difference(X, Y).method == "sign-flip"
    few = paired_difference([2, 4, 6, 8], [1, 2, 3, 4])  # differences 1 2 3 4
    assert (few.method, few.estimate) == ("t", 2.5)
    assert few.low == pytest.approx(0.445740, abs=1e-6)


def test_welch_agrees_with_statsmodels():
    interval = welch_difference(X, Y)
    assert (interval.low, interval.high) == pytest.approx((-0.011906426516200955, 0.033906426516201196), rel=1e-10)


def test_ratio_by_hand():
    # x is 2, 4 and 8 times y: geometric mean 4; logs spread by log 2 around log 4, se = log 2/√3
    ratio = paired_ratio([2, 4, 8], [1, 1, 1])
    assert ratio.estimate == pytest.approx(4.0)
    assert ratio.high / 4.0 == pytest.approx(math.exp(stats.t.ppf(0.975, 2) * math.log(2) / math.sqrt(3)))
    with pytest.raises(ValueError, match="positive"):
        paired_ratio([1.0, 0.0], [1.0, 1.0])


def test_contrasts_by_hand():
    # a gains 1 and 3 on b from condition 1 to 2
    contrast = difference_of_differences([5, 5], [4, 4], [7, 9], [5, 5])
    np.testing.assert_allclose(contrast, [1, 3])
    # differences rise by 0.5 a doubling in seed 0, fall by 1 in seed 1, are flat in seed 2
    slopes = interaction_slopes([[0.0, 0.5, 1.0], [3, 2, 1], [1, 1, 1]], [100, 200, 400])
    np.testing.assert_allclose(slopes, [0.5, -1.0, 0.0], atol=1e-12)


def test_slopes_are_those_of_least_squares():
    d, sizes = np.random.default_rng(0).normal(size=(5, 4)), [10, 30, 100, 1_000]
    expected = [stats.linregress(np.log2(sizes), row).slope for row in d]
    np.testing.assert_allclose(interaction_slopes(d, sizes), expected)


@pytest.mark.parametrize(
    ("differences", "sizes"),
    [([[1.0, 2.0]], [1, 2, 3]), ([1.0, 2.0], [1, 2]), ([[1.0, 2.0]], [5, 5]), ([[1.0, 2.0]], [0, 5])],
)
def test_slopes_refuse(differences, sizes):
    with pytest.raises(ValueError, match=r"sizes|differences"):
        interaction_slopes(differences, sizes)


@pytest.mark.parametrize("function", [paired_difference, paired_ratio, paired_probability_of_improvement])
def test_pairs_need_equal_lengths_and_numbers(function):
    with pytest.raises(ValueError, match="equal lengths, not 2 and 3"):
        function([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="y holds 1 NaN"):
        function([1.0, 2.0], [1.0, float("nan")])


@pytest.mark.parametrize("function", [paired_difference, welch_difference, probability_of_improvement])
def test_no_runs_give_nan(function):
    assert math.isnan(function([], []).estimate)
    assert function([], []).n == 0


def test_equivalence_agrees_with_statsmodels():
    assert paired_equivalence(X, Y, 0.02) == pytest.approx(0.0794593751407437, rel=1e-10)
    assert unpaired_equivalence(X, Y, 0.03) == pytest.approx(0.04816881397026909, rel=1e-10)


def test_sign_flip_equivalence_by_hand():
    # margin 2 around ±1, ±1: shifted differences 3 1 3 1 and −1 −3 −1 −3 all one way, 1 of 16 patterns each
    assert sign_flip_equivalence([1, -1, 1, -1], 2.0) == 1 / 16
    assert sign_flip_beyond([5, 6, 7, 8], 2.0) == 2 / 16
    assert sign_flip_beyond([1, -1, 1, -1], 2.0) == 1.0


def test_equivalence_is_the_90_percent_interval_inside_the_margin():
    for d in np.random.default_rng(1).normal(0.2, 1, size=(80, 10)):
        interval = contrast_interval(d, confidence=0.90)
        for margin in (0.5, 0.8, 1.1):
            inside = -margin < interval.low and interval.high < margin
            assert (sign_flip_equivalence(d, margin) <= 0.05) == inside


def test_two_identical_cells_are_equivalent_and_a_margin_must_be_positive():
    assert sign_flip_equivalence([0.0] * 10, 0.01) == 1 / 1024
    assert paired_equivalence([1.0] * 10, [1.0] * 10, 0.01) == 0.0
    assert paired_equivalence([2.0] * 10, [1.0] * 10, 0.01) == 1.0
    assert paired_equivalence([1.0], [1.0], 0.1) == 1.0
    for margin in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="margin"):
            sign_flip_equivalence([1.0, 2.0], margin)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_equivalence_just_outside_the_margin_is_called_in_at_most_5_percent(side):
    d = np.random.default_rng(7).normal(side * 0.5001, 0.4, size=(2_000, 10))
    limit = stats.binom.ppf(0.999, 2_000, 0.05)
    assert sum(sign_flip_equivalence(row, 0.5) <= 0.05 for row in d) <= limit
    assert sum(paired_equivalence(row, np.zeros(10), 0.5) <= 0.05 for row in d[:1_000]) <= limit / 1.7


def test_holm_agrees_with_statsmodels_and_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])
    assert len(holm([])) == 0
    with pytest.raises(ValueError, match="p_values"):
        holm([0.5, 1.5])


def test_probability_of_improvement_by_hand():
    # 9 pairs: 3 > 1, 3 > 2, 2 > 1 win; 1 = 1, 2 = 2, 3 = 3 tie
    assert probability_of_improvement([1, 2, 3], [1, 2, 3]).estimate == 0.5
    assert probability_of_improvement([4, 5, 6], [1, 2, 3]).estimate == 1.0
    assert probability_of_improvement(X, Y).estimate == pytest.approx(0.61)  # also statsmodels' rank_compare_2indep


def test_bounds_of_probability_of_improvement_by_hand():
    """With n = m and u = θ(1 − θ), the bracket of V is 1 + N (1 + 2u)/(2 + u), N = n − 1, and V is Hanley & McNeil's
    (1982) variance of an area under a ROC curve. Where one run meets one and wins, N = 0 and (1 − θ)² = z² θ(1 − θ):

        θ = 1/(1 + z²) = 0.2065

    At θ̂ = ½, (θ − ½)² = ¼ − u, so that (¼ − u)(2 + u) n² = z² u (2 + u + N (1 + 2u)), a quadratic in u. For n = 2

        (4 + 3z²) u² + (7 + 3z²) u − 2 = 0          15.52438 u² + 18.52438 u − 2 = 0     u = 0.0996448
        θ = ½ − √(¼ − u) = 0.112243

    and for n = 10

        (100 + 19z²) u² + (175 + 11z²) u − 50 = 0   172.98772 u² + 217.25605 u − 50 = 0  u = 0.1987048
        θ = ½ − √(¼ − u) = 0.273516
    """
    assert probability_of_improvement([1], [0]).low == pytest.approx(1 / 4.841459, rel=1e-6)
    two, ten = (probability_of_improvement(range(n), range(n)) for n in (2, 10))
    assert (two.low, two.high) == pytest.approx((0.112243, 0.887757), abs=1e-6)
    assert (ten.low, ten.high) == pytest.approx((0.273516, 0.726484), abs=1e-6)


def test_probability_of_improvement_keeps_width_at_its_ends():
    for x, y, expected in (([4, 5, 6], [1, 2, 3], 1.0), ([1, 2, 3], [4, 5, 6], 0.0), ([1] * 5, [1] * 5, 0.5)):
        interval = probability_of_improvement(x, y)
        assert interval.estimate == expected
        assert 0 <= interval.low <= expected <= interval.high <= 1
        assert interval.high - interval.low > 0.3


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_coverage_of_probability_of_improvement(shift):
    rng, truth, held = np.random.default_rng(0), stats.norm.cdf(shift / math.sqrt(2)), 0
    for _ in range(1_000):
        held += truth in probability_of_improvement(rng.normal(shift, 1, 10), rng.normal(0, 1, 10))
    assert 0.93 <= held / 1_000 <= 0.98


def test_paired_probability_of_improvement_by_hand():
    interval = paired_probability_of_improvement([2, 2, 2, 2], [1, 1, 2, 3])
    assert interval.estimate == (2 + 0.5) / 4


@pytest.mark.parametrize(("d", "alpha", "exact"), [(1.0, 0.05, 9.938), (0.5, 0.05, 33.367), (0.5, 0.01, 50.065)])
def test_seeds_for_difference_agree_with_the_exact_power_of_statsmodels(d, alpha, exact):
    assert seeds_for_difference(d, 1.0, alpha) == pytest.approx(math.ceil(exact), abs=1)


def test_seeds_for_equivalence_reach_their_power():
    n = seeds_for_equivalence(0.1, 1.0, 0.6)
    rng = np.random.default_rng(0)
    d = rng.normal(0.1, 1.0, size=(4_000, n))
    error = d.std(1, ddof=1) / math.sqrt(n)
    reach = stats.t.ppf(0.95, n - 1) * error
    assert np.mean(np.abs(d.mean(1)) + reach < 0.6) == pytest.approx(0.8, abs=0.03)


def test_seeds_where_none_or_few_will_do():
    assert seeds_for_difference(0.0, 1.0) is None
    assert seeds_for_difference(1e-6, 1.0) is None
    assert seeds_for_difference(1.0, 0.0) == 6  # 2 / 2⁶ = 0.031: five flips cannot reach 5 %
    assert seeds_for_equivalence(0.7, 1.0, 0.6) is None
    assert seeds_for_equivalence(0.0, 0.0, 0.6) == 5
