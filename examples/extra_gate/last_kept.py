"""The last kept number: an extra input says at which steps the number is to be kept.

Each step shows a number x_t uniform in [0, 1) and an extra input u_t, 1 with probability 1/10 and at the first step,
else 0. The answer at every step is the number at the latest step with u = 1. One example at T = 6:

    x        0.32  0.91  0.05  0.44  0.78  0.13
    u        1     0     0     1     0     0
    target   0.32  0.32  0.32  0.44  0.44  0.44

Accuracy counts the steps with u = 0, where the answer is no longer in sight. Always answering 1/2 has MSE 1/12 and is
within 0.04 with probability 0.08: chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from rnnbench import Batch, Dataset, Parts, Stream
from rnnbench.data.examples import held
from rnnbench.objectives.metrics.accuracy import Accuracy
from rnnbench.objectives.metrics.base import Total
from rnnbench.objectives.value_steps import ValueSteps

TOLERANCE = 0.04
KEPT = 0.1


def sample(n: int, random: torch.Generator, *, seq_len: int, extra: bool) -> Batch:
    """n fresh examples: inputs (n, T, 2), the extra input last, or (n, T, 1) without it; targets (n, T, 1)."""
    numbers = torch.rand(n, seq_len, generator=random)
    keep = torch.rand(n, seq_len, generator=random) < KEPT
    keep[:, 0] = True
    latest = (keep * torch.arange(seq_len)).cummax(dim=1).values  # (n, T): the latest step with u = 1
    targets = numbers.gather(1, latest)
    inputs = torch.stack((numbers, keep.to(numbers)), dim=-1) if extra else numbers[..., None]
    return Batch(inputs, targets[..., None])


class Recalled(Accuracy):
    """The share within the tolerance of the steps with u = 0."""

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        recalled = batch.inputs[..., :1] != batch.targets  # (B, T, 1)
        return (self.right(outputs, batch.targets) & recalled).sum(), recalled.sum()


@dataclass(frozen=True)
class LastKept(Dataset):
    """`valid_size` and `test_size` examples are held out, drawn anew for each seed; training examples never repeat
    unless `train_size` fixes their number. `extra=False` leaves u out: what can be done without it."""

    extra: bool = True
    valid_size: int = 200
    test_size: int = 1000

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        make = partial(sample, seq_len=30 if seq_len is None else seq_len, extra=self.extra)
        return Parts(
            train=Stream(make, seed) if train_size is None else held(make, train_size, seed, "train"),
            valid=held(make, self.valid_size, seed, "valid"),
            test=held(make, self.test_size, seed, "test"),
            objective=ValueSteps(),
            metrics=(Recalled(TOLERANCE),),
            chance={"loss": 1 / 12, "accuracy": 2 * TOLERANCE},
        )
