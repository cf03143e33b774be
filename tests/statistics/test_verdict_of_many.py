"""A claim of several conditions, of metrics of which more is better and of others less: who shares which error."""

from dataclasses import replace

import pytest

from rnnbench.statistics import Claim, Condition, Interval, verdict


def measured(estimate: float, p: float, within: float = 1.0, margin: float | None = None) -> Condition:
    effect = Interval(estimate, estimate - 0.5, estimate + 0.5, 10, "t")
    return Condition(f"{estimate}", effect, p, margin, within, spread=1.0)


def test_who_is_better_is_one_way_whether_more_or_less_of_it_is_better() -> None:
    """p = .0215 in each of five: better in all needs no correction, better in three and worse in two does."""
    either = Claim("one is better somewhere", "either", combine="any")
    up, down = (measured(sign * 1.0, p=0.0215) for sign in (1, -1))
    errors = [replace(each, higher=False) for each in (up, down)]
    all_better = [up, up, up, errors[1], errors[1]]
    assert verdict(either, all_better).outcome == "supported"
    assert [j.p_adjusted for j in verdict(either, all_better).conditions] == pytest.approx([0.0215] * 5)
    two_worse = [up, up, up, errors[0], errors[0]]
    assert verdict(either, two_worse).outcome == "undecided"
    assert [j.p_adjusted for j in verdict(either, two_worse).conditions] == pytest.approx([5 * 0.0215] * 5)


def test_words_of_single_conditions_share_the_error_of_being_alike() -> None:
    near = measured(0.1, p=0.6, margin=0.5, within=0.03)
    either = Claim("one is better somewhere", "either", combine="any")
    words = [j.outcome for j in verdict(either, [near, measured(0.5, p=0.3)]).conditions]
    assert words == ["undecided", "undecided"]  # .03 doubled
    assert verdict(either, [near]).conditions[0].outcome == "equivalent"
