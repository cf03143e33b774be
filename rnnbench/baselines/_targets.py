"""Training targets as baselines learn from them."""

from __future__ import annotations

import numpy as np

from rnnbench.baselines.base import Case, Indices
from rnnbench.data.table.examples import labels_of, values_of
from rnnbench.data.table.table import Table


def series_of(table: Table) -> np.ndarray:
    """(S,) which series each sequence is of: pieces of one, cut where steps are missing, share its name."""
    return np.unique(np.array(table.ids, dtype=object).astype(str), return_inverse=True)[1]


def steps_of(case: Case, index: Indices) -> np.ndarray:
    """(Σ steps,) rows start … stop − 1 of each example, one after another."""
    start = case.start(index)
    lengths = case.examples.stop[index] - start
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(start - before, lengths)


def labels(case: Case, index: Indices) -> np.ndarray:
    """(n,) of sequences, or (Σ steps,) of steps: −1 where unknown."""
    if case.table.task == "label":
        return labels_of(case.table, case.examples, index)
    assert case.table.target.labels is not None
    return case.table.target.labels[steps_of(case, index)]


def values(case: Case, index: Indices) -> np.ndarray:
    """(n, K), or (n, h, K) of a forecast: float64, NaN where unknown."""
    return values_of(case.table, case.examples, index).astype(np.float64)


def answers(case: Case, index: Indices, each: np.ndarray) -> np.ndarray:
    """One answer (C,) or (K,) for every example, or step, of the index."""
    if case.table.task == "tagging":
        return np.broadcast_to(each, (len(steps_of(case, index)), len(each))).copy()
    shape = (len(index), case.table.horizon, len(each)) if case.table.task == "forecast" else (len(index), len(each))
    return np.broadcast_to(each, shape).copy()
