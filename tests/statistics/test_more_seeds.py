"""How many more seeds a claim about success rates needs: closed forms, and a search with scipy's Wilson bounds."""

import math
import sys

import pytest
from scipy import stats

from rnnbench.statistics import Claim, success_condition, verdict

BETTER = Claim("x is better", "greater")
ON_PAR = Claim("x and y are on par", "equivalent")


@pytest.mark.parametrize(("solved", "margin"), [(10, 0.2), (10, 0.1), (10, 0.05), (10, 0.01), (0, 0.1)])
def test_more_seeds_where_all_rates_are_0_or_1(solved, margin):
    """The 90 % interval reaches z²/(n + z²), z = 1.645, so it lies within m from n > z² (1/m − 1) on: 25 for 0.1."""
    outcomes = [True] * solved + [False] * (10 - solved)
    condition = success_condition("copy", outcomes, outcomes, margin)
    enough = math.floor(1.6448536**2 * (1 / margin - 1)) + 1
    assert verdict(ON_PAR, [condition]).more_seeds == enough - 10
    assert verdict(BETTER, [condition]).more_seeds == enough - 10  # a difference will never be shown


def test_more_seeds_where_rates_are_equal_but_not_extreme():
    """The same 8 seeds of 10 solved by both. Search by scipy's Wilson bounds and Newcombe's formula, written out."""

    def reach(n):
        failed = math.ceil(n / 5)
        rate, product = 1 - failed / n, failed * (n - failed)
        ci = stats.binomtest(n - failed, n).proportion_ci(0.90, method="wilson")
        below, above, phi = rate - ci.low, ci.high - rate, (product - n / 2) / product
        return math.sqrt(below**2 + above**2 - 2 * phi * below * above)

    outcomes = [True] * 8 + [False] * 2
    enough = next(n for n in range(10, 1_000) if reach(n) < 0.1)
    assert enough > 20  # and not 10 + 1, as it would be without spread
    assert verdict(ON_PAR, [success_condition("copy", outcomes, outcomes, 0.1)]).more_seeds == enough - 10


def test_more_seeds_for_rates_that_differ_keep_their_power():
    # 10 against 9 of 10: mean 0.1, variance 0.1; (1.95996 + 0.84162)² · 0.1/0.1² + 1.95996²/2 = 80.4
    condition = success_condition("copy", [True] * 10, [True] * 9 + [False])
    assert verdict(BETTER, [condition]).more_seeds == 81 - 10


def test_more_seeds_are_none_beyond_what_anyone_runs(monkeypatch):
    same = success_condition("copy", [True] * 10, [True] * 10, margin=0.01)  # 268 pairs, by the formula above
    monkeypatch.setattr(sys.modules["rnnbench.statistics.verdict"], "FEASIBLE", 268)
    assert verdict(ON_PAR, [same]).more_seeds == 258
    monkeypatch.setattr(sys.modules["rnnbench.statistics.verdict"], "FEASIBLE", 267)
    assert verdict(ON_PAR, [same]).more_seeds is None
