"""Effects, equivalence, Holm, probability of improvement, seeds needed: by hand and against statsmodels 0.15.0."""

import math

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics import (
    holm,
    interaction_slopes,
    paired_condition,
    paired_probability_of_improvement,
    seeds_for_difference,
    seeds_for_equivalence,
    sign_flip_beyond,
    sign_flip_equivalence,
    sign_flip_interval,
)

X = [0.91, 0.88, 0.95, 0.90, 0.93, 0.87, 0.94, 0.92, 0.89, 0.96]
Y = [0.90, 0.89, 0.91, 0.90, 0.92, 0.88, 0.91, 0.90, 0.90, 0.93]


def difference(x, y):
    return paired_condition("c", x, y).effect


def ratio(x, y):
    return paired_condition("c", x, y, scale="ratio").effect


def test_a_difference_has_the_t_interval():
    assert difference(X, Y).estimate == pytest.approx(0.011)
    few = difference([2, 4, 6, 8], [1, 2, 3, 4])  # differences 1 2 3 4
    assert (few.method, few.estimate) == ("t", 2.5)
    assert few.low == pytest.approx(0.445740, abs=1e-6)


def test_ratio_by_hand():
    # x is 2, 4 and 8 times y: geometric mean 4; logs spread by log 2 around log 4, se = log 2/√3
    times = ratio([2, 4, 8], [1, 1, 1])
    assert times.estimate == pytest.approx(4.0)
    assert times.high / 4.0 == pytest.approx(math.exp(stats.t.ppf(0.975, 2) * math.log(2) / math.sqrt(3)))
    with pytest.raises(ValueError, match="positive"):
        ratio([1.0, 0.0], [1.0, 1.0])


def test_slopes_by_hand():
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


@pytest.mark.parametrize("function", [difference, ratio, paired_probability_of_improvement])
def test_pairs_need_equal_lengths_and_numbers(function):
    with pytest.raises(ValueError, match="equal lengths, not 2 and 3"):
        function([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="y holds 1 NaN"):
        function([1.0, 2.0], [1.0, float("nan")])


@pytest.mark.parametrize("function", [difference, paired_probability_of_improvement])
def test_no_runs_give_nan(function):
    assert math.isnan(function([], []).estimate)
    assert function([], []).n == 0


def test_sign_flip_equivalence_by_hand():
    # margin 2 around ±1, ±1: shifted differences 3 1 3 1 and −1 −3 −1 −3 all one way, 1 of 16 patterns each
    assert sign_flip_equivalence([1, -1, 1, -1], 2.0) == 1 / 16
    assert sign_flip_beyond([5, 6, 7, 8], 2.0) == 2 / 16
    assert sign_flip_beyond([1, -1, 1, -1], 2.0) == 1.0


def test_equivalence_is_the_90_percent_interval_inside_the_margin():
    for d in np.random.default_rng(1).normal(0.2, 1, size=(80, 10)):
        interval = sign_flip_interval(d, confidence=0.90)
        for margin in (0.5, 0.8, 1.1):
            inside = -margin < interval.low and interval.high < margin
            assert (sign_flip_equivalence(d, margin) <= 0.05) == inside


def test_two_identical_cells_are_equivalent_and_a_margin_must_be_positive():
    assert sign_flip_equivalence([0.0] * 10, 0.01) == 1 / 1024
    for margin in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="margin"):
            sign_flip_equivalence([1.0, 2.0], margin)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_equivalence_just_outside_the_margin_is_called_in_at_most_5_percent(side):
    d = np.random.default_rng(7).normal(side * 0.5001, 0.4, size=(2_000, 10))
    assert sum(sign_flip_equivalence(row, 0.5) <= 0.05 for row in d) <= stats.binom.ppf(0.999, 2_000, 0.05)


def test_holm_agrees_with_statsmodels_and_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])
    assert len(holm([])) == 0
    with pytest.raises(ValueError, match="p_values"):
        holm([0.5, 1.5])


def test_paired_probability_of_improvement_by_hand():
    interval = paired_probability_of_improvement([2, 2, 2, 2], [1, 1, 2, 3])
    assert interval.estimate == (2 + 0.5) / 4
    # ten of ten: Wilson's 1/(1 + z²/n) = 10/13.841459
    always = paired_probability_of_improvement(range(1, 11), range(10))
    assert (always.low, always.high) == (pytest.approx(10 / 13.841459, rel=1e-6), 1.0)


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
