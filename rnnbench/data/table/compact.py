"""Of a table of which a sample of windows is learned from, the rows that these see: a large file then costs no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnnbench.data.table.table import Examples, Table

WORTH = 4
"""Times as many rows as are seen, from which on the others are left out."""


def compacted(table: Table, examples: Examples) -> tuple[Table, Examples]:
    """The same forecasts of a smaller table: of each series pieces, from a season before a window on. The same where
    most rows are seen, or where it is no forecast."""
    R = len(table.numbers)
    if table.task != "forecast" or not len(examples):
        return table, examples
    begin = table.starts[examples.sequence]
    first = np.maximum(begin, examples.start - table.season)
    edges = np.zeros(R + 1, np.int32)
    np.add.at(edges, first, 1)
    np.add.at(edges, examples.last, -1)
    seen = np.cumsum(edges[:-1]) > 0
    count = int(seen.sum())
    if count * WORTH > R:
        return table, examples
    breaks = np.zeros(R, bool)
    breaks[table.starts[:-1][np.diff(table.starts) > 0]] = True
    breaks |= ~np.concatenate(([False], seen[:-1]))  # the row before is left out
    rows = np.flatnonzero(seen)
    place = np.cumsum(seen) - 1
    starts = np.append(place[np.flatnonzero(seen & breaks)], count)
    owner = np.searchsorted(table.starts, rows[starts[:-1]], side="right") - 1  # (P,)

    def of(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[rows]

    assert table.target.values is not None
    smaller = replace(
        table, numbers=table.numbers[rows], codes=table.codes[rows], starts=starts,
        ids=tuple(table.ids[s] for s in owner), target=replace(table.target, values=table.target.values[rows]),
        times=of(table.times), offsets=of(table.offsets), official=of(table.official),
        groups=None if table.groups is None else table.groups[owner],
    )  # fmt: skip
    moved = place[examples.start] - examples.start
    start, stop, last = (each + moved for each in (examples.start, examples.stop, examples.last))
    sequence = np.searchsorted(starts, start, side="right") - 1
    return smaller, replace(examples, sequence=sequence.astype(np.int64), start=start, stop=stop, last=last)
