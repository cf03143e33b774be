"""Training examples that count by their class, where `weight=balanced` asks for it: each class as much as another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.base import Source
from rnnbench.data.batch import Batch


@dataclass(frozen=True)
class Weighted:
    """A `Source` of labels, each example with its class's weight."""

    source: Source
    weights: Tensor  # (C,)

    @property
    def size(self) -> int | None:
        return self.source.size

    def epoch_steps(self, batch_size: int) -> int | None:
        return self.source.epoch_steps(batch_size)

    def batch(self, step: int, batch_size: int) -> Batch:
        batch = self.source.batch(step, batch_size)
        return batch._replace(weight=self.weights[batch.targets.long()])


def balanced(labels: np.ndarray, classes: int) -> Tensor:
    """(C,) n / (C · n_c) of training labels (n,), so that the mean over them is 1; 0 of a class that none has."""
    counts = np.bincount(labels, minlength=classes)
    there = counts > 0
    weights = np.zeros(classes, np.float32)
    weights[there] = len(labels) / (there.sum() * counts[there])
    return torch.from_numpy(weights)
