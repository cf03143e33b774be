"""negative log-likelihood of a step, in bits: nats / ln 2."""

from __future__ import annotations

from math import log

from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.metrics.base import Mean, Total


class Bits(Mean):
    """name, unit: what a dataset calls it."""

    better = "lower"
    answers = ("labels", "keys")

    def __init__(self, name: str = "bits", unit: str = "bits"):
        self.name, self.unit = name, unit

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        nats, number = loss
        return nats / log(2), number
