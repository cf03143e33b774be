"""Censored times: Freireich et al. 1963 (remission under 6-MP and placebo), lifelines 0.30.3, and by hand."""

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics import kaplan_meier, logrank_test, restricted_times

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


def test_kaplan_meier_agrees_with_scipy():
    ours = kaplan_meier(DRUG, DRUG_SEEN)
    data = stats.CensoredData.right_censored(DRUG, np.logical_not(DRUG_SEEN))
    theirs = stats.ecdf(data).sf
    np.testing.assert_allclose(ours.unsolved, theirs.evaluate(ours.time))


def test_log_rank_agrees_with_lifelines():
    test = logrank_test(DRUG, DRUG_SEEN, PLACEBO, ALL_SEEN)
    assert (test.statistic, test.p_value) == pytest.approx((16.792940989216547, 4.168809109334511e-05), rel=1e-9)


def test_with_one_budget_for_all_the_mean_of_restricted_times_is_the_area_under_the_curve():
    times, solved = [3, 5, 9, 12, 10, 4, 10, 7], [1, 1, 1, 1, 0, 1, 0, 1]
    restricted, curve = restricted_times(times, solved, 10), kaplan_meier(times, solved)
    assert restricted.tolist() == [3, 5, 9, 10, 10, 4, 10, 7]
    inside = curve.time < 10
    area = np.diff(np.append(curve.time[inside], 10)) @ curve.unsolved[inside]
    assert restricted.mean() == pytest.approx(area)


def test_nothing_solved():
    curve = kaplan_meier([10] * 5, [False] * 5)
    np.testing.assert_array_equal(curve.unsolved, [1.0])
    assert curve.low[0] < 0.6  # five failures do not prove that the next fails
    assert logrank_test([10] * 5, [False] * 5, [10] * 4, [False] * 4).p_value == 1.0


def test_all_solved_at_once():
    curve = kaplan_meier([3, 3, 3], [True] * 3)
    np.testing.assert_array_equal(curve.unsolved, [1, 0])
    assert curve.high[1] > 0.4
    assert logrank_test([3, 3], [1, 1], [3, 3], [1, 1]).p_value == 1.0
    assert kaplan_meier([0.0, 2.0], [1, 1]).unsolved.tolist() == [0.5, 0.0]


def test_no_runs():
    assert kaplan_meier([], []).n == 0
    assert logrank_test([], [], [1], [1]).p_value == 1.0


def test_nothing_is_dropped_or_clipped_silently():
    with pytest.raises(ValueError, match="stopped unsolved before"):
        restricted_times([5, 3], [True, False], 10)
    with pytest.raises(ValueError, match="NaN"):
        kaplan_meier([float("nan")], [False])
    with pytest.raises(ValueError, match="negative"):
        kaplan_meier([-1.0], [True])
    with pytest.raises(ValueError, match="equal lengths"):
        kaplan_meier([1.0, 2.0], [True])
    with pytest.raises(ValueError, match="solved"):
        kaplan_meier([1.0], [0.3])
