"""weighted absolute percentage error: Σ|y − ŷ| / Σ|y|, a share."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.base import Objective
from rnnbench.objectives.metrics.base import Mean, Total


class WAPE(Mean):
    name = "wape"
    better = "lower"
    answers = ("values",)

    def fits(self, objective: Objective) -> bool:
        return super().fits(objective) and not getattr(objective, "relative", False)

    def undefined(self, targets: np.ndarray) -> str | None:
        return None if np.any(targets) else "all values are 0"

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        error, _ = batch.total(
            (self.objective.predict(outputs) - batch.targets).abs(), per_step=self.objective.per_step
        )
        size, _ = batch.total(batch.targets.abs(), per_step=self.objective.per_step)
        return error, size
