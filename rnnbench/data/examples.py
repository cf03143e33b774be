"""Examples held as tensors, and examples made afresh without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from rnnbench.data.base import MOST_STEPS, check, generator
from rnnbench.data.batch import Batch
from rnnbench.errors import UsageError
from rnnbench.machine.memory import there_is


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
    """A finite set of examples: `Source` for training (reshuffled each pass) and `Held` for evaluation (in order).

    Tensors, or what `torch.as_tensor` makes tensors of, all with N as first axis; what each means: `Batch`.
    """

    inputs: Tensor  # (N, T, I) or (N, T)
    targets: Tensor  # (N, …) or (N, T, …)
    lengths: Tensor | None = None  # (N,)
    observed: Tensor | None = None  # (N,), (N, T) or as targets
    weight: Tensor | None = None  # (N,)
    seed: int = 0  # of the order in which they train

    def __post_init__(self) -> None:
        for name in ("inputs", "targets", "lengths", "observed", "weight"):
            value = getattr(self, name)
            if value is None:
                continue
            tensor = torch.as_tensor(value)
            if name == "lengths" and not tensor.is_floating_point():
                tensor = tensor.long()
            object.__setattr__(self, name, tensor)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: Tensor | slice) -> Examples:
        lengths, observed, weight = (None if t is None else t[index] for t in self.all()[2:5])
        return Examples(self.inputs[index], self.targets[index], lengths, observed, weight, self.seed)

    @property
    def size(self) -> int:
        return len(self)

    def all(self) -> Batch:
        """All of them side by side."""
        return Batch(self.inputs, self.targets, self.lengths, self.observed, self.weight)

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
        observed, weight = (None if t is None else t[index] for t in (self.observed, self.weight))
        if self.lengths is None:
            return Batch(inputs, targets, None, observed, weight)
        lengths = self.lengths[index]
        return Batch(inputs[:, : int(lengths.max())], targets, lengths, observed, weight)


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


_KEYS = {"train": "train_size", "valid": "dataset.valid_size", "test": "dataset.test_size"}
_MAKING = 3  # times what they take is in use while they are made


def held(sample: Callable[[int, torch.Generator], Batch], n: int, seed: int, purpose: str) -> Examples:
    """n examples of a stream, made once: another set for each purpose (train, valid, test) and seed.

    Raises UsageError for more than this machine has memory for: it would be killed, and could not say why.
    """
    few = sample(8, generator(seed, "how large"))
    each = sum(part.nbytes for part in few[:5] if part is not None) // 8
    if _MAKING * each * n > (there := there_is()):
        words = f"would take {_MAKING * n * each / 1e9:,.0f} GB to be made, of {there / 1e9:,.0f} GB of memory"
        most = f"at most {there // (_MAKING * each)} here, of {few.inputs.shape[1]} steps each"
        raise UsageError(words, key=_KEYS[purpose], value=n, allowed=most)
    return Examples(*sample(n, generator(seed, purpose))[:5], seed=seed)
