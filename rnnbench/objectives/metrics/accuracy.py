"""accuracy: the share of labels that are the most probable one; of values, with a tolerance, of those that near."""

from __future__ import annotations

from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.base import Objective
from rnnbench.objectives.metrics.base import Mean, Total


class Accuracy(Mean):
    """tolerance: of values, the error below which an answer is right; None: of labels."""

    name = "accuracy"
    answers = ("labels", "values")

    def __init__(self, tolerance: float | None = None):
        self.tolerance = tolerance

    def fits(self, objective: Objective) -> bool:
        return objective.answers == ("labels" if self.tolerance is None else "values")

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Which answers are right: bool, as targets."""
        if self.tolerance is None:
            return outputs.argmax(-1) == targets
        return (self.objective.predict(outputs) - targets).abs() < self.tolerance

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        return batch.total(self.right(outputs, batch.targets), per_step=self.objective.per_step)
