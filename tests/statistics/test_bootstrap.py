"""The paired bootstrap and Diebold and Mariano's test, against theory and figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics.bootstrap import paired_bootstrap
from rnnbench.statistics.diebold_mariano import diebold_mariano


def test_draws_have_the_mean_and_the_spread_of_a_mean() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(1, 2, 200), rng.normal(0, 1, 200)
    d = x - y
    draws = paired_bootstrap(x, y)
    assert draws.shape == (9_999,)
    assert draws.mean() == pytest.approx(d.mean(), abs=0.01)
    assert draws.std() == pytest.approx(d.std() / math.sqrt(200), rel=0.03)


def test_rows_are_drawn_in_pairs() -> None:
    """What is the same for both cancels, however much it varies."""
    hard = np.random.default_rng(1).normal(0, 100, 50)
    draws = paired_bootstrap(hard + 1, hard)
    np.testing.assert_allclose(draws, 1.0, atol=1e-9)


def test_scipy_says_the_same() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.exponential(size=80), rng.exponential(size=80)
    ours = np.quantile(paired_bootstrap(x, y), (0.025, 0.975))
    theirs = stats.bootstrap((x - y,), np.mean, method="percentile", rng=np.random.default_rng(3)).confidence_interval
    np.testing.assert_allclose(ours, theirs, atol=0.02)


def test_strata_keep_their_numbers_and_count_alike() -> None:
    """Ninety rows of 1 and ten of 0, each its own stratum: the mean over strata is ½ in every resample."""
    x, strata = np.array([1.0] * 90 + [0.0] * 10), np.array([0] * 90 + [1] * 10)
    np.testing.assert_allclose(paired_bootstrap(x, np.zeros(100), strata=strata), 0.5)


def test_a_difference_of_roots() -> None:
    draws = paired_bootstrap(np.full(9, 4.0), np.full(9, 1.0), lambda a, b: np.sqrt(a) - np.sqrt(b))
    np.testing.assert_allclose(draws, 1.0)


def test_blocks_of_resamples_give_what_one_block_gives() -> None:
    x = np.random.default_rng(4).normal(size=3_000)  # more than are drawn at once
    draws = paired_bootstrap(x, np.zeros(3_000), resamples=3_000)
    assert draws.shape == (3_000,)
    assert draws.std() == pytest.approx(x.std() / math.sqrt(3_000), rel=0.05)


def test_no_rows() -> None:
    with pytest.raises(ValueError, match="no rows"):
        paired_bootstrap([], [])


def test_one_step_ahead_by_hand() -> None:
    """d = 1, 2, 3, 4: d̄ = 2.5, γ₀ = 1.25, DM = 2.5/√(1.25/4) = 4.472; corrected by √((4 + 1 − 2)/4) = .866: 3.873,
    Student's t with 3 degrees of freedom: p = .0305."""
    found = diebold_mariano([1, 2, 3, 4])
    assert found.statistic == pytest.approx(3.873, abs=1e-3)
    assert found.p == pytest.approx(0.0305, abs=1e-4)


def test_two_steps_ahead_by_hand() -> None:
    """d = 1, 2, 3, 4, 6: d̄ = 3.2, deviations −2.2, −1.2, −.2, .8, 2.8; γ₀ = (4.84 + 1.44 + .04 + .64 + 7.84)/5 = 2.96,
    γ₁ = (2.64 + .24 − .16 + 2.24)/5 = .992; DM = 3.2/√((2.96 + 1.984)/5) = 3.218; corrected by
    √((5 + 1 − 4 + 2/5)/5) = .6928: 2.2295."""
    found = diebold_mariano([1, 2, 3, 4, 6], horizon=2)
    assert found.statistic == pytest.approx(2.2295, abs=1e-3)
    assert found.p == pytest.approx(2 * stats.t.sf(2.2295, 4), abs=1e-4)


def test_one_step_ahead_is_a_t_test_less_a_degree() -> None:
    """With h = 1, DM* = d̄/√(γ₀/n) · √((n − 1)/n) = d̄/(s/√n) with s² = nγ₀/(n − 1), times (n − 1)/n … the one-sample t,
    exactly, as √(γ₀/n) · √(n/(n − 1)) = s/√n."""
    d = np.random.default_rng(5).normal(0.3, 1, 30)
    found, t = diebold_mariano(d), stats.ttest_1samp(d, 0)
    assert found.statistic == pytest.approx(t.statistic)
    assert found.p == pytest.approx(t.pvalue)


def test_equal_forecasts_have_no_statistic() -> None:
    found = diebold_mariano([0.0] * 8)
    assert math.isnan(found.statistic)
    assert found.p == 1.0


def test_a_horizon_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="horizon"):
        diebold_mariano([1, 2, 3], horizon=3)
