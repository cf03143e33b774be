"""What every dataset gives: a task with training, validation and test examples that live as tensors.

Shapes: B examples in a batch, T steps, I input features, K outputs.

The order of training data is a pure function of (seed, step): `source.batch(step, batch_size)` gives the same batch
whatever was asked before, which is why a resumed run sees what it would have seen, and why two cells with one seed see
the same data in the same order.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from rnnbench.errors import UsageError


class Batch(NamedTuple):
    """Examples side by side. `fresh=False` means: they go on where the previous batch ended, so carry the state."""

    inputs: Tensor  # (B, T, I) float, or (B, T) int64 symbols
    targets: Tensor  # whatever the task's loss compares with, first axis B
    lengths: Tensor | None = None  # (B,) int64 on CPU: valid steps of each example; None: all T
    fresh: bool = True

    def to(self, device: torch.device, dtype: torch.dtype) -> Batch:
        """On that device, real values in that dtype; symbols stay int64."""
        inputs, targets = (t.to(device, dtype if t.is_floating_point() else None) for t in self[:2])
        return self._replace(inputs=inputs, targets=targets)

    def over_steps(self, values: Tensor) -> tuple[Tensor, float]:
        """(sum over the valid steps, their number) of per-step values (B, T): what a `Totals` entry needs.

        What stands in the padding, be it NaN, changes nothing.
        """
        if self.lengths is None:
            return values.sum(), float(values.numel())
        step = torch.arange(values.shape[1])
        padding = step >= self.lengths[:, None]  # (B, T)
        return values.masked_fill(padding.to(values.device), 0).sum(), float(self.lengths.sum())


MOST_STEPS = 2**16
"""Steps in one evaluation batch, padding included: what bounds its memory, however long the sequences are."""


def generator(*key: int | str) -> torch.Generator:
    """An independent CPU generator for each key, e.g. (seed, "train", step)."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def check(key: str, value: int, low: int, high: int | None = None) -> None:
    """Refuse, by its name on the command line, a number outside low…high."""
    if value < low or (high is not None and value > high):
        allowed = f"{low} or more" if high is None else f"{low} to {high}"
        raise UsageError("out of range", key=key, value=value, allowed=allowed)


class Source(Protocol):
    """Where training batches come from."""

    @property
    def size(self) -> int | None:
        """Size of the training set, in what `train_size` counts; None when fresh examples never end."""

    def batch(self, step: int, batch_size: int) -> Batch:
        """The batch of training step 0, 1, 2, …: a pure function of the arguments."""

    def epoch_steps(self, batch_size: int) -> int | None:
        """Steps in which every example is seen once; None when fresh ones never end."""


class Held(Protocol):
    """A validation or test set."""

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """The whole set once, in a fixed order, in batches of at most MOST_STEPS steps, and `batch_size` examples.

        With `fresh=False` a batch goes on from the state after the one before. One row cut into parallel streams has
        as many side by side as its length asks for, whatever `batch_size` is.
        """


