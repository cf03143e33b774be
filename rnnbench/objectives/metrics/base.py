"""What is counted: a number that says how good a model's answers are on a whole set.

A metric is told which objective's outputs it will see, is shown each batch, and computes at the end:

    count = Accuracy().begin(objective)
    count.update(outputs, batch, objective.total(outputs, batch))
    count.compute()
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import copy
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.base import Objective

Total = tuple[Tensor, Tensor | float]


class Metric(ABC):
    """`name` as in records and by `metric=`; ties of the first metric are broken by the loss."""

    name: str
    unit: str = ""
    better: Literal["higher", "lower"] = "higher"
    answers: tuple[str, ...]  # of which objectives: those whose answers are these
    objective: Objective

    def fits(self, objective: Objective) -> bool:
        """Whether it can be counted of what this objective predicts."""
        return objective.answers in self.answers

    def without_learning(self, objective: Objective) -> float | None:
        """Its value for answers that know nothing, where that follows from the metric alone."""
        return None

    def undefined(self, targets: np.ndarray) -> str | None:
        """Why it has no value on a set with these targets, where it has none."""
        return None

    def begin(self, objective: Objective) -> Self:
        """The same with nothing counted yet."""
        fresh = copy(self)
        fresh.objective = objective
        fresh.start()
        return fresh

    @abstractmethod
    def start(self) -> None:
        """Nothing is counted yet."""

    @abstractmethod
    def update(self, outputs: Tensor, batch: Batch, loss: Total) -> None:
        """Count a batch, as `Objective.take` gives it. loss: the objective's (sum, number) over it."""

    @abstractmethod
    def compute(self) -> float:
        """Of all that was counted."""


class Mean(Metric):
    """sum / number, both added up over batches."""

    @abstractmethod
    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        """(sum, number) over a batch."""

    def start(self) -> None:
        self.sum, self.number = 0.0, 0.0

    def update(self, outputs: Tensor, batch: Batch, loss: Total) -> None:
        total, number = self.total(outputs, batch, loss)
        self.sum += float(total)
        self.number += float(number)

    def compute(self) -> float:
        return self.sum / self.number


class Gathered(Metric):
    """Of all answers and targets at once, which are kept on the CPU: those of scikit-learn, loaded when computed."""

    @abstractmethod
    def score(self, targets: np.ndarray, answers: np.ndarray, weight: np.ndarray | None) -> float:
        """targets: (n,). answers: (n,) values or (n, K) probabilities. weight: (n,), None where all count alike."""

    def start(self) -> None:
        self.seen: list[tuple[np.ndarray, np.ndarray | None, np.ndarray]] = []

    def update(self, outputs: Tensor, batch: Batch, loss: Total) -> None:
        self.seen.append((*gathered(self.objective, batch), self._answers(outputs, batch)))

    def compute(self) -> float:
        targets, weights, answers = zip(*self.seen, strict=True)
        weight = None if weights[0] is None else np.concatenate(weights)
        return float(self.score(np.concatenate(targets), np.concatenate(answers), weight))

    def _answers(self, outputs: Tensor, batch: Batch) -> Any:
        answers = self.objective.predict(outputs).cpu()
        return answers[_counted(self.objective, batch)].double().numpy()


def gathered(objective: Objective, batch: Batch) -> tuple[np.ndarray, np.ndarray | None]:
    """The targets (n,) of a batch that count, and how much."""
    targets, counted = batch.targets.cpu(), _counted(objective, batch)
    weight = batch.weight
    if weight is not None:
        weight = weight.view(-1, *[1] * (targets.dim() - 1)).expand(targets.shape)[counted].double()
    return targets[counted].numpy(), None if weight is None else weight.numpy()


def _counted(objective: Objective, batch: Batch) -> Tensor:
    out = batch.left_out(batch.targets.shape, per_step=objective.per_step)
    return torch.ones(batch.targets.shape, dtype=torch.bool) if out is None else ~out.expand(batch.targets.shape)
