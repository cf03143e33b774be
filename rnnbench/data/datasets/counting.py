"""Counting: aⁿbⁿ and aⁿbⁿcⁿ. Gers & Schmidhuber 2001, with the question of Weiss, Goldberg & Yahav 2018 (arXiv
1805.04908): trained on n = 1 … n_max, what is the first n that fails?

The network reads a string and predicts, at each step, the next symbol; $ ends the string. One example of aⁿbⁿ, n = 3:

    input    a     a     a     b  b  b
    target   a     a     b     b  b  $
    legal    a, b  a, b  a, b  b  b  $

While a's are read another a or the first b may follow: both are legal. From the first b on the next symbol is
determined, since the number of a's is known. A string is right if at every step the symbol given most weight is legal;
`first_failure` is the smallest n tested whose string is not right, and one more than the largest where all are.

There is but one string for each n, so the strings up to n_max, which train, cannot be held out, and both held-out sets
begin with them. Beyond n_max the sets are disjoint: n_max + 2, n_max + 4, …, 2·n_max validate, all other n up to
`test_max` test.

A network without memory answers from the last symbol alone; the best one says $ after b (c after b, $ after c), is
right at n = 1, and fails at n = 2: chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.data.base import Dataset, Parts, check
from rnnbench.data.batch import Batch
from rnnbench.data.examples import Examples, Stream, held
from rnnbench.errors import UsageError
from rnnbench.objectives.metrics.base import Metric, Total
from rnnbench.objectives.next_symbol import NextSymbol


def strings(n: Tensor, *, letters: int) -> Batch:
    """The strings of these n (B,): inputs and targets (B, letters · max n), where a, b, … are 0, 1, … and $ is last."""
    lengths = letters * n
    step = torch.arange(int(lengths.max()))
    inside = step < lengths[:, None]  # (B, T)
    inputs = torch.where(inside, step // n[:, None], 0)
    targets = torch.where(inside, (step + 1) // n[:, None], 0)
    return Batch(inputs, targets, lengths, blank=True)


def sample(size: int, random: torch.Generator, *, letters: int, n_max: int) -> Batch:
    return strings(torch.randint(1, n_max + 1, (size,), generator=random), letters=letters)


class Strings(Metric):
    """Which of the strings of a set are right, by their n."""

    answers = ("labels",)

    def __init__(self, letters: int, n_max: int):
        self.letters, self.n_max = letters, n_max

    def start(self) -> None:
        self.right: dict[int, bool] = {}

    def update(self, outputs: Tensor, batch: Batch, loss: Total) -> None:
        """A string is right if at every step the answer is legal: the target, or, while a's are read, a or b."""
        assert batch.lengths is not None
        answer = outputs.argmax(-1)  # (B, T)
        legal = (answer == batch.targets) | ((batch.inputs == 0) & (answer <= 1))
        padding = torch.arange(answer.shape[1]) >= batch.lengths[:, None]
        right = (legal | padding.to(legal.device)).all(dim=1)  # (B,)
        for n, one in zip((batch.lengths // self.letters).tolist(), right.tolist(), strict=True):
            self.right[n] = self.right.get(n, True) and one


class FirstFailure(Strings):
    name = "first_failure"
    unit = "n"

    def compute(self) -> float:
        return float(min((n for n in self.right if not self.right[n]), default=max(self.right) + 1))


class Within(Strings):
    name = "accuracy_in_range"

    def compute(self) -> float:
        """The share of the n up to n_max that are right."""
        inside = [right for n, right in self.right.items() if n <= self.n_max]
        return sum(inside) / len(inside)


class Beyond(Strings):
    name = "accuracy_out_of_range"

    def compute(self) -> float:
        """The share of the n beyond n_max that are right."""
        beyond = [right for n, right in self.right.items() if n > self.n_max]
        return sum(beyond) / len(beyond)


@dataclass(frozen=True)
class Counting(Dataset):
    """`n_max` is the largest n in training, `test_max` in the test. `seq_len`, where given, is the number of steps of
    the longest training string and takes the place of `n_max`."""

    letters: ClassVar[int]
    published: ClassVar[Mapping[str, float]]

    n_max: int = 50
    test_max: int = 500

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        k = self.letters
        if seq_len is None:
            check("dataset.n_max", self.n_max, 2)  # at 1 nothing is left to validate on
        elif seq_len < 2 * k or seq_len % k:
            raise UsageError(
                "no string has that many steps", key="seq_len", value=seq_len, allowed=f"{k}·n_max, n_max ≥ 2"
            )
        n_max = self.n_max if seq_len is None else seq_len // k
        check("dataset.test_max", self.test_max, 2 * n_max)
        make = partial(sample, letters=k, n_max=n_max)
        trained = range(1, n_max + 1)
        validates = range(n_max + 2, 2 * n_max + 1, 2)
        tests = [n for n in range(n_max + 1, self.test_max + 1) if n not in validates]

        def fixed(n: Iterable[int]) -> Examples:
            return Examples(*strings(torch.tensor([*n]), letters=k)[:3])

        if train_size is not None:
            check("train_size", train_size, 1)
        return Parts(
            train=Stream(make, seed) if train_size is None else held(make, train_size, seed, "train"),
            valid=fixed([*trained, *validates]),
            test=fixed([*trained, *tests]),
            objective=NextSymbol(k + 1),
            metrics=(FirstFailure(k, n_max), Within(k, n_max), Beyond(k, n_max)),
            seq_len=k * n_max,
            symbols=k,
            chance={"first_failure": 2.0},
            published=self.published,
        )


class AnBn(Counting):
    letters = 2
    published: ClassVar[Mapping[str, float]] = {
        "LSTM trained to n = 100, Weiss et al. 2018": 257,  # right to n = 256
        "GRU trained to n = 100, Weiss et al. 2018": 39,
    }


class AnBnCn(Counting):
    letters = 3
    published: ClassVar[Mapping[str, float]] = {
        "LSTM trained to n = 50, Weiss et al. 2018": 101,  # right to n = 100
        "GRU trained to n = 50, Weiss et al. 2018": 10,
    }
