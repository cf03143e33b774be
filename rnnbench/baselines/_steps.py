"""Of each step that is tagged: what stands there and around it, within its example."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rnnbench.baselines._statistics import Rows, Sums, commonest
from rnnbench.baselines._targets import steps_of
from rnnbench.baselines.base import Case, Indices

AROUND = (4, 16)


def around(case: Case, index: Indices) -> np.ndarray:
    """(Σ steps, F) float32: each number, the one before and the one after, means of the last and of the next few; each
    category's commonest spellings, here and before."""
    steps = steps_of(case, index)
    lengths = case.examples.stop[index] - case.start(index)
    rows = Rows(case, np.repeat(case.start(index), lengths), np.repeat(case.examples.stop[index], lengths))
    columns = list(_columns(rows, steps - rows.low))
    return np.stack(columns, axis=1).astype(np.float32)


def _columns(rows: Rows, at: np.ndarray) -> Iterator[np.ndarray]:
    first, after = rows.first, rows.after
    before, next_ = np.maximum(at - 1, first), np.minimum(at + 1, after - 1)
    yield (at - first).astype(np.float64)
    for column in rows.case.table.inputs:
        if column.kind == "category":
            codes = rows.codes(column.index)
            for spelling in commonest(rows.case, column.index):
                yield (codes[at] == spelling).astype(np.float64)
                yield (codes[before] == spelling).astype(np.float64)
            continue
        raw = rows.number(column.index)
        yield raw[at]
        if column.static:
            continue
        yield raw[before]
        yield raw[next_]
        number, total = Sums(~np.isnan(raw)), Sums(np.nan_to_num(raw, nan=0.0))
        for n in AROUND:
            for a, b in ((np.maximum(at - n, first), at + 1), (at, np.minimum(at + n + 1, after))):
                count = number.over(a, b)
                yield total.over(a, b) / np.where(count > 0, count, np.nan)
