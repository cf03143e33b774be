"""pinball loss of a quantile q: the mean of q·(y − ŷ) where that is positive, of (1 − q)·(ŷ − y) elsewhere.

Koenker & Bassett 1978. At q = 1/2, the default, half of the mean absolute error.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.objectives.metrics.base import Mean, Total


class Pinball(Mean):
    better = "lower"
    answers = ("values",)

    def __init__(self, q: float = 0.5):
        self.q = q
        self.name = "pinball" if q == 0.5 else f"pinball_{q:g}"

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        below = batch.targets - self.objective.predict(outputs)  # positive where the answer is too low
        return batch.total(torch.maximum(self.q * below, (self.q - 1) * below), per_step=self.objective.per_step)
