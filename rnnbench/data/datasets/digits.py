"""Handwritten digits, 1,797 images of 8 × 8 from scikit-learn (the test part of UCI's Optical Recognition of
Handwritten Digits), read pixel by pixel (`seq_len=64`), row by row (8), or in any divisor of 64. Needs no download.

Pixels are 0 … 16, scaled to [0, 1]. The first image, a zero, row by row (T = 8, I = 8), begins

    step 1   0  0  .3125  .8125  .5625  .0625  0  0
    step 2   0  0  .8125  .9375  .625   .9375  .3125  0
    …                                                    → label 0

The classes are balanced to within half a percent: the commonest class, answered always, gives an accuracy of 0.10.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rnnbench.data.base import Dataset, Parts, check
from rnnbench.data.examples import Examples, drawn
from rnnbench.data.pixels import Pixels, chance, steps
from rnnbench.objectives.label import Label


@dataclass(frozen=True)
class Digits(Dataset):
    """A split with every class in proportion, the same for every `seed`: `split_seed` draws another."""

    valid_size: int = 180
    test_size: int = 360
    split_seed: int = 0

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        from sklearn.datasets import load_digits  # a second to import: only who asks for digits waits
        from sklearn.model_selection import train_test_split

        pixels, labels = load_digits(return_X_y=True)  # (1797, 64), (1797,)
        most = len(labels) - 20  # ten of each part at least: one of each class
        check("dataset.valid_size", self.valid_size, 10, most)
        check("dataset.test_size", self.test_size, 10, most - self.valid_size)
        transform = Pixels(steps(seq_len, 64), largest=16)
        inputs = transform(torch.from_numpy(pixels))
        targets = torch.from_numpy(labels).long()
        everything = np.arange(len(labels))
        rest, test = train_test_split(
            everything, test_size=self.test_size, stratify=labels, random_state=self.split_seed
        )
        train, valid = train_test_split(
            rest, test_size=self.valid_size, stratify=labels[rest], random_state=self.split_seed
        )
        train = train[drawn(train_size, n=len(train), seed=seed).numpy()]

        def part(index: np.ndarray) -> Examples:
            where = torch.from_numpy(index)
            return Examples(inputs[where], targets[where], seed=seed)

        return Parts(
            train=part(train),
            valid=part(valid),
            test=part(test),
            objective=Label(10),
            transform=transform,
            chance=chance(targets[train], targets[test], classes=10),
        )
