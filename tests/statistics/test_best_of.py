"""What the best of so many trials is worth, against every draw written out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from rnnbench.statistics import mean_best_of


@pytest.mark.parametrize("n", [1, 2, 5, 10])
def test_it_is_the_mean_over_all_draws(n: int) -> None:
    values = np.random.default_rng(n).normal(size=n)  # the first is chosen before the second, whatever their values
    for k, found in enumerate(mean_best_of(values), start=1):
        draws = [values[min(places)] for places in combinations(range(n), k)]
        assert found == pytest.approx(np.mean(draws), rel=1e-12)


def test_a_draw_that_may_hold_nothing_but_what_has_no_value_has_none() -> None:
    """The third of three has no value: one drawn alone may be it, two never are."""
    one, two, three = mean_best_of([3.0, 2.0, np.nan])
    assert np.isnan(one) and two == pytest.approx((3 + 3 + 2) / 3) and three == 3
