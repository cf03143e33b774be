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

from rnnbench.data.base import Dataset, Parts, check
from rnnbench.data.batch import Batch
from rnnbench.data.examples import Stream, held
from rnnbench.objectives.label_steps import LabelSteps
from rnnbench.objectives.metrics.accuracy import Accuracy
from rnnbench.objectives.metrics.base import Total

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


class Recalled(Accuracy):
    """The share of the ten recalled symbols that are right; the blanks before them do not count."""

    def total(self, outputs: Tensor, batch: Batch, loss: Total) -> Total:
        right = self.right(outputs[:, -RECALLED:], batch.targets[:, -RECALLED:])  # (B, 10)
        return right.sum(), float(right.numel())


@dataclass(frozen=True)
class Copy(Dataset):
    """`valid_size` and `test_size` examples are held out, drawn anew for each seed; training examples never repeat
    unless `train_size` fixes their number."""

    valid_size: int = 1000
    test_size: int = 2000

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        T = 30 if seq_len is None else seq_len
        check("seq_len", T, 1)
        check("dataset.valid_size", self.valid_size, 1)
        check("dataset.test_size", self.test_size, 1)
        make = partial(sample, delay=T)
        if train_size is not None:
            check("train_size", train_size, 1)
        return Parts(
            train=Stream(make, seed) if train_size is None else held(make, train_size, seed, "train"),
            valid=held(make, self.valid_size, seed, "valid"),
            test=held(make, self.test_size, seed, "test"),
            objective=LabelSteps(ALPHABET + 1),  # the blank and the eight
            metrics=(Recalled(),),
            seq_len=T,
            longest=T + 2 * RECALLED,  # `seq_len` is the delay alone
            symbols=ALPHABET + 2,
            chance={"loss": RECALLED * log(ALPHABET) / (T + 2 * RECALLED), "accuracy": 1 / ALPHABET},
        )
