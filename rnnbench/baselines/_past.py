"""What is known of a series before a forecast begins: all of its rows up to there, however short the window is."""

from __future__ import annotations

import numpy as np

from rnnbench.baselines.base import Case, Indices


class Past:
    """Of the targets of a table, (R, K) float64. Row p of a series is looked for; where it is missing, the last one
    known before it in the same series. NaN where there is none."""

    def __init__(self, case: Case):
        assert case.table.target.values is not None
        self.values = case.table.target.values.astype(np.float64)
        self.begin = case.table.starts[case.examples.sequence]  # (N,) first row of each example's series
        self.stop = case.examples.stop
        rows = np.arange(len(self.values))[:, None]
        self.last = np.maximum.accumulate(np.where(np.isnan(self.values), -1, rows), axis=0)  # (R, K) known row ≤ r
        later = np.where(np.isnan(self.values), len(rows), rows)
        self.next = np.minimum.accumulate(later[::-1], axis=0)[::-1]  # (R, K) known row ≥ r

    def at(self, index: Indices, rows: np.ndarray) -> np.ndarray:
        """rows: (n, …), none beyond the example's `stop` − 1 → (n, …, K)."""
        begin = self.begin[index].reshape(-1, *[1] * rows.ndim)
        found = self.last[np.maximum(rows, 0)]
        found = np.where(rows[..., None] >= begin, found, -1)
        picked = np.take_along_axis(self.values, np.maximum(found, 0).reshape(-1, found.shape[-1]), axis=0)
        return np.where(found >= begin, picked.reshape(found.shape), np.nan)

    def newest(self, index: Indices) -> np.ndarray:
        """(n, K) the last value known."""
        return self.at(index, self.stop[index] - 1)

    def ends(self, index: Indices) -> tuple[np.ndarray, np.ndarray]:
        """(n, K) rows of the first and of the last value known; the first is not before the last where none is."""
        first = self.next[self.begin[index]]
        return first, self.last[self.stop[index] - 1]


def or_training(found: np.ndarray, case: Case) -> np.ndarray:
    """(n, h, K) with the mean of training targets where nothing was known."""
    if not np.isnan(found).any():
        return found
    from rnnbench.baselines._targets import values

    return np.where(np.isnan(found), np.nanmean(values(case, case.train), axis=(0, 1)), found)
