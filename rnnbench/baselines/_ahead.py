"""Forecasts for simple models: each target less its last value, in units of its series' deviation.

    z_{T+j} = (y_{T+j} − y_T) / σ        σ of the series' training rows; of a series that has none, of its past

so that series of unlike size teach each other, and a trend can be carried on. Beside the statistics of the window they
read lags of the target, its values one season back, and what is known ahead.
"""

from __future__ import annotations

import numpy as np

from rnnbench.baselines._past import Past
from rnnbench.baselines._statistics import statistics, sums
from rnnbench.baselines._targets import series_of, values
from rnnbench.baselines.base import Case, Indices

LAGS = 24
MOST_STEPS = 64
"""Steps ahead of which each has inputs of its own."""


class Ahead:
    """n examples, h steps, K targets."""

    def __init__(self, case: Case):
        self.case, self.past = case, Past(case)
        self.h, self.K = case.table.horizon, len(case.table.target.names)
        self.sizes = _sizes(case)  # (S, K), NaN of series without training rows
        self.usual = np.nanmean(self.past.values[case.rows], axis=0)  # (K,)

    def targets(self, index: Indices) -> np.ndarray:
        """z (n, h, K), NaN where unknown."""
        anchor, size = self.scale(index)
        return (values(self.case, index) - anchor[:, None]) / size[:, None]

    def restored(self, index: Indices, z: np.ndarray) -> np.ndarray:
        """z (n, h, K) → ŷ."""
        anchor, size = self.scale(index)
        return anchor[:, None] + z.reshape(len(index), self.h, self.K) * size[:, None]

    def scale(self, index: Indices) -> tuple[np.ndarray, np.ndarray]:
        """y_T and σ, (n, K) each."""
        begin, stop = self.past.begin[index], self.case.examples.stop[index]
        size = self.sizes[self.case.examples.sequence[index]]
        for k in range(self.K):
            gone = np.isnan(size[:, k])
            if gone.any():
                low, high = int(begin[gone].min()), int(stop[gone].max())
                size[gone, k] = _deviation(self.past.values[low:high, k], begin[gone] - low, stop[gone] - low)
        anchor = self.past.newest(index)
        size = np.where(size > 1e-9 * np.abs(anchor), size, 1.0)
        return np.where(np.isnan(anchor), self.usual, anchor), size

    def window(self, index: Indices) -> np.ndarray:
        """(n, F) of the window, whichever step is asked for."""
        anchor, size = self.scale(index)
        rows = self.case.examples.stop[index, None] - 1 - np.arange(min(LAGS, self._longest()))
        lags = (self.past.at(index, rows) - anchor[:, None]) / size[:, None]  # (n, L, K)
        return np.concatenate((lags.reshape(len(index), -1), statistics(self.case, index)), axis=1).astype(np.float32)

    def steps(self, index: Indices) -> np.ndarray:
        """(n, h, G) of each step ahead: its value one season back, and columns known ahead. G may be 0."""
        table, anchor_size, found = self.case.table, self.scale(index), []
        rows = self.case.examples.stop[index, None] + np.arange(self.h)  # (n, h)
        if table.season > 1:
            back = rows - table.season * (1 + np.arange(self.h) // table.season)
            found.append((self.past.at(index, back) - anchor_size[0][:, None]) / anchor_size[1][:, None])
        rows = np.minimum(rows, len(table.numbers) - 1)
        for column in table.inputs:
            if column.known and column.kind == "number":
                found.append(table.numbers[rows, column.index][..., None])
            elif column.known:
                few = np.arange(min(len(column.values), 16))
                found.append((table.codes[rows, column.index][..., None] == few).astype(np.float32))
        return np.concatenate(found, axis=2).astype(np.float32) if found else np.zeros((*rows.shape, 0), np.float32)

    def _longest(self) -> int:
        case = self.case
        return int((case.examples.stop[case.train] - case.start(case.train)).max(initial=1))


def _sizes(case: Case) -> np.ndarray:
    """(S, K) of each sequence that of its series."""
    table, seen, series = case.table, case.rows, series_of(case.table)
    order = np.argsort(np.repeat(series, np.diff(table.starts)), kind="stable")  # rows, series after series
    ends = np.cumsum(np.bincount(series, weights=np.diff(table.starts))).astype(np.int64)
    assert table.target.values is not None
    found = []
    for column in table.target.values.T:
        known = np.where(seen, column.astype(np.float64), np.nan)[order]
        found.append(_deviation(known, np.append(0, ends[:-1]), ends, least=8)[series])
    return np.stack(found, axis=1)


def _deviation(values: np.ndarray, first: np.ndarray, after: np.ndarray, least: int = 2) -> np.ndarray:
    """(n,) standard deviations of rows first … after − 1, NaN where fewer than `least` are known."""
    known = ~np.isnan(values)
    middle = float(values[known][0]) if known.any() else 0.0
    filled = np.where(known, values - middle, 0.0)
    count = sums(known, first, after)
    safe = np.where(count >= least, count, np.nan)
    mean = sums(filled, first, after) / safe
    return np.sqrt(np.maximum(sums(filled**2, first, after) / safe - mean**2, 0))
