"""What a model's file was like, as far as another must be like it to be read likewise; kept with the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnbench.data.table.keys import Task
from rnnbench.data.table.table import Examples, Table


@dataclass(frozen=True)
class Range:
    """Of a column in training rows."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Origin:
    task: Task
    roles: tuple[tuple[str, str], ...] = ()  # what id, time, groups and target were, by key
    ranges: tuple[Range, ...] = ()  # of numbers that are read
    window: int | None = None  # steps that a model sees at most; null: whole sequences
    season: int = 1
    step: str = ""  # the usual distance between rows in words

    def role(self, key: str) -> str | None:
        found = dict(self.roles).get(key)
        return None if found == "none" else found


def origin_of(
    table: Table, examples: Examples, rows: np.ndarray, train: Sequence[int] | np.ndarray, window: int | None
) -> Origin:
    """rows: (R,) bool, those of training examples; train: which of the examples those are; window: as `parts_of`'s."""
    longest = int((examples.stop[train] - examples.start[train]).max())
    ranges = []
    for column in table.inputs:
        if column.kind == "number":
            known = table.numbers[rows, column.index]
            known = known[~np.isnan(known)]
            if len(known):
                ranges.append(Range(column.name, float(known.min()), float(known.max())))
    if table.task == "tagging":
        whole = bool((examples.stop - examples.start == np.diff(table.starts)[examples.sequence]).all())
        window = None if whole else longest
    elif table.task == "forecast":
        window = longest if window is None else min(window, longest)
    return Origin(table.task, table.roles, tuple(ranges), window, table.season, table.step)
