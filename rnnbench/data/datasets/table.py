"""A user's own file: CSV and the like, read and understood by `rnnbench.data.table`.

    python -m rnnbench dataset=table dataset.path=beer.csv dataset.target=sales

One row a step of one series, of three columns of which `sales` is to be forecast one step ahead, begins

    date        price  sales
    2021-01-04  2.20   410
    2021-01-05  2.20   398       → of these two the next: 431

What a file was taken for is printed before anything trains. Chance is the commonest class, or the mean, of training
examples; beside forecasts stands the last value, and that of a season ago.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from rnnbench.data import splits
from rnnbench.data.base import Dataset, Parts
from rnnbench.data.examples import drawn
from rnnbench.data.splits import Split
from rnnbench.data.table.copies import apart, same_inputs
from rnnbench.data.table.examples import examples_of
from rnnbench.data.table.keys import Keys, Task
from rnnbench.data.table.parts import parts_of
from rnnbench.data.table.table import Examples
from rnnbench.data.table.understand import open_table
from rnnbench.errors import TooLittleData, UsageError
from rnnbench.growth import added

Column = str | int | float | None
"""A column's name, or its number; on the command line a number is no text."""


@dataclass(frozen=True)
class TableFile(Dataset):
    """The keys of `rnnbench.data.table.Keys`. `seq_len` on the command line is `window`.

    One split for all seeds: a fifth of the examples is the test, of the rest a fifth chooses; labels in proportion,
    groups whole, series in time with a gap.
    """

    may_name_files: ClassVar = ("test", "truth")

    path: str | None = None
    target: Column = None
    task: Task | None = None
    id: Column = None
    time: Column = None
    groups: Column = None
    inputs: Column = None
    known: Column = None
    window: int | None = None
    horizon: int | None = None
    season: int | None = None
    test: Column = None
    truth: str | None = None
    lengths: str | None = None
    gaps: Literal["refuse", "fill", "keep"] | None = None
    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool | None = None
    missing: Column = None
    split_seed: int = 0
    ahead: Literal["direct", "recursive"] | None = added(None)

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        if self.path is None:
            raise UsageError("must be given", key="dataset.path", value=None, allowed="a file or folder")
        if seq_len is not None and self.window not in (None, seq_len):
            raise UsageError("another length", key="seq_len", value=seq_len, allowed=f"dataset.window, {self.window}")
        reading = open_table(self.path, self.keys())
        _tell((*(f"{line.label}: {line.text}" for line in reading.lines), *reading.warnings))
        table = reading.table
        examples = examples_of(table, seq_len if self.window is None else self.window)
        split = split_of(examples, self.split_seed)
        if examples.official is None and examples.when is None:
            split = apart(split, same_inputs(table, examples))
        if train_size is not None:
            kept = drawn(train_size, n=len(split.train), seed=seed).numpy()
            split = Split(split.train[np.sort(kept)], split.valid, split.test)
        return parts_of(table, examples, split, seed=seed)

    def keys(self) -> Keys:
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(Keys)}
        texts = ("target", "id", "time", "groups", "inputs", "known", "test", "missing")
        return Keys(**(values | {name: _text(values[name]) for name in texts}))


@cache
def _tell(lines: tuple[str, ...]) -> None:
    """Once, however many runs of a sweep read the file."""
    print("\n".join(lines), file=sys.stderr)


def split_of(examples: Examples, seed: int) -> Split:
    """The one split of ordinary runs: of series in time, whatever the seed."""
    given = np.zeros(len(examples), bool) if examples.official is None else examples.official
    if examples.when is not None:
        return _in_time(examples, given)
    rest = np.flatnonzero(~given)
    if examples.group is not None:
        first = splits.grouped(examples.group[rest], seed)[0]
    else:
        labels = None if examples.label is None else examples.label[rest]
        first = splits.stratified(labels, len(rest), seed)[0]
    if not given.any():
        return first
    return Split(rest[np.union1d(first.train, first.valid)], rest[first.test], np.flatnonzero(given))


def _in_time(examples: Examples, given: np.ndarray) -> Split:
    """The last fifth of the windows is the test, unless one is given; of what is left the last fifth validates."""
    rest, test = np.flatnonzero(~given), np.flatnonzero(given)
    if not len(test):
        rest, test = _before(examples, rest)
    train, valid = _before(examples, rest)
    if not (len(train) and len(valid)):
        raise TooLittleData(f"{len(given)} windows in time leave nothing to train on beside validation and test")
    return Split(train, valid, test)


def _before(examples: Examples, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(what comes before, the last fifth) of the examples of this index.

    What comes before ends before any of the fifth's answers, and shares no row with it.
    """
    assert examples.when is not None
    last = examples.when[index, 1]
    late = index[last >= np.sort(last)[int(0.8 * len(last))]]
    ahead = examples.last[late] - examples.stop[late]  # rows that are answered after the window
    begins = (examples.when[late, 1] - np.maximum(ahead - 1, 0)).min()
    first_row = np.full(int(examples.sequence.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first_row, examples.sequence[late], examples.start[late])
    early = (last < begins) & (examples.last[index] <= first_row[examples.sequence[index]])
    return index[early], late


def _text(value: Column) -> str | None:
    return None if value is None else f"{value:g}" if isinstance(value, float) else str(value)
