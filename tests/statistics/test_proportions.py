"""Success rates: statsmodels 0.15.0, and the table of Newcombe's paper (1998, Stat. Med. 17:2635)."""

import math

import numpy as np
import pytest

from rnnbench.statistics import mcnemar_test, paired_success_difference, success_rate


@pytest.mark.parametrize(
    ("k", "low", "high"), [(7, 0.39677814746114537, 0.8922087325936989), (0, 0.0, 0.27753279986288926)]
)
def test_wilson_agrees_with_statsmodels(k, low, high):
    interval = success_rate(k, 10)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-12)


def test_all_solved_is_not_certainty():
    assert success_rate(10, 10).high == 1.0
    assert success_rate(10, 10).low == pytest.approx(1 - 0.27753279986288926)


def table(both, x_only, y_only, neither):
    x = [True] * (both + x_only) + [False] * (y_only + neither)
    y = [True] * both + [False] * x_only + [True] * y_only + [False] * neither
    return x, y


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [((36, 12, 2, 0), 0.0569, 0.3404)],  # Newcombe 1998 (17:2635), table III, method 10
)
def test_paired_newcombe(cells, low, high):
    interval = paired_success_difference(*table(*cells))
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-5)


def test_mcnemar_by_hand():
    # 6 discordant seeds, all for x: 2 · 2⁻⁶
    assert mcnemar_test(*table(3, 6, 0, 1)) == pytest.approx(2 / 64)
    assert mcnemar_test(*table(5, 0, 0, 5)) == 1.0


def test_edges():
    assert math.isnan(success_rate(0, 0).estimate)
    assert math.isnan(paired_success_difference([], []).low)
    with pytest.raises(ValueError, match="between 0 and n=10"):
        success_rate(11, 10)
    with pytest.raises(ValueError, match="equal lengths"):
        mcnemar_test([True], [True, False])
    with pytest.raises(ValueError, match="x_solved"):
        mcnemar_test([0.5], [1])


def test_coverage_of_ten_paired_runs():
    rng, held = np.random.default_rng(0), 0
    for _ in range(1_000):
        ease = rng.normal(size=10)
        x, y = ease + rng.normal(size=10) > -0.7, ease + rng.normal(size=10) > 0.0
        # P(N(0, 2) > −0.7) − ½ = Φ(0.7/√2) − ½
        held += 0.18968 in paired_success_difference(x, y)
    assert held / 1_000 >= 0.93
