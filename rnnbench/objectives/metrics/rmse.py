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
        errors = self.objective.predict(outputs) - batch.targets
        return batch.total(_roomy(errors).square(), per_step=self.objective.per_step)

    def compute(self) -> float:
        return sqrt(super().compute())


def _roomy(errors: Tensor) -> Tensor:
    """In float64 where float32 has no room for the squares: 1e22 and 1e-24 are numbers that people have."""
    sizes = errors.abs().nan_to_num()  # what is left out may be NaN
    within = (sizes == 0) | ((sizes > 1e-15) & (sizes < 1e15))
    return errors if bool(within.all()) else errors.double()
