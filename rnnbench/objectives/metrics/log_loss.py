"""log loss: the mean negative log-probability of the right label, in nats."""

from __future__ import annotations

from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.metrics.base import Mean, Total


class LogLoss(Mean):
    name = "log_loss"
    unit = "nats"
    better = "lower"
    answers = ("labels",)

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        return loss
