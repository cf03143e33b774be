"""What must not matter does not: test rows in training, the unit of the target, who was fitted before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnnbench.data.table.understand import open_table
from rnnbench.errors import TooLittleData, UsageError
from rnnbench.which.asked import read
from rnnbench.which.problem import Length
from rnnbench.which.table import TableProblem, problem_of
from rnnbench.which.tuning import default

LENGTH = Length(12, 4)


def waves(rows: int = 240) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.asarray(np.sin(np.arange(rows) / 3) + 0.2 * rng.normal(size=rows)).astype(np.float32)


def problem(values: np.ndarray, path: Path, *typed: str) -> TableProblem:
    path.write_text("sales\n" + "".join(f"{v!r}\n" for v in values.tolist()))
    asked = read([str(path), "window=6", *typed])
    return problem_of(open_table(path, asked.keys).table, asked)


def labelled(
    path: Path, labels: np.ndarray, steps: int = 5, scale: Callable[[int], float] = lambda i: 1
) -> TableProblem:
    """Sequences of one column and a label each, one row a step. scale: of the numbers of sequence i."""
    rng = np.random.default_rng(1)
    rows = [f"{i},{t},{scale(i) * round(rng.normal() + label, 4):.6g},{'yes' if label else 'no'}"
            for i, label in enumerate(labels.tolist()) for t in range(steps)]  # fmt: skip
    path.write_text("id,t,x,y\n" + "\n".join(rows) + "\n")
    asked = read([str(path), "id=id", "time=t", "target=y", "task=label"])
    return problem_of(open_table(path, asked.keys).table, asked)


@pytest.mark.parametrize("slot", [0, 1])
def test_test_rows_times_1024_leave_training_bit_equal(slot: int, tmp_path: Path) -> None:
    values = waves()
    whole = problem(values, tmp_path / "a.csv")
    first = int(whole.examples.stop[whole.splits[0].test].min())  # the first row that is forecast in the first block
    changed = values.copy()
    changed[first:] *= 1024
    other = problem(changed, tmp_path / "b.csv")
    settings = default(whole.space)
    fits = [each.fit(slot, 0, settings, 5, LENGTH, None, True) for each in (whole, other)]
    assert fits[0].valid == fits[1].valid
    assert fits[0].best_step == fits[1].best_step
    assert fits[0].test != fits[1].test


@pytest.mark.parametrize("slot", [0, 1])
def test_test_sequences_times_1024_leave_training_bit_equal(slot: int, tmp_path: Path) -> None:
    whole = labelled(tmp_path / "a.csv", np.arange(60) % 2)
    test = set(whole.splits[4].test.tolist())
    other = labelled(tmp_path / "b.csv", np.arange(60) % 2, scale=lambda i: 1024 if i in test else 1)
    assert set(other.splits[4].test.tolist()) == test
    settings = default(whole.space) | {"both": True}
    fits = [each.fit(slot, 4, settings, 5, LENGTH, None, True) for each in (whole, other)]
    assert (fits[0].valid, fits[0].best_step, fits[0].curve) == (fits[1].valid, fits[1].best_step, fits[1].curve)
    said = [each.answers["prediction"] for each in fits if each.answers is not None]
    assert bool((said[0] != said[1]).any())


@pytest.mark.parametrize("slot", [0, 1])
def test_the_target_times_1024_scales_the_error_and_nothing_else(slot: int, tmp_path: Path) -> None:
    one, other = problem(waves(), tmp_path / "a.csv"), problem(waves() * 1024, tmp_path / "b.csv")
    settings = default(one.space)
    small, large = (each.fit(slot, 3, settings, 5, LENGTH, None, True) for each in (one, other))
    assert large.test == pytest.approx(1024 * small.test, rel=1e-6)  # type: ignore[operator]
    assert large.valid == pytest.approx(1024 * small.valid, rel=1e-6)
    assert small.best_step == large.best_step
    for a, b in zip(one.baselines(3), other.baselines(3), strict=True):
        assert (a.name, a.kind) == (b.name, b.kind)
        assert b.test == pytest.approx(1024 * a.test, rel=1e-3)


@pytest.mark.parametrize("slot", [0, 1])
def test_the_same_arguments_give_the_same_bits_whoever_was_fitted_before(slot: int, tmp_path: Path) -> None:
    first, again = problem(waves(), tmp_path / "a.csv"), problem(waves(), tmp_path / "a.csv")
    settings = default(first.space)
    alone = first.fit(slot, 2, settings, 9, LENGTH, None, True)
    again.fit(1 - slot, 7, settings | {"layers": 2, "dropout": 0.3}, 1, LENGTH, None, True)
    after = again.fit(slot, 2, settings, 9, LENGTH, None, True)
    assert (alone.valid, alone.test) == (after.valid, after.test)
    assert alone.answers is not None and after.answers is not None
    np.testing.assert_array_equal(alone.answers["prediction"], after.answers["prediction"])
    assert first.fit(slot, 2, settings, 10, LENGTH, None, True).test != alone.test


def test_one_cell_against_itself_has_weights_of_its_own_and_the_same_order(tmp_path: Path) -> None:
    both = problem(waves(), tmp_path / "a.csv", "cells=gru,gru")
    trainings = [both.training(slot, 0, default(both.space), 3, LENGTH) for slot in (0, 1)]
    weights = [next(iter(t.model.parameters())) for t in trainings]
    assert weights[0].shape == weights[1].shape
    assert not bool((weights[0] == weights[1]).all())
    assert bool((trainings[0].batch(4).inputs == trainings[1].batch(4).inputs).all())


def test_rare_classes_are_compared_by_balanced_accuracy(tmp_path: Path) -> None:
    rare = labelled(tmp_path / "a.csv", np.array([0] * 50 + [1] * 10))
    assert (rare.metric, rare.select, rare.names) == ("balanced_accuracy",) * 3
    even = labelled(tmp_path / "b.csv", np.array([0] * 30 + [1] * 30))
    assert (even.metric, even.select) == ("accuracy", "accuracy")
    assert even.splits.kind == "random"


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="metric=accuracy"):
        problem(waves(), tmp_path / "a.csv", "metric=accuracy")
    with pytest.raises(UsageError, match="weight=balanced"):
        problem(waves(), tmp_path / "a.csv", "weight=balanced")
    with pytest.raises(TooLittleData):
        problem(waves(30), tmp_path / "a.csv")


def test_windows_that_leave_too_little_to_train_on_are_tried_no_more(tmp_path: Path) -> None:
    """144 months whose year is the season, as air passengers: windows of 6, 12 and 24 would be usual. Of 24 the first
    block has 36 windows before it: 29 and 7 to choose, less the gap of 24 between them, is 5; of 12 it is 31."""
    values = np.sin(np.arange(144) * 2 * np.pi / 12) + 0.01 * np.arange(144)
    path = tmp_path / "a.csv"
    path.write_text("passengers\n" + "".join(f"{v:.5f}\n" for v in values.tolist()))
    asked = read([str(path), "season=12"])
    found = problem_of(open_table(path, asked.keys).table, asked)
    assert found.space.windows == (6, 12)
    assert len(found.splits[0].train) == 31


def test_a_sample_keeps_time_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    problem(waves(), path)
    asked = read([str(path), "window=6"])
    some = problem_of(open_table(path, asked.keys).table, asked, 120)
    assert len(some.examples) == 120
    assert bool((np.diff(some.examples.stop) > 0).all())
    assert some.splits.kind == "time"


def test_where_groups_are_left_out_the_commonest_class_does_not_lean_away(tmp_path: Path) -> None:
    """Twelve groups, six of either label: a constant is right in half of them, the others' commonest class in none."""
    rng = np.random.default_rng(0)
    rows = [f"s{i},{t},{rng.normal():.3f},g{i % 12},{'yes' if i % 12 < 6 else 'no'}" for i in range(60) for t in (0, 1)]
    (tmp_path / "a.csv").write_text("id,t,x,group,y\n" + "\n".join(rows) + "\n")
    asked = read([str(tmp_path / "a.csv"), "id=id", "time=t", "target=y", "groups=group", "inputs=x"])
    whole = problem_of(open_table(tmp_path / "a.csv", asked.keys).table, asked)
    scores = [each.test for j in range(12) for each in whole.baselines(j) if each.kind == "naive"]
    assert len(scores) == 12 and np.mean(scores) == 0.5
