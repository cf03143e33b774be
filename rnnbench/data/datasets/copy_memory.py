"""The copy memory task: Hochreiter & Schmidhuber 1997, in the form of Arjovsky et al. 2016 (arXiv 1511.06464).

Ten symbols out of eight, a delay of T steps whose last is a go marker, ten steps in which to answer: T + 20 steps in
all. `seq_len` is the delay T, as in every table of this task. One example at T = 3, blank written as ·, go as !:

    input   3 7 1 1 8 2 5 4 6 2  · · !  · · · · · · · · · ·
    target  · · · · · · · · · ·  · · ·  3 7 1 1 8 2 5 4 6 2

The loss is the cross-entropy averaged over all T + 20 steps, as in Bai et al. 2018; accuracy counts the ten recalled
symbols only. Without memory the best is to be sure of the blanks and to guess the ten: 10·ln 8 / (T + 20) and 1/8.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnbench.data.base import Batch, Dataset, Examples, Stream, Task, Totals, check, generator

RECALLED = 10
ALPHABET = 8
BLANK, GO = 0, ALPHABET + 1  # the eight symbols are 1 … 8


def sample(n: int, random: torch.Generator, *, delay: int) -> Batch:
    """n fresh examples: inputs and targets (n, T + 20) symbols."""
    symbols = torch.randint(1, ALPHABET + 1, (n, RECALLED), generator=random)
    inputs = torch.full((n, delay + 2 * RECALLED), BLANK)
    inputs[:, :RECALLED] = symbols
    inputs[:, RECALLED + delay - 1] = GO
    targets = torch.full_like(inputs, BLANK)
    targets[:, -RECALLED:] = symbols
    return Batch(inputs, targets)


@dataclass(frozen=True)
class CopyTask(Task):
    @property
    def longest(self) -> int:
        return self.seq_len + 2 * RECALLED  # `seq_len` is the delay alone

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(outputs.flatten(0, 1), batch.targets.flatten())

    def totals(self, outputs: Tensor, batch: Batch) -> Totals:
        nats = F.cross_entropy(outputs.flatten(0, 1), batch.targets.flatten(), reduction="sum")
        recalled = outputs[:, -RECALLED:].argmax(-1)  # (B, 10)
        right = recalled == batch.targets[:, -RECALLED:]
        return {"loss": (nats, float(batch.targets.numel())), "accuracy": (right.sum(), float(right.numel()))}


@dataclass(frozen=True)
class Copy(Dataset):
    """`valid_size` and `test_size` examples are held out, drawn anew for each seed; training examples never repeat
    unless `train_size` fixes their number."""

    valid_size: int = 1000
    test_size: int = 2000

    def task(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> CopyTask:
        T = 30 if seq_len is None else seq_len
        check("seq_len", T, 1)
        check("dataset.valid_size", self.valid_size, 1)
        check("dataset.test_size", self.test_size, 1)
        make = partial(sample, delay=T)

        def fixed(n: int, purpose: str) -> Examples:
            batch = make(n, generator(seed, purpose))
            return Examples(batch.inputs, batch.targets, seed=seed)

        if train_size is not None:
            check("train_size", train_size, 1)
        return CopyTask(
            train=Stream(make, seed) if train_size is None else fixed(train_size, "train"),
            valid=fixed(self.valid_size, "valid"),
            test=fixed(self.test_size, "test"),
            seq_len=T,
            symbols=ALPHABET + 2,
            output_size=ALPHABET + 1,  # the blank and the eight
            readout="all",
            chance={"loss": RECALLED * log(ALPHABET) / (T + 2 * RECALLED), "accuracy": 1 / ALPHABET},
        )
