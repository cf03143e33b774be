"""negative log-likelihood of a step, in nats: of a symbol, or of a frame of keys."""

from __future__ import annotations

from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.metrics.base import Mean, Total


class Nats(Mean):
    """name, unit: what a dataset calls it."""

    better = "lower"
    answers = ("labels", "keys")

    def __init__(self, name: str = "nats", unit: str = "nats"):
        self.name, self.unit = name, unit

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        return loss
