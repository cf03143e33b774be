"""Statistics of the rows that each example sees, whatever its length: what simple models read of it.

    of each number      mean, deviation, least, greatest, first, last; the share missing; means of equal pieces
    of each category    the share of each of its commonest spellings, and which was last
    of the example      its length

n examples; rows a … b − 1 of each. Sums over any rows are differences of running sums: no window is copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from rnnbench.baselines.base import Case, Indices

MOST_SPELLINGS = 48
MOST_FEATURES = 400
PIECES = (8, 4)


def statistics(case: Case, index: Indices) -> np.ndarray:
    """(n, F) float32, NaN where nothing is known; F is the same for all examples of a table."""
    rows = Rows(case, case.start(index), case.examples.stop[index])
    columns = [*_numbers(rows), *_categories(rows), (rows.after - rows.first).astype(np.float64)]
    return np.stack(columns, axis=1).astype(np.float32)


class Rows:
    """Of a table the rows that some examples see: from the first of them to the last, so that examples side by side
    cost what they hold. first, after: (n,), or any shape, of rows first … after − 1, counted from `low`."""

    def __init__(self, case: Case, first: np.ndarray, after: np.ndarray):
        self.case = case
        self.low, self.high = (int(first.min()), int(after.max())) if first.size else (0, 0)
        self.first, self.after = first - self.low, after - self.low

    def number(self, column: int) -> np.ndarray:
        return self.case.table.numbers[self.low : self.high, column].astype(np.float64)

    def codes(self, column: int) -> np.ndarray:
        return self.case.table.codes[self.low : self.high, column]


class Sums:
    """Sums of values (R,) over any rows a … b − 1."""

    def __init__(self, values: np.ndarray):
        self.running = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))

    def over(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.running[b] - self.running[a]


def sums(values: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return Sums(values).over(a, b)


def middle_of(case: Case, column: int) -> float:
    """The mean of training rows, which is taken off before squares are summed: of no consequence but for rounding."""
    known = case.table.numbers[case.rows, column]
    known = known[~np.isnan(known)]
    return float(known.mean(dtype=np.float64)) if len(known) else 0.0


def _numbers(rows: Rows) -> Iterator[np.ndarray]:
    case, first, after = rows.case, rows.first, rows.after
    pieces = next((p for p in PIECES if case.table.numbers.shape[1] * (p + 6) <= MOST_FEATURES), 0)
    for column in case.table.inputs:
        if column.kind != "number":
            continue
        raw = rows.number(column.index)
        yield raw[after - 1]
        if column.static:
            continue
        gone, middle = np.isnan(raw), case.once(("middle", column.index), partial(middle_of, case, column.index))
        filled = np.where(gone, 0.0, raw - middle)
        number, total = Sums(~gone), Sums(filled)
        count = number.over(first, after)
        safe = np.where(count > 0, count, np.nan)
        mean = total.over(first, after) / safe
        yield mean + middle
        yield np.sqrt(np.maximum(sums(filled**2, first, after) / safe - mean**2, 0))
        yield _extreme(np.fmin, raw, first, after)
        yield _extreme(np.fmax, raw, first, after)
        yield raw[first]
        yield 1 - count / (after - first)
        for p in range(pieces):
            a, b = (first + (after - first) * q // pieces for q in (p, p + 1))
            piece = number.over(a, b)
            yield total.over(a, b) / np.where(piece > 0, piece, np.nan) + middle


def _extreme(of: np.ufunc, values: np.ndarray, first: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(n,) the least, or the greatest, of rows first … after − 1."""
    if not len(first):
        return np.zeros(0)
    edges = np.stack((first, after), axis=1).ravel()
    return of.reduceat(np.append(values, np.nan), edges)[::2]


def _categories(rows: Rows) -> Iterator[np.ndarray]:
    for column in rows.case.table.inputs:
        if column.kind != "category":
            continue
        codes = rows.codes(column.index)
        for spelling in commonest(rows.case, column.index):
            here = codes == spelling
            if not column.static:
                yield sums(here, rows.first, rows.after) / (rows.after - rows.first)
            yield here[rows.after - 1].astype(np.float64)


def commonest(case: Case, column: int) -> list[int]:
    """Codes of the commonest spellings in training rows, the commonest first."""

    def counted() -> list[int]:
        codes = case.table.codes[case.rows, column]
        counts = np.bincount(codes[codes >= 0]) if (codes >= 0).any() else np.zeros(0)
        return [int(c) for c in np.argsort(-counts, kind="stable")[:MOST_SPELLINGS] if counts[c]]

    return case.once(("spellings", column), counted)
