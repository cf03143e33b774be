"""The tasks of CogScale (PyPI cogscale 0.2, MIT; arXiv 2605.19758) as datasets, made by its own generators.

A generator gives one-hot or real inputs (N, T, I) and targets (N, T, K), −100 throughout where nothing is asked.
Of `simple_copy`, small, one example begins and ends so (4 inputs: three symbols and a trigger):

    inputs    2 0 1 …  blank × 5  trigger  blank blank blank …
    targets   – – – …      –         –       2     0     1   …

The score, of which lower is better, is of the task's kind: of a class at each step the share that is wrong, of labels
the share of bits that are wrong at 0.5, of values the mean squared error.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench import Batch, Dataset, Examples, Parts
from rnnbench.errors import UsageError
from rnnbench.objectives.base import Objective
from rnnbench.objectives.keys import Keys
from rnnbench.objectives.label_steps import LabelSteps
from rnnbench.objectives.metrics.base import Mean, Total
from rnnbench.objectives.value_steps import ValueSteps

try:
    from cogscale import evals
except ImportError as absent:
    raise UsageError("examples/cogscale needs the package cogscale", allowed="pip install cogscale==0.2.0") from absent

TASKS: dict[str, dict[str, Any]] = {
    difficulty: getattr(evals, f"cogscale_{difficulty}") for difficulty in ("small", "medium", "large")
}
MASK = -100.0


class ErrorRate(Mean):
    """The share of classes that are not the most probable one, or of labels that are on the wrong side of 0.5."""

    name = "error"
    better = "lower"
    answers = ("labels", "keys")

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        said = outputs.argmax(-1) if self.objective.answers == "labels" else (outputs >= 0).to(batch.targets)
        return batch.total((said != batch.targets).to(outputs), per_step=True)


class SquaredError(Mean):
    name = "mse"
    better = "lower"
    answers = ("values",)

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        return batch.total((outputs - batch.targets).square(), per_step=True)


@dataclass(frozen=True)
class CogScale(Dataset):
    """One task at one difficulty. A seed makes the same examples here and there."""

    task: str = "simple_copy"
    difficulty: str = "small"

    def __post_init__(self) -> None:
        if self.difficulty not in TASKS:
            raise UsageError(
                "no such difficulty", key="dataset.difficulty", value=self.difficulty, allowed=", ".join(TASKS)
            )
        if self.task not in TASKS[self.difficulty]:
            known = ", ".join(TASKS[self.difficulty])
            raise UsageError("no such task", key="dataset.task", value=self.task, allowed=known)

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        if seq_len is not None:
            raise UsageError("the difficulty says how long", key="seq_len", value=seq_len, allowed="null")
        task = TASKS[self.difficulty][self.task]
        data = task["fct"](**{**task["params"], "seed": seed})  # build_task would change the package's own table
        train, valid, test = (_examples(data, part, seed) for part in ("train", "valid", "test"))
        objective, metric = _learned(data)
        level = _chance().get((self.task, self.difficulty))
        chance = {} if level is None else {metric.name: level}
        train = train if train_size is None else _first(train, train_size)
        return Parts(train, valid, test, objective, metrics=(metric,), chance=chance)


def _examples(data: dict[str, Any], part: str, seed: int) -> Examples:
    inputs, targets = (torch.as_tensor(data[f"{side}_{part}"], dtype=torch.float32) for side in "XY")
    asked = (targets != MASK).any(-1)  # (N, T); of a class the generators set but one of K
    if data["category"] == "classification":
        return Examples(inputs, targets.argmax(-1).masked_fill(~asked, 0), observed=asked, seed=seed)
    return Examples(inputs, targets.masked_fill(~asked[..., None], 0), observed=asked, seed=seed)


def _first(examples: Examples, n: int) -> Examples:
    if not 1 <= n <= len(examples):
        raise UsageError("out of range", key="train_size", value=n, allowed=f"1 to {len(examples)}")
    assert examples.observed is not None
    return Examples(examples.inputs[:n], examples.targets[:n], observed=examples.observed[:n], seed=examples.seed)


def _learned(data: dict[str, Any]) -> tuple[Objective, Mean]:
    classes = int(np.shape(data["Y_train"])[-1])
    if data["category"] == "classification":
        return LabelSteps(classes), ErrorRate()
    return (
        (Keys(classes), ErrorRate())
        if data["category"] == "multi_classification"
        else (ValueSteps(classes), SquaredError())
    )


def _chance() -> dict[tuple[str, str], float]:
    """What the best constant answer scores: chance.py makes the table."""
    with (Path(__file__).parent / "chance.csv").open() as file:
        return {(row["Task"], row["Difficulty"]): float(row["chance"]) for row in csv.DictReader(file)}
