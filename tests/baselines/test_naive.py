"""Naive answers, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from baselines.series import labelled, series, split_at, tagged, valued

from rnnbench.baselines import ROOM, Baseline, of_table
from rnnbench.registry import get, names

NAN = math.nan


def named(name: str) -> Baseline:
    return get(ROOM, name, Baseline)


def forecasts(name: str, table, test, train=(0,)) -> np.ndarray:
    """(n, h) of one target."""
    examples, split = split_at(table, train, [], test)
    return named(name).answer(table, examples, split).test[..., 0]


def test_the_last_value_is_repeated_for_all_steps_ahead() -> None:
    table = series([1, 2, 4, 8, 16, 32], horizon=2)  # examples end before rows 2, 3, 4
    np.testing.assert_array_equal(forecasts("last_value", table, [1, 2]), [[4, 4], [8, 8]])


def test_a_missing_value_is_the_last_known_before_it_though_the_window_is_shorter() -> None:
    table = series([5, NAN, NAN, 7, 9], [NAN, NAN, NAN, 3, 4], window=2)
    examples, _ = split_at(table, [], [], [])
    stops = (examples.stop - table.starts[examples.sequence]).tolist()
    assert list(zip(examples.sequence.tolist(), stops, strict=True)) == [(0, 3), (0, 4), (1, 3), (1, 4)]
    # of the second series nothing is known before its fourth row: the mean of what training examples answer, 9
    np.testing.assert_array_equal(forecasts("last_value", table, [0, 2, 3], train=[1])[:, 0], [5, 9, 3])


def test_the_season_before_is_repeated_and_where_there_is_none_yet_the_last_value() -> None:
    table = series([1, 2, 3, 10, 20, 30, 100, 200, 300, 400, 500], horizon=5, season=3, window=2)
    examples, _ = split_at(table, [], [], [])
    assert examples.stop.tolist() == [2, 3, 4, 5, 6]
    # before row 6 the season is 10 20 30, twice; before row 2 there are 1 2 alone: row −1 is the last value, 2
    np.testing.assert_array_equal(forecasts("seasonal_value", table, [4, 0]), [[10, 20, 30, 10, 20], [2, 1, 2, 2, 1]])
    assert not named("seasonal_value").fits(series([1, 2, 3, 4]))


def test_drift_goes_on_along_the_line_from_the_first_to_the_last() -> None:
    table = series([1, 9, 4, 7, 0, 0], horizon=2)  # before row 4: (7 − 1) / 3 = 2 a step
    np.testing.assert_array_equal(forecasts("drift", table, [2]), [[9, 11]])
    gaps = series([NAN, 2, NAN, 6, NAN, 50], horizon=1, window=5)  # 2 a step from row 1 to 3; row 5 is two steps on
    np.testing.assert_array_equal(forecasts("drift", gaps, [0], train=[0]), [[10]])


def test_means_are_of_each_series_own_training_rows() -> None:
    table = series([1, 2, 6, 100], [10, 20, 60, 100], [7, 7, 7, 7], horizon=1)  # windows before rows 2, 3 of each
    # training: the first windows of series 0 and 1, which see and answer rows 0 to 2: means 3 and 30; 16.5 over all
    np.testing.assert_allclose(forecasts("mean", table, [1, 3, 5], train=[0, 2]), [[3], [30], [16.5]])
    np.testing.assert_allclose(forecasts("median", table, [1, 3, 5], train=[0, 2]), [[2], [20], [8]])


def test_the_mean_of_values_leaves_out_what_is_unknown_and_what_is_held_out() -> None:
    table = valued([np.ones((3, 1))] * 5, [1, NAN, 3, 8, 99])
    examples, split = split_at(table, [0, 1, 2], [], [3])  # examples: the four known ones
    assert named("mean").answer(table, examples, split).test == pytest.approx(np.array([[4.0]]))
    assert named("median").answer(table, examples, split).test == pytest.approx(np.array([[3.0]]))


def test_the_commonest_class_has_its_share() -> None:
    table = labelled([np.ones((3, 1))] * 6, [0, 1, 1, 1, 0, 0], classes=3)
    examples, split = split_at(table, [0, 1, 2, 3], [4], [5])
    said = named("majority").answer(table, examples, split)
    assert said.test == pytest.approx(np.array([[2 / 7, 4 / 7, 1 / 7]])) and said.told == "b"
    assert said.valid.shape == (1, 3)


def test_the_last_label_needs_labels_that_a_model_does_not_see() -> None:
    labels = [[0, 0, 1, -1, 0]] + [[1, 1, 1, 1, 1]] * 9
    table = tagged([np.ones((5, 1))] * 10, labels, classes=3)
    examples, split = split_at(table, list(range(1, 10)), [], [0])
    baseline = named("last_label")
    said = baseline.answer(table, examples, split)
    assert not baseline.competes and "observed" in baseline.note
    # nothing changes in 36 steps: 1 / 38; the first step has the shares of 45 labels, (0 + 1, 45 + 1, 0 + 1) / 48
    off = 1 / 38
    wanted = [[1 / 48, 46 / 48, 1 / 48], [1 - off, off / 2, off / 2], [1 - off, off / 2, off / 2],
              [off / 2, 1 - off, off / 2], [off / 2, 1 - off, off / 2]]  # fmt: skip
    np.testing.assert_allclose(said.test, wanted)


def test_tagging_has_a_row_for_each_step() -> None:
    table = tagged([np.ones((n, 1)) for n in range(1, 13)], [[1] * n for n in range(1, 13)])
    examples, split = split_at(table, [0, 1], [2, 3], [4])
    said = named("majority").answer(table, examples, split)
    assert said.valid.shape == (3 + 4, 2) and said.test.shape == (5, 2)


@pytest.mark.few(6)
@pytest.mark.parametrize("name", names(ROOM))
def test_test_rows_change_nothing_that_is_learned(name: str) -> None:
    rng = np.random.default_rng(0)
    for make in (lambda y: series(y, season=4, horizon=3, window=4),
                 lambda y: labelled(np.split(y[:, None], 12), [0, 1] * 6),
                 lambda y: valued(np.split(y[:, None], 12), np.arange(12.0)),
                 lambda y: tagged(np.split(y[:, None], 12), [[0, 1] * 5] * 12)):  # fmt: skip
        values = rng.normal(size=120)
        table = make(values)
        if not named(name).fits(table):
            continue
        n = len(split_at(table, [], [], [])[0])
        examples, split = split_at(table, range(n // 2), [n // 2 + 8 if n > 20 else n // 2], [n - 1])
        before = named(name).answer(table, examples, split, seed=3)
        other = values.copy()
        other[-10:] *= 1024  # the last example's rows
        table = make(other)
        after = named(name).answer(table, examples, split, seed=3)
        np.testing.assert_array_equal(before.valid, after.valid)


def test_naive_ones_come_first_and_only_those_that_fit() -> None:
    found = [each.title for each in of_table(series([1, 2, 3, 4, 5, 6]))]
    assert found[:4] == ["drift", "last value", "mean", "median"] and "seasonal last value" not in found
