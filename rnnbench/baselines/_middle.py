"""A middle of training values: of all, or where the same series are forecast, of each its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnbench.baselines._targets import answers, series_of, values
from rnnbench.baselines.base import Case, Say

Middle = Callable[[np.ndarray], np.ndarray]
"""(n, K) → (K,), what is unknown left out."""


def learned(case: Case, middle: Middle) -> tuple[Say, str]:
    if case.table.task == "value":
        whole = _known(middle, values(case, case.train))
        return lambda index: answers(case, index, whole), ""
    table, examples, train = case.table, case.examples, case.train
    found = table.target.values
    assert found is not None
    seen = case.rows
    whole = _known(middle, found[seen].astype(np.float64))
    series = series_of(table)
    rows_of = np.repeat(series, np.diff(table.starts))
    rows = np.flatnonzero(seen)[np.argsort(rows_of[seen], kind="stable")]  # series after series
    past, ends = found[rows].astype(np.float64), np.cumsum(np.bincount(rows_of[seen], minlength=series.max() + 1))
    own = {}
    for each in np.unique(series[examples.sequence[train]]).tolist():
        middle_of = _known(middle, past[ends[each - 1] if each else 0 : ends[each]])
        own[each] = np.where(np.isnan(middle_of), whole, middle_of)

    def say(index: np.ndarray) -> np.ndarray:
        each = np.array([own.get(s, whole) for s in series[examples.sequence[index]].tolist()]).reshape(
            len(index), len(whole)
        )
        return np.repeat(each[:, None], table.horizon, axis=1)

    return say, "of each series" if len(own) > 1 else ""


def _known(middle: Middle, found: np.ndarray) -> np.ndarray:
    """(K,) NaN where nothing is known."""
    return np.array([middle(column[~np.isnan(column)]) if (~np.isnan(column)).any() else np.nan for column in found.T])
