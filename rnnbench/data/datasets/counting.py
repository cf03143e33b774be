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

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnbench.data.base import Batch, Dataset, Examples, Stream, Task, Totals, check, generator
from rnnbench.errors import UsageError


def strings(n: Tensor, *, letters: int) -> Batch:
    """The strings of these n (B,): inputs and targets (B, letters · max n), where a, b, … are 0, 1, … and $ is last."""
    lengths = letters * n
    step = torch.arange(int(lengths.max()))
    inside = step < lengths[:, None]  # (B, T)
    inputs = torch.where(inside, step // n[:, None], 0)
    targets = torch.where(inside, (step + 1) // n[:, None], 0)
    return Batch(inputs, targets, lengths)


def sample(size: int, random: torch.Generator, *, letters: int, n_max: int) -> Batch:
    return strings(torch.randint(1, n_max + 1, (size,), generator=random), letters=letters)


@dataclass(frozen=True, kw_only=True)
class CountingTask(Task):
    letters: int
    n_max: int

    metric = "first_failure"
    unit = "n"

    def _nats(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, float]:
        nats = F.cross_entropy(outputs.flatten(0, 1), batch.targets.flatten(), reduction="none")
        return batch.over_steps(nats.view(batch.targets.shape))

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        nats, steps = self._nats(outputs, batch)
        return nats / steps

    def totals(self, outputs: Tensor, batch: Batch) -> Totals:
        """Beside "loss", for each n of the batch, "n=…": is its string right?"""
        assert batch.lengths is not None
        answer = outputs.argmax(-1)  # (B, T)
        legal = (answer == batch.targets) | ((batch.inputs == 0) & (answer <= 1))
        padding = torch.arange(answer.shape[1]) >= batch.lengths[:, None]
        right = (legal | padding.to(legal.device)).all(dim=1)  # (B,)
        totals: dict[str, tuple[Tensor, float]] = {"loss": self._nats(outputs, batch)}
        for n, one in zip((batch.lengths // self.letters).tolist(), right.double(), strict=True):
            total, count = totals.get(f"n={n}", (torch.zeros_like(one), 0.0))
            totals[f"n={n}"] = (total + one, count + 1.0)
        return totals

    def finish(self, means: Mapping[str, float]) -> dict[str, float]:
        right = {int(name[2:]): mean == 1 for name, mean in means.items() if name.startswith("n=")}
        inside = [right[n] for n in right if n <= self.n_max]
        beyond = [right[n] for n in right if n > self.n_max]
        metrics = {
            "loss": means["loss"],
            "first_failure": float(min((n for n in right if not right[n]), default=max(right) + 1)),
        }
        for name, part in (("accuracy_in_range", inside), ("accuracy_out_of_range", beyond)):
            if part:
                metrics[name] = sum(part) / len(part)
        return metrics


@dataclass(frozen=True)
class Counting(Dataset):
    """`n_max` is the largest n in training, `test_max` in the test. `seq_len`, where given, is the number of steps of
    the longest training string and takes the place of `n_max`."""

    letters: ClassVar[int]
    published: ClassVar[Mapping[str, float]]

    n_max: int = 50
    test_max: int = 500

    def task(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> CountingTask:
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

        def fixed(batch: Batch) -> Examples:
            return Examples(batch.inputs, batch.targets, batch.lengths, seed=seed)

        train: Stream | Examples = Stream(make, seed)
        if train_size is not None:
            check("train_size", train_size, 1)
            train = fixed(make(train_size, generator(seed, "train")))
        return CountingTask(
            letters=k,
            n_max=n_max,
            train=train,
            valid=fixed(strings(torch.tensor([*trained, *validates]), letters=k)),
            test=fixed(strings(torch.tensor([*trained, *tests]), letters=k)),
            seq_len=k * n_max,
            symbols=k,
            output_size=k + 1,
            readout="all",
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
