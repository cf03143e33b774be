"""What is learned from, one by one: whole sequences, windows of a long series, sequences cut before their end.

Indices alone: nothing is copied, however many windows share a row.
"""

from __future__ import annotations

import numpy as np

from rnnbench.data.table.table import Examples, Table

CUTS = 10
"""Into so many beginnings a sequence is cut whose answer changes as it goes on."""
WINDOW = 100
"""Steps of a window where nobody said and nothing chose: of one long series that is tagged."""


MOST = 200_000
"""Windows of a forecast that are learned from and judged: no fit sees more, as long as it may be (`which.budget`)."""


def examples_of(table: Table, window: int | None = None, most: int | None = None) -> Examples:
    """The examples of a table, with windows of so many steps; None: the table's own, or whole sequences.

    Of whole sequences a window takes the last steps. Those without an answer are left out, official ones too. most: of
    more forecasts than that so many, evenly spaced.
    """
    window = table.window if window is None else window
    if table.task == "forecast":
        found = _forecasts(table, window or default_window(table), most)
    elif table.task == "tagging":
        found = _tagged(table, window)
    elif table.target.running:
        found = _cuts(table, window)
    else:
        found = _whole(table, window)
    return found


def default_window(table: Table) -> int:
    """Steps that a forecast is made from where nobody said: a season if there is one and the data hold ten windows."""
    steps = int(np.diff(table.starts).max(initial=1))
    wanted = max(table.season if 1 < table.season <= 200 else 24, min(2 * table.horizon, 96))
    return max(1, min(wanted, (steps - table.horizon) // 8))


def labels_of(table: Table, examples: Examples, index: np.ndarray) -> np.ndarray:
    """Of a label a sequence: (n,) classes of the examples of this index."""
    assert table.target.labels is not None
    return table.target.labels[examples.sequence[index]]


def values_of(table: Table, examples: Examples, index: np.ndarray) -> np.ndarray:
    """(n, K) values of sequences, or (n, h, K) of the h rows that follow a window: NaN where unknown."""
    assert table.target.values is not None
    values = table.target.values
    if table.task == "forecast":
        return values[examples.stop[index, None] + np.arange(table.horizon)]
    return values[examples.stop[index] - 1 if table.target.running else examples.sequence[index]]


def positions_of(times: np.ndarray | None, starts: np.ndarray) -> np.ndarray:
    """(R,) int64: each row's place in time, the same for rows of the same time; without times, as far before the end
    of its sequence as before the longest one's."""
    if times is not None and (times[1:] > times[:-1]).all():
        return np.arange(len(times))
    if times is not None:
        return np.unique(times, return_inverse=True)[1].astype(np.int64)
    lengths = np.diff(starts)
    ends = np.repeat(starts[1:], lengths)
    return np.arange(len(ends)) - ends + int(lengths.max(initial=0))


def _whole(table: Table, window: int | None) -> Examples:
    target = table.target
    known = target.labels >= 0 if target.labels is not None else ~np.isnan(_values(table)).all(axis=1)
    sequence = np.flatnonzero(known & (np.diff(table.starts) > 0))
    start, stop = table.starts[sequence], table.starts[sequence + 1]
    label = None if target.labels is None else target.labels[sequence]
    return _made(table, sequence, _within(start, stop, window), stop, stop, label=label)


def _cuts(table: Table, window: int | None) -> Examples:
    """Beginnings of each sequence, spread evenly from the shortest official one's length on; official ones as they are.

    Each sequence's cuts are shifted against the last one's, so that all lengths occur.
    """
    lengths = np.diff(table.starts)
    official = _official(table, table.starts[:-1])
    shortest = int(lengths[official].min()) if official.any() else max(1, int(lengths.min()) // 4)
    sequence, stop = [], []
    for s, length in enumerate(lengths.tolist()):
        first = table.starts[s]
        if official[s]:
            cuts = np.array([length])
        else:
            spread = (np.arange(CUTS) + (s * 0.618034) % 1) / CUTS
            least = min(shortest, length)
            cuts = np.unique(least + np.floor(spread * (length - least + 1)).astype(np.int64))
        sequence.append(np.full(len(cuts), s))
        stop.append(first + cuts)
    where, end = np.concatenate(sequence), np.concatenate(stop).astype(np.int64)
    known = ~np.isnan(_values(table)[end - 1]).all(axis=1)
    where, end = where[known], end[known]
    group = where.astype(np.int64) if table.groups is None else table.groups[where]
    return _made(table, where, _within(table.starts[where], end, window), end, end, group=group)


def _tagged(table: Table, window: int | None) -> Examples:
    """Whole sequences; of few long ones, windows side by side, each step in one."""
    lengths = np.diff(table.starts)
    if window is None and (len(set(table.ids)) < 10 or lengths.max(initial=0) > 2000):
        window = WINDOW
    if window is None:
        sequence = np.flatnonzero(lengths > 0)
        start, stop = table.starts[sequence], table.starts[sequence + 1]
    else:
        counts = -(-lengths // window)
        sequence = np.repeat(np.arange(len(lengths)), counts)
        within = np.arange(len(sequence)) - np.repeat(np.cumsum(counts) - counts, counts)
        start = table.starts[sequence] + within * window
        stop = np.minimum(start + window, table.starts[sequence + 1])
    assert table.target.labels is not None
    known = np.concatenate(([0], np.cumsum(table.target.labels >= 0)))
    some = known[stop] > known[start]
    sequence, start, stop = sequence[some], start[some], stop[some]
    return _made(table, sequence, start, stop, stop, timed=len(set(table.ids)) < 10 and table.groups is None)


def forecasts(table: Table, window: int | None = None) -> int:
    """How many `examples_of` a forecast there are."""
    return len(_stops(table, window or table.window or default_window(table)))


def _forecasts(table: Table, window: int, most: int | None) -> Examples:
    """Every window that lies in one sequence with its horizon, less those whose targets are all unknown.

    Where a test set was given, its examples forecast rows of it alone, every horizon's end once; training windows end
    before them.
    """
    stop = _stops(table, window)
    if most is not None and len(stop) > most:
        given = None if table.official is None else table.official[stop + table.horizon - 1]
        stop = stop[evenly(given, len(stop), most)]
    sequence = np.searchsorted(table.starts, stop - 1, side="right") - 1
    return _made(table, sequence, stop - window, stop, stop + table.horizon, timed=True)


def evenly(given: np.ndarray | None, n: int, most: int) -> np.ndarray:
    """(most,) of n examples, spaced evenly; of a test set that was given, (n,) bool, all that half of them may be."""
    if given is None or not given.any():
        return np.linspace(0, n - 1, most).astype(np.int64)
    test, rest = np.flatnonzero(given), np.flatnonzero(~given)
    kept = max(min(len(test), most // 2), most - len(rest))
    parts = [part[np.linspace(0, len(part) - 1, k).astype(np.int64)] for part, k in ((test, kept), (rest, most - kept))]
    return np.sort(np.concatenate(parts))


def _stops(table: Table, window: int) -> np.ndarray:
    """(N,) the row after each window."""
    h, R = table.horizon, len(table.numbers)
    edges = np.zeros(R + 2, np.int8)
    first = table.starts[:-1] + window
    after = table.starts[1:] - h + 1
    edges[first[first < after]], edges[after[first < after]] = 1, -1
    stop = np.flatnonzero(np.cumsum(edges, dtype=np.int8))
    known = ~np.isnan(_values(table)).all(axis=1)
    if not known.all():
        stop = stop[_inside(known, stop, h) > 0]
    if table.official is not None:
        inside = _inside(table.official, stop, h)
        stop = stop[(inside == 0) | (inside == h)]
    return stop


def _inside(rows: np.ndarray, stop: np.ndarray, h: int) -> np.ndarray:
    """(N,) of the h rows from each stop on those that are True in `rows` (R,)."""
    count = np.concatenate(([0], np.cumsum(rows)))
    return count[stop + h] - count[stop]


def _made(
    table: Table,
    sequence: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    last: np.ndarray,
    *,
    label: np.ndarray | None = None,
    group: np.ndarray | None = None,
    timed: bool = False,
) -> Examples:
    when = None
    if timed and len(stop):
        place = positions_of(table.times, table.starts)
        when = np.stack((place[start], place[last - 1]), axis=1)
    if group is None and not timed:
        group = None if table.groups is None else table.groups[sequence]
        if group is None and table.task == "tagging" and len(set(sequence.tolist())) < len(sequence):
            group = sequence.astype(np.int64)
    official = None if table.official is None else _official(table, last - 1)
    return Examples(sequence.astype(np.int64), start, stop, last, label, group, when, official)


def _official(table: Table, rows: np.ndarray) -> np.ndarray:
    return np.zeros(len(rows), bool) if table.official is None else table.official[rows]


def _within(start: np.ndarray, stop: np.ndarray, window: int | None) -> np.ndarray:
    return start if window is None else np.maximum(start, stop - window)


def _values(table: Table) -> np.ndarray:
    assert table.target.values is not None
    return table.target.values
