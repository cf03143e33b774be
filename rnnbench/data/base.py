"""What every dataset gives: parts to learn from, to choose by and to be judged on, and what is to be learned.

The order of training data is a pure function of (seed, step): `source.batch(step, batch_size)` gives the same batch
whatever was asked before, which is why a resumed run sees what it would have seen, and why two cells with one seed see
the same data in the same order.
"""

from __future__ import annotations

import hashlib
import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

from rnnbench import moved
from rnnbench.data.batch import Batch
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    from rnnbench.objectives.base import Objective
    from rnnbench.objectives.metrics.base import Metric

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


@dataclass(frozen=True)
class Parts:
    """A dataset with seq_len, train_size and seed decided: examples, what is learned of them, what to compare with."""

    train: Source
    valid: Held
    test: Held
    objective: Objective
    seq_len: int = 0  # what `seq_len` on the command line would be to get these; 0: the steps of the training inputs
    input_size: int = 0  # I, of real-valued inputs; 0: as the training inputs have
    symbols: int | None = None  # vocabulary size when inputs are int64 symbols, else None
    longest: int = 0  # steps of the longest training sequence: T_max of `forget_bias=chrono`; 0: seq_len
    metrics: tuple[Metric, ...] = ()  # of its own, the first selects the best step; none: the objective's
    transform: Any = None  # raw values → inputs and targets, of training examples alone; a frozen dataclass, to be kept
    chance: Mapping[str, float] = field(default_factory=dict)  # metric → its value without learning
    baselines: Mapping[str, float] = field(default_factory=dict)
    """"bigram table" → value of the first metric on the test part of what needs no network: the last value
    again, a table of counts. Who is not clearly better than the best of them and of chance has not learned."""
    published: Mapping[str, float] = field(default_factory=dict)  # "LSTM, Bai et al. 2018" → value of the metric

    def __post_init__(self) -> None:
        for name in ("seq_len", "input_size", "longest"):
            object.__setattr__(self, name, _whole(name, getattr(self, name)) or 0)
        object.__setattr__(self, "symbols", _whole("symbols", self.symbols))
        for name in ("chance", "baselines", "published"):
            object.__setattr__(self, name, _levels(name, getattr(self, name)))
        if not (self.seq_len and (self.input_size or self.symbols)) and self.train.size != 0:
            held = getattr(self.train, "inputs", None)
            shape = (self.train.batch(0, 1).inputs if held is None else held).shape
            object.__setattr__(self, "seq_len", self.seq_len or (shape[1] if len(shape) > 1 else 1))
            object.__setattr__(self, "input_size", self.input_size or (shape[2] if len(shape) > 2 else 1))
        object.__setattr__(self, "longest", self.longest or self.seq_len)


def _whole(name: str, value: Any) -> int | None:
    """A whole number of any library; None for none. Raises UsageError for anything else."""
    try:
        return None if value is None else operator.index(value)
    except TypeError as error:
        raise UsageError(f"Parts({name}=): {value!r} is no whole number") from error


def _levels(name: str, given: Any) -> dict[str, float]:
    """name → number, of NumPy's or torch's numbers, too; what is None is not known. Raises UsageError."""
    if not isinstance(given, Mapping | None):
        raise UsageError(f"Parts({name}=): {given!r} is no mapping of names to numbers")
    found = {}
    for key, value in (given or {}).items():
        if value is None:
            continue
        try:
            number = math.nan if isinstance(value, str | bytes | bool) else float(value)
        except (TypeError, ValueError, RuntimeError):
            number = math.nan
        if not math.isfinite(number):
            raise UsageError(f"Parts({name}=): {key!r} is {value!r}, not a finite number")
        found[str(key)] = number
    return found


class Dataset(ABC):
    """A frozen dataclass whose fields are the dataset's own keys on the command line (`dataset.n_max=50`)."""

    @abstractmethod
    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        """The parts for these choices; `seq_len=None` means the dataset's own, `train_size=None` all (or a stream).

        Raises UsageError where the dataset cannot have that seq_len or train_size, or its file is absent or wrong.
        """


def __getattr__(name: str) -> Any:
    raise moved.gone(__name__, name)
