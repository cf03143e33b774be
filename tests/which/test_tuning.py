"""Both cells tuned alike; trials of a short tuning are the first of a long one; what was done is not done again."""

from __future__ import annotations

import math

import pytest
from arrays_of_which import LENGTH, by_settings

from rnnbench.errors import UsageError
from rnnbench.which.problem import Fit, Settings, Space, Watch
from rnnbench.which.tuning import Trial, best_of, default, tuned

SPACE = Space(windows=(8, 16, 32), both=True)


def attempt(settings: Settings, watch: Watch) -> Fit:
    value = by_settings(0, 0, settings, 0)
    for rung in LENGTH.rungs:
        if not watch(rung, value):
            return Fit(value, None, rung, rung, 0.0)
    return Fit(value, None, 16, 16, 0.0)


def all_of(trials: int, seed: int = 3, done: tuple[Trial, ...] = ()) -> list[Trial]:
    return list(tuned(SPACE, trials, seed, "higher", LENGTH, attempt, done))


def test_trials_of_a_short_tuning_are_a_prefix_of_a_long_one() -> None:
    long = all_of(14)  # ten at random, then the sampler learns
    assert all_of(5) == long[:5]
    assert len({trial.settings["lr"] for trial in long}) == 14


def test_the_first_trial_is_the_default() -> None:
    assert all_of(1)[0].settings == default(SPACE) == {
        "width": 32, "layers": 1, "lr": 3e-3, "clip": 1.0, "dropout": 0.0, "window": 16, "both": False}  # fmt: skip


def test_another_seed_tries_other_settings() -> None:
    assert all_of(4, seed=4)[1:] != all_of(4, seed=3)[1:]


@pytest.mark.parametrize("killed_after", [0, 1, 5, 11])
def test_what_was_done_before_a_kill_is_told_and_not_tried_again(killed_after: int) -> None:
    whole = all_of(14)
    done = tuple(Trial.of(trial.plain()) for trial in whole[:killed_after])
    assert all_of(14, done=done) == whole[killed_after:]


def test_trials_that_are_not_those_that_would_be_drawn_are_refused() -> None:
    first, second = all_of(2)
    with pytest.raises(UsageError, match="trial 1 is not the one"):
        all_of(3, done=(first, Trial.of(second.plain() | {"settings": default(SPACE)})))


def test_the_worse_half_is_given_up_at_the_rungs() -> None:
    """Values 4, 1, 3, 5 in turn, halving: the first goes on; 1 is not the best of two; of 4, 1, 3 the best one alone
    goes on, so that 3 does not; 5 is among the better two of four, and at a half the better one of two."""
    values = iter([4.0, 1.0, 3.0, 5.0])

    def given(settings: Settings, watch: Watch) -> Fit:
        value = next(values)
        for rung in LENGTH.rungs:
            if not watch(rung, value):
                return Fit(value, None, rung, rung, 0.0)
        return Fit(value, None, 16, 16, 0.0)

    found = list(tuned(SPACE, 4, 0, "higher", LENGTH, given))
    assert [trial.state for trial in found] == ["whole", "given up", "given up", "whole"]
    assert [len(trial.reports) for trial in found] == [2, 1, 1, 2]
    assert best_of(found, "higher", SPACE) == found[3].settings


def test_lower_is_better_where_it_is() -> None:
    found = [Trial(0, {"width": 1}, (), 2.0, "whole"), Trial(1, {"width": 2}, (), 1.0, "whole"),
             Trial(2, {"width": 3}, (), 0.5, "given up"), Trial(3, {"width": 4}, (), 1.0, "whole")]  # fmt: skip
    assert best_of(found, "lower", SPACE) == {"width": 2}  # the earlier of equals
    assert best_of(found, "higher", SPACE) == {"width": 1}


def test_a_trial_that_diverged_is_no_choice() -> None:
    diverged = [Trial(0, {"width": 1}, (), math.nan, "diverged")]
    assert best_of(diverged, "higher", SPACE) == default(SPACE)

    def never(settings: Settings, watch: Watch) -> Fit:
        return Fit(math.nan, None, 0, 3, 0.0, diverged=True)

    assert [t.state for t in tuned(SPACE, 3, 0, "higher", LENGTH, never)] == ["diverged"] * 3
