"""Censored times: Freireich et al. 1963 (remission under 6-MP and placebo), lifelines 0.30.3, and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics import (
    kaplan_meier,
    logrank_test,
    mean_interval,
    restricted_mean,
    restricted_mean_difference,
    restricted_times,
    welch_difference,
)

DRUG = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
DRUG_SEEN = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
ALL_SEEN = [1] * 21


def test_kaplan_meier_agrees_with_lifelines():
    curve = kaplan_meier(DRUG, DRUG_SEEN)
    np.testing.assert_array_equal(curve.time, [0, 6, 7, 10, 13, 16, 22, 23])
    np.testing.assert_allclose(
        curve.unsolved, [1, 0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179], atol=1e-6
    )
    np.testing.assert_allclose(
        curve.low[1:], [0.619718, 0.563147, 0.503200, 0.431610, 0.367511, 0.267779, 0.188052], atol=1e-6
    )
    np.testing.assert_allclose(
        curve.high[1:], [0.951552, 0.922809, 0.889362, 0.849066, 0.804912, 0.746791, 0.680143], atol=1e-6
    )
    np.testing.assert_array_equal(curve.at_risk, [21, 21, 17, 15, 12, 11, 7, 6])


def test_kaplan_meier_agrees_with_scipy():
    ours = kaplan_meier(DRUG, DRUG_SEEN)
    data = stats.CensoredData.right_censored(DRUG, np.logical_not(DRUG_SEEN))
    theirs = stats.ecdf(data).sf
    np.testing.assert_allclose(ours.unsolved, theirs.evaluate(ours.time))


def test_log_rank_agrees_with_lifelines():
    test = logrank_test(DRUG, DRUG_SEEN, PLACEBO, ALL_SEEN)
    assert (test.statistic, test.p_value) == pytest.approx((16.792940989216547, 4.168809109334511e-05), rel=1e-9)


def test_restricted_means_agree_with_lifelines():
    assert restricted_mean(DRUG, DRUG_SEEN, 20).estimate == pytest.approx(16.116526610644254)
    assert restricted_mean(DRUG, DRUG_SEEN, 35).estimate == pytest.approx(23.287394957983185)
    assert restricted_mean(PLACEBO, ALL_SEEN, 20).estimate == pytest.approx(8.428571428571429)


def test_restricted_standard_error_by_hand():
    # solved at 1 and 3, stopped at 2; horizon 4. S = 1, 2/3 from 1, 0 from 3. Area 1 + 2·2/3 = 7/3.
    # Greenwood: at 1 area beyond 4/3, d/(r(r−d)) = 1/6; at 3 area beyond 0. Variance 16/54, scaled by 3/2: 4/9.
    interval = restricted_mean([1, 2, 3], [1, 0, 1], 4)
    assert interval.estimate == pytest.approx(7 / 3)
    assert (interval.high - interval.low) / 2 == pytest.approx(stats.t.ppf(0.975, 2) * 2 / 3)


def test_with_one_budget_for_all_the_restricted_mean_is_students():
    times, solved = [3, 5, 9, 10, 10, 4, 10, 7], [1, 1, 1, 0, 0, 1, 0, 1]
    ours, students = restricted_mean(times, solved, 10), mean_interval(restricted_times(times, solved, 10))
    assert (ours.low, ours.estimate, ours.high) == pytest.approx((students.low, students.estimate, students.high))
    other, seen = [2, 2, 3, 4, 10, 1, 6, 10], [1, 1, 1, 1, 0, 1, 1, 0]
    difference = restricted_mean_difference(times, solved, other, seen, 10)
    welch = welch_difference(times, other)
    assert (difference.low, difference.high) == pytest.approx((welch.low, welch.high))


def test_nothing_solved():
    curve = kaplan_meier([10] * 5, [False] * 5)
    np.testing.assert_array_equal(curve.unsolved, [1.0])
    assert curve.low[0] < 0.6  # five failures do not prove that the next fails
    assert restricted_mean([10] * 5, [False] * 5, 10).estimate == 10
    assert logrank_test([10] * 5, [False] * 5, [10] * 4, [False] * 4).p_value == 1.0


def test_all_solved_at_once():
    curve = kaplan_meier([3, 3, 3], [True] * 3)
    np.testing.assert_array_equal(curve.unsolved, [1, 0])
    assert curve.high[1] > 0.4
    assert logrank_test([3, 3], [1, 1], [3, 3], [1, 1]).p_value == 1.0
    assert kaplan_meier([0.0, 2.0], [1, 1]).unsolved.tolist() == [0.5, 0.0]


def test_no_runs():
    assert kaplan_meier([], []).n == 0
    assert math.isnan(restricted_mean([], [], 10).estimate)
    assert math.isnan(restricted_mean([4], [1], 10).low)
    assert logrank_test([], [], [1], [1]).p_value == 1.0


def test_nothing_is_dropped_or_clipped_silently():
    with pytest.raises(ValueError, match="stopped unsolved before"):
        restricted_times([5, 3], [True, False], 10)
    with pytest.raises(ValueError, match="nothing is known up to 10"):
        restricted_mean([5, 6], [True, False], 10)
    with pytest.raises(ValueError, match="NaN"):
        kaplan_meier([float("nan")], [False])
    with pytest.raises(ValueError, match="negative"):
        kaplan_meier([-1.0], [True])
    with pytest.raises(ValueError, match="equal lengths"):
        kaplan_meier([1.0, 2.0], [True])
    with pytest.raises(ValueError, match="horizon"):
        restricted_mean([1.0], [True], 0)
    with pytest.raises(ValueError, match="solved"):
        kaplan_meier([1.0], [0.3])


def test_coverage_of_restricted_means_of_ten_censored_runs():
    """Exponential times to solve, three runs of ten stopped early at random: E min(T, 0.8) = 1 − e^−0.8."""
    rng, held, known = np.random.default_rng(0), 0, 0
    for _ in range(1_000):
        solve, stop = rng.exponential(size=10), np.concatenate([np.full(7, 0.8), rng.uniform(0.2, 0.8, 3)])
        try:
            interval = restricted_mean(np.minimum(solve, stop), solve <= stop, 0.8)
        except ValueError:
            continue  # the last run was an early stop: refused, see above
        known += 1
        held += 1 - math.exp(-0.8) in interval
    assert known >= 960
    assert 0.93 <= held / known <= 0.97
