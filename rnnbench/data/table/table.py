"""A user's file, understood: sequences of rows end to end, and what is to be learned of them.

All is as the file has it: nothing is scaled or filled, and nothing was learned from its values. What is learned from
training rows alone is `transform.py`; what was understood, and on what grounds, is said in `Reading.lines`.

R rows, S sequences, N examples, K targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from rnnbench.data.table.keys import Task
from rnnbench.data.table.sheet import Line


@dataclass(frozen=True)
class Column:
    """An input. Its values are `numbers[:, index]` or `codes[:, index]` of the table, by its kind."""

    name: str
    kind: Literal["number", "category"]
    index: int
    values: tuple[str, ...] = ()  # of a category: its spellings, by code
    known: bool = False  # ahead: its value at the steps that are forecast may be used
    static: bool = False  # one value within each sequence


@dataclass(frozen=True)
class Target:
    """What is learned: labels with their names, or values in the file's unit.

    `labels` are (S,) for a label a sequence and (R,) for one a step, −1 where unknown; `values` (S, K) for values of a
    sequence and (R, K) where the next are forecast, NaN where unknown. (R, K) are also values of a sequence that is cut
    anywhere, such as the steps to its end: then each row's is the answer to what is seen up to it. `examples.labels_of`
    and `examples.values_of` know which.
    """

    names: tuple[str, ...]  # columns
    classes: tuple[str, ...] = ()
    labels: np.ndarray | None = None
    values: np.ndarray | None = None
    running: bool = False  # values of a sequence by row: (R, K)


@dataclass(frozen=True)
class Examples:
    """What is learned from, one by one: which rows are seen, and of which the answer is wanted.

    A whole sequence, or of one long series a window of it. A window ends before row `stop`; a forecast is of the
    `horizon` rows from `stop` on, all of the same sequence.
    """

    sequence: np.ndarray  # (N,) int64
    start: np.ndarray  # (N,) int64: first row seen. With a free window it is only the earliest that may be
    stop: np.ndarray  # (N,) int64: the row after the last one seen
    last: np.ndarray  # (N,) int64: the row after the last one whose target counts; `stop`, of a forecast stop + horizon
    label: np.ndarray | None = None  # (N,) int64 classes, of a label a sequence: to stratify by
    group: np.ndarray | None = None  # (N,) int64: what must stay whole (`groups=`, or the id where windows share one)
    when: np.ndarray | None = None  # (N, 2) int64: position in time of the first input and the last target, where time
    # orders the examples and a split must be in time; sequences that share dates share positions
    official: np.ndarray | None = None  # (N,) bool: those of the test set that was given

    def __len__(self) -> int:
        return len(self.sequence)


@dataclass(frozen=True)
class Table:
    task: Task
    inputs: tuple[Column, ...]
    numbers: np.ndarray  # (R, number columns) float32, NaN where missing
    codes: np.ndarray  # (R, category columns) int32, −1 where missing
    starts: np.ndarray  # (S + 1,) int64: rows starts[s] … starts[s + 1] − 1 are sequence s, in time
    ids: tuple[str, ...]  # (S,) its name; pieces of one series, cut where steps are missing, share one
    target: Target
    times: np.ndarray | None = None  # (R,) datetime64[s] UTC, or int64 steps as the file counts them
    offsets: np.ndarray | None = None  # (R,) int32 seconds that local time was ahead of UTC, where the file said so
    groups: np.ndarray | None = None  # (S,) int64
    group_names: tuple[str, ...] = ()
    official: np.ndarray | None = None  # (R,) bool: rows of the test set that was given
    window: int | None = None  # null: free, to be chosen on validation
    horizon: int = 0  # of a forecast
    recursive: bool = False  # its steps one after another, each read as the next one's past
    season: int = 1
    step: str = ""  # the usual distance between rows in words: "1 hour"; "" where there is no time
    roles: tuple[tuple[str, str], ...] = ()  # what id, time, groups and target were found to be, by key

    @cached_property
    def filled(self) -> np.ndarray:
        """`numbers` without missing values, but for those before the first of a sequence; made once."""
        return filled(self.numbers, self.starts)


def filled(numbers: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(R, C) with each missing value replaced by the last one before it in its sequence; NaN where there is none."""
    gone = np.isnan(numbers)
    if not gone.any():
        return numbers
    found = numbers.copy()
    first = np.repeat(starts[:-1], np.diff(starts))
    for c in np.flatnonzero(gone.any(axis=0)):
        seen = np.maximum.accumulate(np.where(gone[:, c], -1, np.arange(len(numbers))))
        found[:, c] = np.where(seen >= first, numbers[np.maximum(seen, 0), c], np.nan)
    return found


@dataclass(frozen=True)
class Reading:
    """A table and what is to be told of it before anything trains."""

    table: Table
    lines: tuple[Line, ...]  # what it was taken for, each with the key that changes it
    leaks: tuple[str, ...] = ()  # inputs that give the target away
    warnings: tuple[str, ...] = ()  # sentences; those of `leaks` begin with "leak:"
    digest: str = ""  # of the files' bytes
    roles: Mapping[str, str] = field(default_factory=dict)  # what id, time, groups and target were found to be, by key
