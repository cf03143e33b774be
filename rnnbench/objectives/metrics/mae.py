"""mean absolute error, in the unit of the targets."""

from __future__ import annotations

from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.metrics.base import Mean, Total


class MAE(Mean):
    name = "mae"
    better = "lower"
    answers = ("values",)

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        return batch.total((self.objective.predict(outputs) - batch.targets).abs(), per_step=self.objective.per_step)
