"""The sign-flip test: by hand, against scipy, and against its own interval."""

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics import least_p, sign_flip_interval, sign_flip_test


def test_by_hand():
    # 3 pairs, 8 patterns of ±1 ±2 ±3: totals 6, 4, 2, 0, 0, −2, −4, −6. Observed −1 + 2 + 3 = 4: two of 8 reach it.
    assert sign_flip_test([-1, 2, 3], "greater") == 2 / 8
    assert sign_flip_test([-1, 2, 3], "less") == 7 / 8
    assert sign_flip_test([-1, 2, 3]) == 4 / 8
    assert sign_flip_test([1, 2, 3], "greater") == 1 / 8


def test_shifted_null_is_the_test_of_shifted_differences():
    d = np.random.default_rng(0).normal(0.3, 1, 9)
    assert sign_flip_test(d, "less", null=1.0) == sign_flip_test(d - 1.0, "less")


@pytest.mark.parametrize("n", [4, 8, 10])
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_agrees_with_scipys_permutation_test(n, alternative):
    d = np.random.default_rng(n).normal(0.5, 1, n)
    theirs = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", alternative=alternative, n_resamples=2**n, vectorized=False
    )
    assert sign_flip_test(d, alternative) == pytest.approx(theirs.pvalue)


def test_ten_pairs_all_one_way_reach_two_in_1024():
    assert sign_flip_test(np.arange(1.0, 11.0)) == 2 / 1024


def test_beyond_sixteen_pairs_is_monte_carlo_and_never_zero():
    assert sign_flip_test(np.ones(40), "greater") == 1 / 10_000
    d = np.random.default_rng(5).normal(0.35, 1, 25)
    assert sign_flip_test(d) == pytest.approx(stats.ttest_1samp(d, 0).pvalue, abs=0.02)
    assert sign_flip_test(d, seed=1) == sign_flip_test(d, seed=1)


def test_ties_and_nothing():
    assert sign_flip_test([]) == 1.0
    assert sign_flip_test([0.0] * 10) == 1.0
    # the floating sum of 0.1 + 0.2 − 0.3 is 5.6e-17: still a tie
    assert sign_flip_test([0.1, 0.2, -0.3]) == 1.0


def test_refuses():
    with pytest.raises(ValueError, match="NaN"):
        sign_flip_test([1.0, float("nan")])
    with pytest.raises(ValueError, match="alternative"):
        sign_flip_test([1.0], "larger")  # type: ignore[arg-type]


def test_interval_by_hand():
    # six pairs, k = ⌊0.025 · 64⌋ = 1: smallest and largest of the subset means are the extreme values themselves
    interval = sign_flip_interval([1, 2, 3, 4, 5, 9])
    assert (interval.low, interval.estimate, interval.high) == (1.0, 4.0, 9.0)
    # three pairs at 50 %: k = ⌊0.25 · 8⌋ = 2 of the subset means 0, 1, 1.5, 2, 2, 2.5, 3 … of {0, 2, 4}
    # = 0, 1, 2, 2, 2, 3, 4: second smallest 1, second largest 3
    interval = sign_flip_interval([0, 2, 4], confidence=0.5)
    assert (interval.low, interval.high) == (1.0, 3.0)


def test_no_interval_where_the_test_cannot_reject():
    assert np.isnan(sign_flip_interval([1, 2, 3, 4, 5]).low)


@pytest.mark.parametrize("n", [6, 10, 25])
def test_interval_and_test_never_disagree(n):
    rng = np.random.default_rng(n)
    for d in rng.normal(0.6, 1, size=(60, n)):
        assert (sign_flip_test(d) <= 0.05) == (0.0 not in sign_flip_interval(d))


def test_level_is_exact_for_any_symmetric_differences():
    rng = np.random.default_rng(3)
    for d in (rng.standard_cauchy((1_500, 10)), rng.choice([-1.0, 0.0, 1.0], size=(1_500, 10))):
        rejected = sum(sign_flip_test(row) <= 0.05 for row in d)
        assert rejected <= stats.binom.ppf(0.999, 1_500, 0.05)


@pytest.mark.parametrize("n", [1, 2, 10, 16, 17])
def test_the_least_p_is_that_of_differences_of_one_sign(n: int) -> None:
    assert least_p(n) == sign_flip_test(np.ones(n))
    assert least_p(10) == 1 / 512
