"""Examples gathered from a table's rows when they are asked for: windows share rows, and no copy of them is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.base import MOST_STEPS
from rnnbench.data.batch import Batch
from rnnbench.data.examples import shuffled
from rnnbench.data.table.examples import labels_of, values_of
from rnnbench.data.table.table import Examples, Table
from rnnbench.data.table.transform import TableTransform, at_level

MOST_HELD = 2**23
"""Numbers up to which a table is transformed once; a larger one is transformed as it is read, so that the processes of
a crew share the one copy that there is."""
CHUNK = 2048
"""Windows whose means are taken at once."""


class Rows:
    """A table's rows as a model reads them: `rows[index]` of any shape, (…, I) float32 or (…,) int64 symbols."""

    def __init__(self, table: Table, transform: TableTransform):
        self.transform, self._table = transform, table
        self._codes = transform.recoded(table.codes, spellings(table))
        self._masks = any(column.mask for column in transform.numbers)
        self.levels = transform.levels_of(table.ids) if transform.levels else None  # (S, K) each
        number = {each.name: each for each in transform.numbers}
        self._read = [number[name] for name in table.target.names] if self.levels else []
        self.own = [transform.names.index(number.name) for number in self._read]  # which inputs are of targets
        self._past = self._targets_read() if self.levels else np.zeros((0, 0), np.float32)
        self._unknown = bool(np.isnan(self._past).any())
        self._all: Tensor | None = None
        if len(table.numbers) * transform.width <= MOST_HELD or transform.symbols:
            self._all = torch.from_numpy(self._transformed(np.arange(len(table.numbers))))

    @property
    def units(self) -> list[float]:
        """(K,) what the targets' past is divided by where it is read, 0 where it reads 0."""
        return [number.std for number in self._read]

    def __getitem__(self, index: Tensor) -> Tensor:
        return torch.from_numpy(self._transformed(index.numpy())) if self._all is None else self._all[index]

    def _transformed(self, rows: np.ndarray) -> np.ndarray:
        numbers = self._table.filled[rows]
        for k, number in enumerate(self._read):
            c = self.transform.numbers.index(number)
            sequence = np.searchsorted(self._table.starts, rows, side="right") - 1
            assert self.levels is not None
            mean, naive = (level[:, k].astype(np.float32)[sequence] for level in self.levels)
            numbers[..., c] = (numbers[..., c] - mean) / naive
        missing = np.isnan(self._table.numbers[rows]) if self._masks else None
        return self.transform(numbers, missing, self._codes[rows])

    def __len__(self) -> int:
        return len(self._codes)

    def mean(self, start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the targets' past in rows start … stop − 1, (n, K) each: as a model reads it, and at its series' level.

        Each from its own rows alone, so that other rows change no bit of it.
        """
        read = np.empty((len(start), self._past.shape[1]))
        for first in range(0, len(start), CHUNK):
            some = slice(first, first + CHUNK)
            lengths = stop[some] - start[some]
            t = np.arange(int(lengths.max()))
            inside = (t < lengths[:, None])[..., None]  # (n, T, 1)
            past = self._past[np.where(inside[..., 0], start[some, None] + t, 0)]  # (n, T, K)
            known = inside & ~np.isnan(past) if self._unknown else inside
            total = past.sum(axis=1, dtype=np.float64, where=known)
            read[some] = total / np.maximum(known.sum(axis=1), 1)
        mean, std = (np.array([getattr(number, name) for number in self._read]) for name in ("mean", "std"))
        return read, mean + std * read

    def lower(self, inputs: Tensor, place: Tensor, start: np.ndarray, stop: np.ndarray) -> None:
        """Take from inputs (B, T, I) of the rows (B, T) the targets' mean in rows start … stop − 1, where their past is
        known, be it from an earlier row."""
        mean = torch.from_numpy(self.mean(start, stop)[0]).to(inputs.dtype)  # (B, K)
        for k, i in enumerate(self.own):
            inputs[..., i] -= mean[:, k, None]
            if self._unknown:
                unknown = torch.from_numpy(np.isnan(self._past[:, k])[place.numpy()])
                inputs[..., i].masked_fill_(unknown, 0)

    def _targets_read(self) -> np.ndarray:
        """(R, K) float32: the targets' past as a model reads it, its level left; NaN where nothing is known yet."""
        place = {column.name: column for column in self._table.inputs if column.kind == "number"}
        values = np.stack([at_level(self._table, self.transform, place[n.name], True) for n in self._read], axis=1)
        mean, std = (np.array([getattr(number, name) for number in self._read], np.float32) for name in ("mean", "std"))
        return np.where(std > 0, (values - mean) / np.where(std > 0, std, 1), np.where(np.isnan(values), values, 0))


def spellings(table: Table) -> list[tuple[str, ...]]:
    """Of each column of `codes`, its spellings by code."""
    categories = sorted((c for c in table.inputs if c.kind == "category"), key=lambda column: column.index)
    return [column.values for column in categories]


@dataclass(frozen=True)
class Gathered:
    """Examples of one part, in their order. Shapes: n examples, T steps of the longest in a batch."""

    rows: Rows
    table: Table
    examples: Examples
    index: np.ndarray  # (n,) which of the examples
    window: int | None
    seed: int = 0
    read: bool = True  # False: inputs are wanted by nobody, and have no width

    def __len__(self) -> int:
        return len(self.index)

    @property
    def size(self) -> int:
        return len(self.index)

    @property
    def lengths(self) -> np.ndarray:
        """(n,) steps that are seen of each."""
        steps = self.examples.stop[self.index] - self.examples.start[self.index]
        return steps if self.window is None or self.table.task == "tagging" else np.minimum(steps, self.window)

    def take(self, which: np.ndarray) -> Batch:
        """The examples index[which] side by side."""
        index = self.index[which]
        stop, lengths = self.examples.stop[index], self.lengths_of(index)
        T = int(lengths.max())
        start = torch.from_numpy(stop - lengths)[:, None]
        place = start + torch.arange(T)
        steps = torch.from_numpy(lengths)
        padded = bool((lengths < T).any())
        inside = torch.arange(T) < steps[:, None]  # (B, T)
        if padded:
            place = torch.where(inside, place, start)
        inputs = self._inputs(place) if self.read else torch.zeros(*place.shape, 0)
        if self.rows.own and self.read:
            self.rows.lower(inputs, place, stop - lengths, stop)
        if padded:
            inputs = inputs * (inside[..., None] if inputs.dim() == 3 else inside)
        targets, observed = self._targets(index, place)
        return Batch(inputs, targets, steps if padded else None, observed, blank=True)

    def scaled(self, values: np.ndarray, index: np.ndarray | None = None) -> np.ndarray:
        """Values (n, h, K) in the unit of the file → as targets are: of forecasts less the mean of what each window
        shows, and of several series in naive errors of each.

        index: of which examples; None: of all of this part.
        """
        if self.rows.levels is None:
            return values
        mean, naive = self._levels_of(index, values.dtype)
        return (values - mean) / naive

    def restored(self, values: np.ndarray, index: np.ndarray | None = None) -> np.ndarray:
        """The way back: (n, h, K) answers in the unit of the file."""
        if self.rows.levels is None:
            return values
        mean, naive = self._levels_of(index, values.dtype)
        return mean + naive * values

    def _levels_of(self, index: np.ndarray | None, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
        assert self.rows.levels is not None
        index = self.index if index is None else index
        stop, sequence = self.examples.stop[index], self.examples.sequence[index]
        mean, naive = (level[sequence] for level in self.rows.levels)
        own = mean + naive * self.rows.mean(stop - self.lengths_of(index), stop)[1]
        return own[:, None].astype(dtype), naive[:, None].astype(dtype)

    def lengths_of(self, index: np.ndarray) -> np.ndarray:
        steps = self.examples.stop[index] - self.examples.start[index]
        return steps if self.window is None or self.table.task == "tagging" else np.minimum(steps, self.window)

    def _inputs(self, place: Tensor) -> Tensor:
        """(B, T) rows → (B, T, I): beside each row what is known of the next `horizon` ones."""
        inputs = self.rows[place]
        known = list(self.rows.transform.ahead_places)
        if not known:
            return inputs
        later = (place[..., None] + torch.arange(1, self.table.horizon + 1)).clamp(max=len(self.rows) - 1)
        return torch.cat((inputs, self.rows[later][..., known].flatten(2)), dim=-1)

    def _targets(self, index: np.ndarray, place: Tensor) -> tuple[Tensor, Tensor | None]:
        """What is to be answered, zeros where it is unknown, and what is known of it; None: all."""
        target = self.table.target
        if self.table.task == "label":
            return torch.from_numpy(labels_of(self.table, self.examples, index)), None
        if self.table.task == "tagging":
            assert target.labels is not None
            labels = torch.from_numpy(target.labels)[place]  # (B, T)
            known = labels >= 0
            return labels.clamp(min=0), None if bool(known.all()) else known
        answers = self.scaled(values_of(self.table, self.examples, index), index)
        values = torch.from_numpy(answers).flatten(1)
        known = ~values.isnan()
        return values.nan_to_num(nan=0.0), None if bool(known.all()) else known


class Training(Gathered):
    """`Source`: shuffled anew in each pass."""

    def batch(self, step: int, batch_size: int) -> Batch:
        return self.take(shuffled(step, batch_size, n=len(self), seed=self.seed).numpy())

    def epoch_steps(self, batch_size: int) -> int:
        return max(1, len(self) // batch_size)


class HeldOut(Gathered):
    """`Held`: in the examples' order."""

    @property
    def unread(self) -> HeldOut:
        """The same for who wants answers alone."""
        return replace(self, read=False)

    def batches(self, batch_size: int) -> Iterator[Batch]:
        size = max(1, min(batch_size, MOST_STEPS // max(1, int(self.lengths.max(initial=1)))))
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))
