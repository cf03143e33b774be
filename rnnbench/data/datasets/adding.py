"""The adding problem: Hochreiter & Schmidhuber 1997, section 5.4, as in Arjovsky et al. 2016 (arXiv 1511.06464).

Each step shows a number uniform in [0, 1) and a mark. Two steps are marked, one in each half; the target is the sum of
the two marked numbers. One example at T = 6:

    number  0.32  0.91  0.05  0.44  0.78  0.13
    mark    0     1     0     0     1     0          → target 0.91 + 0.78 = 1.69

Always answering 1 has MSE Var(U₁ + U₂) = 2/12 = 1/6, and |error| < 0.04 with probability 1 − 0.96² = 0.0784: chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from rnnbench.data.base import Dataset, Parts, check
from rnnbench.data.batch import Batch
from rnnbench.data.examples import Stream, held
from rnnbench.errors import UsageError
from rnnbench.objectives.metrics.accuracy import Accuracy
from rnnbench.objectives.value import Value

TOLERANCE = 0.04


def sample(n: int, random: torch.Generator, *, seq_len: int) -> Batch:
    """n fresh examples: inputs (n, T, 2), targets (n, 1)."""
    half = seq_len // 2
    numbers = torch.rand(n, seq_len, generator=random)
    first = torch.randint(0, half, (n,), generator=random)
    second = torch.randint(half, seq_len, (n,), generator=random)
    rows = torch.arange(n)
    marks = torch.zeros(n, seq_len)
    marks[rows, first] = 1
    marks[rows, second] = 1
    targets = numbers[rows, first] + numbers[rows, second]
    return Batch(torch.stack((numbers, marks), dim=-1), targets[:, None])


@dataclass(frozen=True)
class Adding(Dataset):
    """`valid_size` and `test_size` examples are held out, drawn anew for each seed; training examples never repeat
    unless `train_size` fixes their number."""

    valid_size: int = 2000
    test_size: int = 10000

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        T = 100 if seq_len is None else seq_len
        if T < 2:
            raise UsageError("each half must hold a mark", key="seq_len", value=T, allowed="2 or more")
        check("dataset.valid_size", self.valid_size, 1)
        check("dataset.test_size", self.test_size, 1)
        if train_size is not None:
            check("train_size", train_size, 1)
        make = partial(sample, seq_len=T)
        return Parts(
            train=Stream(make, seed) if train_size is None else held(make, train_size, seed, "train"),
            valid=held(make, self.valid_size, seed, "valid"),
            test=held(make, self.test_size, seed, "test"),
            objective=Value(),
            metrics=(Accuracy(TOLERANCE),),
            seq_len=T,
            input_size=2,
            chance={"loss": 1 / 6, "accuracy": 1 - (1 - TOLERANCE) ** 2},
        )
