"""What rows say: the bootstrap over a given test set, and what is shown of a series; worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnbench.data.examples import Examples
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.understand import open_table
from rnnbench.which.answer import Pair, Terms
from rnnbench.which.asked import read
from rnnbench.which.journal import Journal
from rnnbench.which.rows import bootstrapped, each_row
from rnnbench.which.shown import diebold_mariano_of
from rnnbench.which.table import problem_of
from rnnbench.which.weighted import Weighted, balanced

SCORES, ERRORS = Terms("higher", 0.02, 0.25), Terms("lower", 0.02, 0.25)


def test_what_each_row_gets() -> None:
    shares = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    np.testing.assert_array_equal(each_row(shares, np.array([0, 0, 1]), "accuracy"), [1, 0, 1])
    steps = np.array([[0, 1, 1], [1, 0, -1]])  # labels a step; the second example has two of them
    np.testing.assert_allclose(each_row(steps, np.array([[0, 1, 0], [1, 1, -1]]), "accuracy"), [2 / 3, 1 / 2])
    ahead, target = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 4.0], [3.0, np.nan]])
    np.testing.assert_allclose(each_row(ahead, target, "rmse"), [2.0, 0.0])
    np.testing.assert_allclose(each_row(ahead, target, "mae"), [1.0, 0.0])


def test_what_is_kept_of_a_baseline_of_forecasts_has_its_score(tmp_path: Path) -> None:
    """A series far from 0: its targets are learned less a level, and what naive forecasts are kept as must be, too."""
    rng = np.random.default_rng(0)
    values = 1000 + 10 * np.sin(np.arange(300) / 5) + rng.normal(size=300)
    (tmp_path / "far.csv").write_text("value\n" + "\n".join(f"{v:.3f}" for v in values) + "\n")
    reading = open_table(str(tmp_path / "far.csv"), Keys())
    problem = problem_of(reading.table, read([str(tmp_path / "far.csv")]))
    scored = next(each for each in problem.baselines(0) if each.name == "last value")
    assert scored.answers is not None
    errors = each_row(scored.answers["prediction"], scored.answers["target"], "rmse")
    np.testing.assert_allclose(math.sqrt(errors.mean()), scored.test, rtol=1e-4)
    assert scored.test < 10


def test_a_clear_difference_over_rows() -> None:
    """Of 200 rows the first has 180, the second 100, the baseline 100 others: any other 200 rows say the same of the
    first, and of the second against the baseline nothing."""
    first, second = np.repeat([1.0, 0.0], [180, 20]), np.repeat([1.0, 0.0], [100, 100])
    found = bootstrapped(first, second, second[::-1].copy(), None, "accuracy", SCORES)
    assert found.difference.above > 0.999
    assert found.gains[0] > 0.999
    assert 0.3 < found.gains[1] < 0.7
    assert found.simple is None
    assert bootstrapped(first, second, second, None, "accuracy", SCORES, simple=first).simple == found.gains[0]


def test_errors_are_compared_as_roots_of_means_in_logarithms() -> None:
    """Squared errors of 4 and of 1 everywhere: the second's error is half, log 2 lower, in every resample."""
    found = bootstrapped(np.full(30, 4.0), np.full(30, 1.0), np.full(30, 2.0), None, "rmse", ERRORS)
    assert (found.difference.below, found.gains) == (1.0, (0.0, 1.0))
    near = bootstrapped(np.full(30, 1.03), np.full(30, 1.0), np.full(30, 2.0), None, "rmse", ERRORS)
    assert near.difference.within == 1.0  # √1.03 is 1.5 % more
    far = bootstrapped(np.full(30, 1.03), np.full(30, 1.0), np.full(30, 2.0), None, "mae", ERRORS)
    assert far.difference.below == 1.0  # 3 % more


def test_balanced_accuracy_draws_within_classes() -> None:
    """The first has all 90 rows of one class and none of the 10 of the other: ½; so has the second, by the others."""
    first = np.repeat([1.0, 0.0], [90, 10])
    found = bootstrapped(first, 1 - first, np.zeros(100), np.repeat([0, 1], [90, 10]), "balanced_accuracy", SCORES)
    assert found.difference.within == 1.0


def test_diebold_mariano_of_blocks_end_to_end() -> None:
    """Two blocks of three forecasts: errors of the first 2, 1, 3 | 1, 2, 2, of the second 1 each: squared differences
    3, 0, 8, 0, 3, 3: mean 17/6."""
    journal, pairs = Journal(), [Pair(0, (1, 1), 1, "last value"), Pair(1, (1, 1), 1, "last value")]
    for split, errors in enumerate(([2.0, 1.0, 3.0], [1.0, 2.0, 2.0])):
        for slot, said in enumerate((np.array(errors), np.ones(3))):
            entry = {"what": "fit", "split": split, "slot": slot, "seed": 0}
            journal.add(entry, {"prediction": said[:, None], "target": np.zeros((3, 1))})
    found = diebold_mariano_of(journal, pairs, 1, "rmse", 1)
    assert found is not None
    d = np.array([3.0, 0, 8, 0, 3, 3])
    assert found["n"] == 6
    assert found["statistic"] == pytest.approx(d.mean() / (d.std(ddof=1) / math.sqrt(6)))


def test_classes_count_alike_where_it_is_asked() -> None:
    """Of eight labels six are 0 and two are 1: weights 8/(2·6) and 8/(2·2), whose mean over the labels is 1."""
    labels = np.array([0] * 6 + [1] * 2)
    weights = balanced(labels, 3)
    assert weights.tolist() == pytest.approx([2 / 3, 2.0, 0.0])
    assert weights[labels].mean().item() == pytest.approx(1.0)
    source = Weighted(Examples(torch.zeros(8, 3, 1), torch.from_numpy(labels), seed=1), weights)
    batch = source.batch(0, 8)
    assert batch.weight is not None
    assert (source.size, source.epoch_steps(4)) == (8, 2)
    assert torch.equal(batch.weight, weights[batch.targets])
