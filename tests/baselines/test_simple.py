"""Simple models: their statistics against NumPy, their answers where the right one is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from baselines.series import labelled, series, split_at, tagged, valued

from rnnbench.baselines import ROOM, Baseline
from rnnbench.baselines._statistics import statistics
from rnnbench.baselines.base import Case
from rnnbench.data.splits import Split
from rnnbench.data.table.examples import examples_of, labels_of, values_of
from rnnbench.data.table.table import Column, Table
from rnnbench.registry import get

SIMPLE = ("linear", "boosting")


def named(name: str) -> Baseline:
    return get(ROOM, name, Baseline)


def thirds(table: Table) -> tuple[np.ndarray, Split]:
    n = len(examples_of(table))
    index = np.random.default_rng(0).permutation(n)
    return index, Split(index[: n // 2], index[n // 2 : n // 2 + 5], index[n // 2 + 5 :])


def test_statistics_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(int(rng.integers(8, 20)), 2)) for _ in range(12)]
    inputs[3][2, 0] = np.nan
    table = valued(inputs, np.zeros(12))
    examples = examples_of(table)
    case = Case(table, examples, np.arange(12), None, 0, 1.0)
    found = statistics(case, np.arange(12))
    for row, rows in zip(found, inputs, strict=True):
        x, y, T = rows[:, 0], rows[:, 1], len(rows)
        wanted = [x[-1], np.nanmean(x), np.nanstd(x), np.nanmin(x), np.nanmax(x), x[0], np.isnan(x).mean()]
        np.testing.assert_allclose(row[:7], wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            row[7:15], [np.nanmean(x[T * p // 8 : T * (p + 1) // 8]) for p in range(8)], rtol=1e-5
        )
        np.testing.assert_allclose(row[16:18], [y.mean(), y.std()], rtol=1e-5, atol=1e-6)
        assert row[-1] == T and len(row) == 15 + 15 + 1


def test_a_window_is_the_last_steps_alone() -> None:
    table = valued([np.arange(9.0)[:, None]] * 3, [0, 0, 0])
    case = Case(table, examples_of(table), np.arange(3), 4, 0, 1.0)
    assert statistics(case, np.arange(1))[0, [1, 5, -1]].tolist() == [6.5, 5.0, 4.0]  # of 5 6 7 8


@pytest.mark.parametrize("name", SIMPLE)
def test_values_that_follow_from_the_length_are_found(name: str) -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(int(rng.integers(5, 40)), 1)) for _ in range(300)]
    y = [10.0 * len(each) for each in inputs]
    table = valued(inputs, y)
    _, split = thirds(table)
    said = named(name).answer(table, examples_of(table), split)
    error = np.abs(said.test - values_of(table, examples_of(table), split.test)).mean()
    assert error < (0.5 if name == "linear" else 8) and np.std(y) > 90


def test_ridge_carries_on_a_trend_and_boosting_does_so_by_differences() -> None:
    y = 3.0 * np.arange(400) + np.random.default_rng(0).normal(size=400) / 10
    table = series(y, horizon=4, window=8)
    examples = examples_of(table)
    split = Split(np.arange(250), np.arange(260, 270), np.arange(300, len(examples)))
    for name in SIMPLE:
        said = named(name).answer(table, examples, split).test
        assert np.abs(said - values_of(table, examples, split.test)).max() < 1.5


def test_series_of_unlike_size_teach_each_other() -> None:
    rng = np.random.default_rng(0)
    waves = [
        (np.sin(np.arange(120) / 3 + p) + rng.normal(size=120) / 50) * size for p, size in ((0, 1), (1, 1e4), (2, 30))
    ]
    table = series(*waves, horizon=2, window=24)
    examples = examples_of(table)
    late = examples.stop - table.starts[examples.sequence] > 90
    index = np.arange(len(examples))
    split = Split(index[~late], index[late][:5], index[late])
    for name in SIMPLE:
        errors = np.abs(named(name).answer(table, examples, split).test - values_of(table, examples, split.test))
        for s, size in enumerate((1, 1e4, 30)):
            assert errors[examples.sequence[split.test] == s].mean() < 0.15 * size


@pytest.mark.parametrize("name", [*SIMPLE, "nearest"])
def test_labels_of_unlike_shapes_are_told_apart(name: str) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 240)
    inputs = []
    for label in labels:
        t = np.linspace(0, 1, int(rng.integers(20, 40)))
        inputs.append((np.stack([t, 1 - t, 4 * t * (1 - t)])[label] + rng.normal(size=len(t)) / 5)[:, None])
    table = labelled(inputs, labels, classes=3)
    _, split = thirds(table)
    said = named(name).answer(table, examples_of(table), split)
    np.testing.assert_allclose(said.test.sum(axis=1), 1, rtol=1e-12)
    assert (said.test.argmax(1) == labels_of(table, examples_of(table), split.test)).mean() > 0.95
    assert (said.test > 0).all()


@pytest.mark.parametrize("name", [*SIMPLE, "nearest"])
def test_one_class_in_training_is_answered_and_the_others_are_not_impossible(name: str) -> None:
    table = labelled([np.random.default_rng(s).normal(size=(5, 1)) for s in range(40)], [0] * 30 + [1] * 10)
    said = named(name).answer(table, examples_of(table), Split(np.arange(25), np.arange(25, 28), np.arange(28, 40)))
    assert (said.test.argmax(1) == 0).all() and (said.test[:, 1] > 0).all()


def test_the_usual_label_of_each_spelling_by_hand() -> None:
    labels = [[0, 1, 1], [0, 1, 0], [0, 0, 1]] * 4
    table = tagged([np.zeros((3, 1))] * 12, labels)
    codes = np.array([[0], [1], [2]] * 12, np.int32)
    codes[-1] = 3  # never seen in training
    table = replace(table, codes=codes, inputs=(Column("word", "category", 0, ("the", "dog", "runs", "on")),))
    examples, split = split_at(table, range(9), [9], [11])
    said = named("spelling").answer(table, examples, split).test
    # 27 labels: 15 of 0, 12 of 1. "the": 9 of 0, none of 1; "dog": 3 and 6. Never seen: the shares alone
    the = np.array([15.5 * 9.5 / 16, 12.5 * 0.5 / 13])
    dog = np.array([15.5 * 3.5 / 16, 12.5 * 6.5 / 13])
    np.testing.assert_allclose(said, [the / the.sum(), dog / dog.sum(), np.array([15.5, 12.5]) / 28])


@pytest.mark.parametrize("name", SIMPLE)
def test_tagged_rows_by_their_neighbours(name: str) -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(30, 1)) for _ in range(40)]
    labels = [np.append(0, (each[:-1, 0] > 0).astype(int)) for each in inputs]  # the sign of the row before
    table = tagged(inputs, labels)
    examples = examples_of(table)
    said = named(name).answer(table, examples, Split(np.arange(25), np.arange(25, 28), np.arange(28, 40)))
    wanted = np.concatenate(labels[28:])
    assert said.test.shape == (360, 2) and (said.test.argmax(1) == wanted).mean() > 0.9


@pytest.mark.parametrize("name", [*SIMPLE, "nearest"])
def test_more_than_there_is_time_for_is_sampled_and_told_the_same_each_time(name: str) -> None:
    rng = np.random.default_rng(0)
    table = labelled([rng.normal(size=(6, 3)) for _ in range(3000)], rng.integers(0, 2, 3000))
    examples, split = split_at(table, range(2800), range(2800, 2900), range(2900, 3000))
    first, again = (named(name).answer(table, examples, split, seed=1, seconds=0.01) for _ in range(2))
    assert "of 2,800 examples" in first.told
    np.testing.assert_array_equal(first.test, again.test)


@pytest.mark.parametrize("name", ["drift", "last_value", "mean", "median", "seasonal_value", *SIMPLE])
def test_another_unit_of_the_target_is_another_unit_of_the_answers(name: str) -> None:
    y = np.random.default_rng(0).normal(size=200).cumsum()
    answers = []
    for unit in (1.0, 1024.0):
        table = series(unit * y, horizon=2, season=7, window=10)
        examples, split = split_at(table, range(120), range(130, 140), range(150, 180))
        answers.append(named(name).answer(table, examples, split).test / unit)
    np.testing.assert_allclose(answers[1], answers[0], rtol=1e-6, atol=1e-6)
