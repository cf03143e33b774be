"""Inputs that give the target away are named; clean files, and random ones of 200 seeds, are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from baselines.series import labelled, series, tagged, valued

from rnnbench.data.splits import Split
from rnnbench.data.table.copies import apart, same_inputs
from rnnbench.data.table.evidence import explained, stump, subset
from rnnbench.data.table.examples import examples_of
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.leaks import leaks_of
from rnnbench.data.table.table import Column, Table
from rnnbench.data.table.understand import open_table

CASES = Path(os.environ.get("RNNBENCH_DATA", "absent")).parent / "cases/own_data"
OWN = Path(os.environ.get("RNNBENCH_DATA", "absent")) / "own"
real = pytest.mark.skipif(not OWN.exists(), reason="real files: RNNBENCH_DATA/own")


def told(table: Table) -> list[tuple[tuple[str, ...], str]]:
    found = leaks_of(table, examples_of(table))
    assert all(leak.sentence.startswith("leak: ") for leak in found)
    return [(leak.columns, leak.sentence) for leak in found]


def columns(table: Table) -> list[tuple[str, ...]]:
    return [names for names, _ in told(table)]


def forecast(target: np.ndarray, **inputs: np.ndarray) -> Table:
    """One series with inputs beside the target."""
    numbers = np.stack([target, *inputs.values()], axis=1).astype(np.float32)
    named = tuple(Column(name, "number", i) for i, name in enumerate(["y", *inputs]))
    base = series(target, window=4)
    return replace(base, inputs=named, numbers=numbers)


def walks(rng: np.random.Generator, n: int = 60, columns: int = 3) -> list[np.ndarray]:
    return [rng.normal(size=(int(rng.integers(5, 12)), columns)).cumsum(axis=0) for _ in range(n)]


@pytest.mark.parametrize("disguise", [
    lambda y, rng: y, lambda y, rng: np.round(y), lambda y, rng: 3 - 2 * y,
    lambda y, rng: y + rng.normal(size=y.shape) / 100,
])  # fmt: skip
def test_a_copy_of_a_value_however_disguised(disguise: object) -> None:
    rng = np.random.default_rng(0)
    inputs, y = walks(rng), rng.normal(size=60) * 20
    copy = disguise(y, rng)  # type: ignore[operator]
    for each, value in zip(inputs, copy, strict=True):
        each[:, 1] = value
    (found,) = told(valued(inputs, y))
    assert found[0] == ("x1",) and "x1 alone explains" in found[1]


def test_a_sum_of_inputs_is_named_by_its_parts() -> None:
    rng = np.random.default_rng(0)
    inputs = walks(rng, columns=4)
    y = [each[-1, 0] + 2 * each[-1, 3] for each in inputs]
    ((names, sentence),) = told(valued(inputs, y))
    assert set(names) == {"x0", "x3"} and "sum of" in sentence


def test_a_sum_over_all_steps_is_named() -> None:
    """More of them than a sum of columns is looked for in."""
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(6, 1)) for _ in range(60)]
    ((names, sentence),) = told(valued(inputs, [3 * each.sum() + 1 for each in inputs]))
    assert names == ("x0",) and sentence.startswith("leak: the sum of x0 over all steps explains")


def test_tomorrow_in_todays_row_is_named_and_a_copy_of_today_is_not() -> None:
    y = np.random.default_rng(0).normal(size=400).cumsum()
    rng = np.random.default_rng(1)
    copy, rounded, tomorrow = y.copy(), np.round(y, 1), np.append(y[1:], 0.0)
    half = tomorrow - rng.normal(size=400)
    assert columns(forecast(y, copy=copy, rounded=rounded)) == []
    ((names, sentence),) = told(forecast(y, copy=copy, tomorrow=tomorrow, rounded=rounded))
    assert names == ("tomorrow",) and "tomorrow of a row tells y of 1 row later" in sentence
    assert set(columns(forecast(y, half=half, rest=tomorrow - half))[0]) == {"half", "rest"}


BY = (" of a row tells", ", by its last 4 rows, tells")


@pytest.mark.parametrize("made", [
    lambda y: y.shift(-2), lambda y: y.shift(-3) * 2 + 1, lambda y: y.rolling(5, center=True).mean(),
    lambda y: y.rolling(3, center=True).mean(), lambda y: y.shift(-2).rolling(3).mean(), lambda y: y.shift(-2).diff(),
])  # fmt: skip
@pytest.mark.parametrize("walk", [False, True])
def test_later_values_in_earlier_rows(made: Callable[[pd.Series], pd.Series], walk: bool) -> None:
    y = np.random.default_rng(0).normal(100, 5, size=400)
    y = y.cumsum() if walk else y
    later = made(pd.Series(y)).to_numpy()
    ((names, sentence),) = told(forecast(y, later=later, noise=np.random.default_rng(1).normal(size=400)))
    assert names == ("later",) and sentence in (f"leak: later{by} y of 1 row later" for by in BY)


@pytest.mark.parametrize("made", [
    lambda y: y.shift(1), lambda y: y.shift(12), lambda y: y.rolling(7).mean(), lambda y: y.diff(),
    lambda y: y.ewm(5).mean(), lambda y: y.shift(1).rolling(30).mean(), lambda y: y.shift(12) - y.shift(24),
    lambda y: y.expanding().max(),
])  # fmt: skip
@pytest.mark.parametrize("season", [1, 12])
def test_past_values_in_earlier_rows_are_no_leak(made: Callable[[pd.Series], pd.Series], season: int) -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(400)
    for y in (rng.normal(100, 5, 400), rng.normal(size=400).cumsum(),
              10 * np.sin(steps * 2 * np.pi / 12) + rng.normal(size=400) / 5, np.tile(rng.normal(size=12), 34)[:400]
              + rng.normal(size=400) / 50):  # fmt: skip
        table = forecast(y, past=made(pd.Series(y)).to_numpy())
        assert columns(replace(table, season=season)) == []


def test_a_target_that_is_known_ahead_by_another_name() -> None:
    y = np.random.default_rng(0).normal(size=400).cumsum()
    table = forecast(y, total=2 * y + 1)
    assert columns(table) == []
    ahead = replace(table, inputs=(table.inputs[0], replace(table.inputs[1], known=True)))
    assert columns(ahead)[0] == ("total",)


def test_one_threshold_on_one_input_of_rows() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(0, 2, 60), 10)
    light = np.where(labels == 1, 500, 20) + rng.normal(size=600)
    table = tagged([np.stack([rng.normal(size=600), light], axis=1)], [labels])
    ((names, sentence),) = told(table)
    assert names == ("x1",) and "x1 alone tells tag" in sentence and "100 % of the rows" in sentence


def test_an_only_input_that_tells_the_label_is_no_leak() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    inputs = [rng.normal(size=(6, 1)) + 9 * label for label in labels]
    assert columns(labelled(inputs, labels)) == []
    assert columns(labelled([np.repeat(each, 2, axis=1) for each in inputs], labels)) == [("x0",), ("x1",)]


def test_few_changes_of_label_prove_nothing() -> None:
    """A trend parts what comes first from what comes last, whatever it is."""
    trend = np.arange(600.0)[:, None]
    assert columns(tagged([trend], [np.repeat([0, 1], 300)])) == []


def test_a_length_that_tells_the_label() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    inputs = [rng.normal(size=(int(rng.integers(5, 9)) + 4 * label, 1)) for label in labels]
    ((names, sentence),) = told(labelled(inputs, labels))
    assert names == () and "length of a sequence alone" in sentence


def test_a_length_that_tells_the_value() -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(int(rng.integers(5, 12)), 2)) for _ in range(80)]
    ((names, sentence),) = told(valued(inputs, np.array([1.5 * len(each) for each in inputs])))
    assert names == () and sentence.startswith("leak: the length of a sequence alone explains 100 % of ")
    ((names, sentence),) = told(valued(inputs, np.array([2.0 * len(each) + each[-1, 1] for each in inputs])))
    assert names == ("x1",) and "the length of a sequence" in sentence


@pytest.mark.parametrize(("name", "how"), [
    (lambda i, label: f"{('off', 'on')[label]}_{i:03d}", 'tells label by the text in it ("off_", "on_")'),
    (lambda i, label: f"{i:03d}-{'AB'[label]}.csv", 'by the text in it ("-A.csv", "-B.csv")'),
    (lambda i, label: str(100 * label + i), "by its number, above or below "),
    (lambda i, label: f"rec{100 * label + i:04d}", "by its number, above or below "),
    (lambda i, label: f"rec{i:03d}", ""),
    (lambda i, label: f"{chr(97 + i % 26)}{i}{chr(97 + i % 7)}", ""),
    (lambda i, label: "one of all", ""),
])  # fmt: skip
def test_names_of_sequences_that_tell_the_label(name: Callable[[int, int], str], how: str) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    table = labelled([rng.normal(size=(6, 1)) for _ in labels], labels)
    ids = tuple(name(i, label) for i, label in enumerate(labels.tolist()))
    assert columns(replace(table, ids=ids)) == []  # names that the file does not have
    found = told(replace(table, ids=ids, roles=(("id", "file"),)))
    assert [names for names, _ in found] == [("file",)] * bool(how)
    assert not how or how in found[0][1]
    assert "number" not in how or columns(replace(table, ids=ids, roles=(("id", "sequence"),))) == []  # places


def test_a_path_that_fixes_the_class() -> None:
    rng = np.random.default_rng(0)
    path = rng.integers(1, 7, 90)
    inputs = [np.concatenate((rng.normal(size=(6, 1)), np.full((6, 1), p)), axis=1) for p in path]
    table = labelled(inputs, path % 2)
    static = replace(table, inputs=(table.inputs[0], replace(table.inputs[1], static=True)))
    ((names, sentence),) = told(static)
    assert names == ("x1",) and "each value of x1 has one label" in sentence


def test_the_same_inputs_stand_on_one_side() -> None:
    rng = np.random.default_rng(0)
    inputs = walks(rng, 40)
    inputs[7] = inputs[3].copy()
    inputs[9] = inputs[3].copy()
    table = valued(inputs, rng.normal(size=40))
    assert told(table) == [
        ((), "leak: 3 of 40 examples have the very inputs of another: kept on one side of each split")
    ]
    same = same_inputs(table, examples_of(table))
    assert same[3] == same[7] == same[9] and len(set(same.tolist())) == 38
    kept = apart(Split(np.array([1, 2, 3]), np.array([4, 7]), np.array([9, 5])), same)
    assert kept.train.tolist() == [1, 2] and kept.valid.tolist() == [4] and kept.test.tolist() == [9, 5]


@pytest.mark.few(2)
@pytest.mark.parametrize("start", range(0, 200, 25))
def test_random_files_have_no_leak(start: int) -> None:
    for seed in range(start, start + 25):
        rng = np.random.default_rng(seed)
        n, C = int(rng.integers(30, 80)), int(rng.integers(1, 8))
        inputs = walks(rng, n, C)
        assert columns(valued(inputs, rng.normal(size=n))) == []
        table = labelled(inputs, rng.integers(0, 3, n), classes=3)
        assert columns(replace(table, roles=(("id", "id"),))) == []
        y, x = rng.normal(size=(2, 300)).cumsum(axis=1)
        assert columns(forecast(y, x=x, copy=y + 1, noise=rng.normal(size=300), trend=np.arange(300.0))) == []
        assert columns(forecast(np.sin(np.arange(300) / 9 + seed), other=np.cos(np.arange(300) / 9), x=x)) == []
        rows = rng.normal(size=(400, C)).cumsum(axis=0)
        assert columns(tagged([rows], [np.repeat(rng.integers(0, 2, 40), 10)])) == []


def test_evidence_by_hand() -> None:
    x = np.linspace(-1, 1, 101)
    assert explained(x, x**3) == pytest.approx(1) and explained(np.ones(101), x) == 0
    assert subset(np.stack([x, x**2], axis=1), 1 + 2 * x**2, 0.999) == [1]
    assert stump(np.arange(20.0), np.repeat([0, 1], 10)) == (1.0, "above or below 9.5")


@real
def test_the_case_of_a_copy_and_a_future() -> None:
    table = open_table(CASES / "14_leak_copy_and_future.csv", Keys(target="y")).table
    assert columns(table) == [("tomorrow",)]


@real
def test_real_files_and_what_they_hide() -> None:
    def opened(path: str, **keys: str) -> Table:
        return open_table(OWN / path, Keys(**{k: str(OWN / v) if k == "test" else v for k, v in keys.items()})).table  # type: ignore[arg-type]

    tecator = told(opened("tser/Tecator_TRAIN.ts", test="tser/Tecator_TEST.ts"))
    whose = "leak: 8 of 43 test examples have the very inputs of a training example"
    assert [sentence for _, sentence in tecator] == [f"{whose}: scored with and without them"]
    assert "2 of 61 test" in told(opened("tser/Covid3Month_TRAIN.ts", test="tser/Covid3Month_TEST.ts"))[0][1]
    light = told(
        opened("occupancy/datatraining.txt", target="Occupancy", task="tagging", test="occupancy/datatest.txt")
    )
    assert [names for names, _ in light] == [("Light",)]
    for path, keys in {
        "forecast/daily-min-temperatures.csv": {}, "forecast/monthly-sunspots.csv": {},
        "forecast/airline-passengers.csv": {}, "forecast/pollution.csv": {"target": "pm2.5"},
        "forecast/Uschange.csv": {"target": "Consumption"},
        "airquality/AirQualityUCI_ddmmyyyy.csv": {"target": "C6H6(GT)"},
    }.items():  # fmt: skip
        assert told(opened(path, **keys)) == [], path
