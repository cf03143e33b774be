"""A given test set is scored with and without the rows that stand in training too."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from baselines.series import labelled

from rnnbench.data.splits import Split, Splits
from rnnbench.data.table.examples import examples_of
from rnnbench.which.copied import copied


def answered(inputs: list[np.ndarray], said: tuple[list[int], list[int]]) -> SimpleNamespace:
    """Six sequences, of which the last three are the test; both cells' labels of these; all are 0 in truth."""
    table = labelled(inputs, [0] * 6)
    examples = examples_of(table)
    examples = replace(examples, official=np.arange(6) >= 3)
    splits = Splits("given", None, 0.0, lambda index: Split(np.array([0, 1]), np.array([2]), np.array([3, 4, 5])))
    problem = SimpleNamespace(table=table, examples=examples, metric="accuracy", better="higher", splits=splits)
    entries = [{"slot": slot, "split": 0, "seed": 0} for slot in (0, 1)]
    journal = SimpleNamespace(
        of=lambda what: entries,
        arrays=lambda e: {"prediction": np.eye(2)[said[e["slot"]]], "target": np.zeros(3, np.int64)},
    )
    return SimpleNamespace(problem=problem, pairs=[SimpleNamespace(split=0)], journal=journal)


def test_both_scores_are_said() -> None:
    inputs = [np.random.default_rng(s).normal(size=(4, 1)) for s in range(6)]
    assert copied(answered(inputs, ([0, 0, 1], [0, 1, 1]))) is None  # type: ignore[arg-type]
    inputs[3] = inputs[1]
    found = copied(answered(inputs, ([0, 0, 1], [0, 1, 1])))  # type: ignore[arg-type]
    assert found is not None and (found["rows"], found["copies"]) == (3, 1)
    assert found["with"] == pytest.approx([2 / 3, 1 / 3]) and found["without"] == pytest.approx([1 / 2, 0])
