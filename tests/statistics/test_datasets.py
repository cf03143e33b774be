"""Over datasets: ranks as published and by hand, the Bayesian signed-rank test where it can be worked out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics.ranks import ranks
from rnnbench.statistics.signed_rank import signed_rank


def test_scipy_says_the_same_of_ranks() -> None:
    """χ² is Friedman's; F and its p follow from it: F = (N − 1) χ²/(N (k − 1) − χ²)."""
    scores = np.random.default_rng(0).normal(size=(14, 4)) + np.array([0.0, 0.4, 0.1, 1.0])
    found = ranks(scores)
    chi = stats.friedmanchisquare(*scores.T).statistic
    assert found.chi_squared == pytest.approx(chi)
    assert found.p == pytest.approx(stats.f.sf(13 * chi / (14 * 3 - chi), 3, 39))


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_critical_differences_as_published(k: int, q: float) -> None:
    """q at α = .05 of Demšar 2006, table 5a; for k = 4 and N = 14 his example's critical difference is 1.25."""
    found = ranks(np.random.default_rng(1).normal(size=(14, k)))
    assert found.critical == pytest.approx(q * math.sqrt(k * (k + 1) / (6 * 14)), abs=1e-3)
    if k == 4:
        assert found.critical == pytest.approx(1.25, abs=5e-3)


def test_ranks_by_hand() -> None:
    """Errors of two on three datasets: the second is lower twice, once they tie. Ranks (2 + 2 + 1.5)/3 and
    (1 + 1 + 1.5)/3; χ² = 12·3/6 · (1.8333² + 1.1667² − 4.5) = 1.3333; F = 2·1.3333/(3 − 1.3333) = 1.6."""
    found = ranks([[2.0, 1.0], [5.0, 4.0], [3.0, 3.0]], "lower")
    assert found.mean == pytest.approx((11 / 6, 7 / 6))
    assert found.chi_squared == pytest.approx(4 / 3)
    assert found.critical == pytest.approx(1.960 * math.sqrt(2 * 3 / 18), abs=1e-3)


def test_one_that_always_wins() -> None:
    assert ranks(np.tile([1.0, 0.5], (6, 1))).p == 0.0


def test_too_few() -> None:
    with pytest.raises(ValueError, match="two or more"):
        ranks([[1.0, 2.0]])


def test_one_dataset_in_closed_form() -> None:
    """z = (0, 1), margin .1: above = 1 − w₀², within = w₀². Above is the larger where w₀ < √½, and w₀ ~ Beta(1, 1)."""
    found = signed_rank([1.0], 0.1)
    assert found.above == pytest.approx(math.sqrt(0.5), abs=0.01)
    assert found.within == pytest.approx(1 - math.sqrt(0.5), abs=0.01)
    assert found.below == 0.0
    half = signed_rank([1.0], 0.1, strength=0.5)
    assert half.above == pytest.approx(0.5**0.25, abs=0.01)  # Beta(½, 1): P(w₀ < x) = √x


def test_signs_and_margins() -> None:
    z = np.random.default_rng(0).normal(0.5, 0.2, 12)
    assert signed_rank(z, 0.1).above > 0.99
    assert signed_rank(-z, 0.1).below > 0.99
    assert signed_rank(z, 2.0).within == 1.0
    sides = signed_rank([-1.0, 1.0] * 6, 0.1)
    assert sides.above == pytest.approx(sides.below, abs=0.02)


def test_nothing_is_nothing() -> None:
    assert math.isnan(signed_rank([], 0.1).above)
    with pytest.raises(ValueError, match="margin"):
        signed_rank([1.0], -1)
