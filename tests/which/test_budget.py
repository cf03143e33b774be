"""A plan from what one step takes: worked out by hand, and in the order of sacrifice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rnnbench.which.budget import (
    LEAST_EXAMPLES,
    SAFE,
    Cost,
    Plan,
    Sizes,
    as_said,
    batch_of,
    begun,
    in_time,
    length_of,
    replanned,
)
from rnnbench.which.problem import Length

COST = Cost(step=0.002, look=1e-5)
SIZES = Sizes(0.64, 0.16, 0.2)


def plan(seconds: float, cost: Cost = COST, examples: int = 4000, most: int | None = None, cores: int = 1) -> Plan:
    return in_time(cost, seconds, cores, examples, SIZES, most, 10)


def test_batches_and_steps_follow_from_the_data() -> None:
    assert [batch_of(n) for n in (5, 64, 128, 200, 256, 512, 10_000)] == [8, 8, 16, 16, 32, 64, 64]
    assert length_of(640).steps == 200 // 16 * 16  # 20 passes of 640/64 steps
    assert length_of(3200).steps == 1000 // 16 * 16
    assert length_of(10**6).steps == 2000
    assert length_of(50).steps == 200 // 16 * 16
    assert length_of(640).every == 12
    assert length_of(640).rungs == (48, 96)  # a quarter and a half of 192


def test_steps_that_are_said_are_done() -> None:
    """And those of a plan by minutes, said again, are that plan's, looks and all."""
    assert as_said(10, 1, 1, 100, SIZES, 30).length == Length(30, 1)
    assert as_said(10, 1, 1, 100, SIZES, 100).length == Length(100, 6)
    for planned in (length_of(640), length_of(3200), length_of(10**6), length_of(50, 100), length_of(50, 50)):
        assert as_said(10, 1, 1, 100, SIZES, planned.steps).length == planned


def test_a_plan_costs_what_is_said() -> None:
    """2,560 train in batches of 64: 800 steps of 2 ms, 16 looks of 10 µs at each of 640 examples and 2 at 800: 1.7184 s
    a fit; 10 pairs, two cells, 8 trials at .55 and 3 seeds: 148 fits."""
    found = plan(10_000)
    assert (found.trials, found.seeds, found.pairs, found.examples, found.length.steps) == (8, 3, 10, 4000, 800)
    assert found.seconds == pytest.approx(148 * 1.7184)
    assert found.given_up == ()


def test_what_is_given_up_and_in_which_order() -> None:
    seen = []
    for seconds in (400, 300, 260, 170, 140, 60, 30, 12, 6, 3, 1):
        found = plan(seconds)
        assert found.seconds <= SAFE * seconds or found.pairs == 2
        words = [each.split()[0] for each in found.given_up]
        assert words == ["trials", "seeds", "a", "steps", "pairs"][: len(words)]
        seen.append((found.trials, found.seeds, found.examples, found.length.steps, found.pairs))
    assert seen == sorted(seen, reverse=True)
    assert seen[0][:2] == (8, 3)
    assert any(each[:3] == (4, 1, 4000) for each in seen)  # no example is given up before trials and seeds
    assert all(pairs == 10 for _, _, examples, _, pairs in seen if examples > LEAST_EXAMPLES)
    assert seen[-1][4] < 10
    assert begun(found, 10) == replace(found, pairs=10, seconds=found.seconds * 10 / found.pairs)


def test_two_cores_do_twice_as_much() -> None:
    assert plan(100, cores=2) == plan(200, cores=1)


def test_blocks_of_time_are_ten_and_get_more_trials() -> None:
    found = plan(10_000, most=10)
    assert (found.pairs, found.trials) == (10, 32)


def test_groups_are_all_left_out() -> None:
    assert in_time(COST, 10**6, 1, 4000, SIZES, 12, 12).pairs == 12


def test_what_is_said_is_done() -> None:
    found = as_said(14, 5, 2, 1000, SIZES, None)
    assert (found.pairs, found.trials, found.seeds, found.examples) == (14, 5, 2, 1000)
    assert as_said(14, 5, 2, 1000, SIZES, 50).length.steps == 50
    assert Plan.of(found.plain()) == found


def missing(done: float) -> Callable[[int, int], float]:
    """Of ten pairs, so many whole fits done, all of them of use."""
    return lambda trials, seeds: max(0.0, 20 * (trials * 0.55 + seeds) - done)


def test_a_plan_that_is_late_gives_up_in_the_same_order() -> None:
    """Of 8 trials and 3 seeds, 148 fits, 20 are done: what is left of fewer trials and seeds must fit into 0.9 of the
    room: of 6 trials 106, of 4 trials 84, with 2 seeds 64, with one 44."""
    whole = plan(10_000)

    def never() -> Plan:
        raise AssertionError

    seen = {}
    for room in (130, 118, 94, 72, 49):
        found = replanned(whole, missing(20), room, 2.0, never)
        seen[room] = None if found is None else (found.trials, found.seeds, found.given_up)
    assert seen == {
        130: None, 118: (6, 3, ("trials 6",)), 94: (4, 3, ("trials 4",)), 72: (4, 2, ("trials 4", "seeds 2")),
        49: (4, 1, ("trials 4", "seeds 1")),
    }  # fmt: skip
    late = replanned(whole, missing(20), 94, 2.0, never)
    assert late is not None and late.seconds == pytest.approx(2 * 1.7184 * 104)  # fits are twice as long as thought
    assert replanned(late, missing(20), 84, 2.0, never) is None


def test_examples_are_given_up_where_that_saves_pairs_and_pairs_last() -> None:
    """With room for 20 of the 44 fits that are still to do, of 64, six pairs would come to an end."""
    late = replace(plan(10_000), trials=4, seeds=1, given_up=("trials 4", "seeds 1"))
    sampled = replace(late, examples=500, given_up=("trials 4", "seeds 1", "a sample of 500 of 4000 examples"))
    found = replanned(late, missing(20), 20, 3.0, lambda: sampled)
    assert found == begun(sampled, 10)
    assert replanned(late, missing(20), 20, 3.0, lambda: replace(sampled, pairs=7)) is None
    assert replanned(late, missing(20), 20, 3.0, lambda: replace(sampled, pairs=8)) is not None
    assert replanned(late, missing(20), 20, 3.0, lambda: late) is None
