"""root of the mean squared error, in the unit of the targets."""

from __future__ import annotations

from math import sqrt

from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.metrics.base import Mean, Total


class RMSE(Mean):
    name = "rmse"
    better = "lower"
    answers = ("values",)

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        return batch.total((self.objective.predict(outputs) - batch.targets).square(), per_step=self.objective.per_step)

    def compute(self) -> float:
        return sqrt(super().compute())
