"""symmetric mean absolute percentage error, as in the M4 competition: the mean of 200·|y − ŷ| / (|y| + |ŷ|), 0 to 200.

0 for 0 is no error (0 / 0 counts as 0). Makridakis, Spiliotis & Assimakopoulos 2020.
"""

from __future__ import annotations

from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.base import Objective
from rnnbench.objectives.metrics.base import Mean, Total


class SMAPE(Mean):
    name = "smape"
    unit = "%"
    better = "lower"
    answers = ("values",)

    def fits(self, objective: Objective) -> bool:
        return super().fits(objective) and not getattr(objective, "relative", False)

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        answers = self.objective.predict(outputs)
        error, size = (answers - batch.targets).abs(), answers.abs() + batch.targets.abs()
        shares = 200 * error / size.where(size > 0, 1)
        return batch.total(shares, per_step=self.objective.per_step)