@lru_cache(maxsize=8)  # a batch may straddle two passes; the rest is for sets that take turns
def _order(n: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(n, generator=generator(seed, "order", epoch))


def shuffled(step: int, batch_size: int, *, n: int, seed: int) -> Tensor:
    """Which of n examples are in the batch of this step: (B,) indices.

    Batches are cut from the endless row of shuffled passes: each is full, and every pass uses each example once.
    """
    if not 1 <= batch_size <= n:
        raise UsageError("the training set is smaller", key="batch_size", value=batch_size, allowed=f"1 to {n}")
    epoch, start = divmod(step * batch_size, n)
    index = _order(n, seed, epoch)[start : start + batch_size]
    if len(index) < batch_size:
        index = torch.cat((index, _order(n, seed, epoch + 1)[: batch_size - len(index)]))
    return index


def drawn(train_size: int | None, *, n: int, seed: int) -> Tensor:
    """Indices of the `train_size` examples (None: all n) that a seed trains on; a smaller draw lies within a larger."""
    if train_size is None:
        return torch.arange(n)
    check("train_size", train_size, 1, n)
    return torch.randperm(n, generator=generator(seed, "drawn"))[:train_size]


@dataclass(frozen=True)
class Examples:
    """A finite set of examples: `Source` for training (reshuffled each pass) and `Held` for evaluation (in order)."""

    inputs: Tensor  # (N, T, I) or (N, T)
    targets: Tensor  # (N, …); (N, T, …) where there are lengths
    lengths: Tensor | None = None  # (N,)
    seed: int = 0

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: Tensor | slice) -> Examples:
        lengths = None if self.lengths is None else self.lengths[index]
        return replace(self, inputs=self.inputs[index], targets=self.targets[index], lengths=lengths)

    @property
    def size(self) -> int:
        return len(self)

    def epoch_steps(self, batch_size: int) -> int:
        return max(1, len(self) // batch_size)

    def batch(self, step: int, batch_size: int) -> Batch:
        return self._take(shuffled(step, batch_size, n=len(self), seed=self.seed))

    def batches(self, batch_size: int) -> Iterator[Batch]:
        size = max(1, min(batch_size, MOST_STEPS // self.inputs.shape[1]))
        for start in range(0, len(self), size):
            yield self._take(slice(start, start + size))

    def _take(self, index: Tensor | slice) -> Batch:
        inputs, targets = self.inputs[index], self.targets[index]
        if self.lengths is None:
            return Batch(inputs, targets)
        lengths = self.lengths[index]
        longest = int(lengths.max())
        return Batch(inputs[:, :longest], targets[:, :longest], lengths)


@dataclass(frozen=True)
class Stream:
    """Fresh examples without end: `sample(n, generator)` makes n of them."""

    sample: Callable[[int, torch.Generator], Batch]
    seed: int
    size: None = None

    def batch(self, step: int, batch_size: int) -> Batch:
        return self.sample(batch_size, generator(self.seed, "train", step))

    def epoch_steps(self, batch_size: int) -> None:
        return None


Totals = Mapping[str, tuple[Tensor, Tensor | float]]
"""A metric's (sum, count) over a batch: totals of batches add up, and sum/count is the metric."""


@dataclass(frozen=True)
class Task(ABC):
    """A dataset with seq_len, train_size and seed decided: examples, what the model must look like, how it is judged.

    Model outputs are (B, T, K) when `readout` is "all" and (B, K), from the last valid step, when it is "last".
    """

    train: Source
    valid: Held
    test: Held
    seq_len: int  # what `seq_len` on the command line would be to get this task
    output_size: int  # K
    input_size: int = 1  # I, of real-valued inputs
    symbols: int | None = None  # vocabulary size when inputs are int64 symbols, else None
    readout: Literal["last", "all"] = "last"
    chance: Mapping[str, float] = field(default_factory=dict)  # metric → its value without learning
    baselines: Mapping[str, float] = field(default_factory=dict)  # "bigram table" → value of `metric`, computed here
    published: Mapping[str, float] = field(default_factory=dict)  # "LSTM, Bai et al. 2018" → value of `metric`

    metric = "accuracy"  # the headline metric, one of `totals`' names; ties are broken by "loss"
    unit = ""
    higher_is_better = True

    @property
    def longest(self) -> int:
        """Steps of the longest training sequence: T_max of `forget_bias=chrono`. `seq_len` where no task says more."""
        return self.seq_len

    @abstractmethod
    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The training loss, a scalar mean."""

    @abstractmethod
    def totals(self, outputs: Tensor, batch: Batch) -> Totals:
        """(sum, count) of "loss" and of each metric over this batch. Not every batch need have the same names."""

    def finish(self, means: Mapping[str, float]) -> dict[str, float]:
        """Metrics of the whole set from the sum/count of each name in `totals`: where a metric is no mean."""
        return dict(means)


class Dataset(ABC):
    """A frozen dataclass whose fields are the dataset's own keys on the command line (`dataset.n_max=50`)."""

    @abstractmethod
    def task(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Task:
        """The task for these choices; `seq_len=None` means the dataset's own, `train_size=None` all (or a stream).

        Raises UsageError where the dataset cannot have that seq_len or train_size, or its file is absent or wrong.
        """
