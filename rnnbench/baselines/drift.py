"""The line through the first and the last value known of the series, carried on.

ŷ_{T+j} = y_T + j · (y_T − y_1) / (T − 1)
"""

from __future__ import annotations

import numpy as np

from rnnbench.baselines._past import Past, or_training
from rnnbench.baselines.base import Baseline, Case, Say


class Drift(Baseline):
    title = "drift"
    kind = "naive"
    tasks = ("forecast",)

    def learn(self, case: Case) -> tuple[Say, str]:
        past = Past(case)

        def say(index: np.ndarray) -> np.ndarray:
            first, last = past.ends(index)
            newest = past.newest(index)
            oldest = _each(past, first)
            steps = np.maximum(last - first, 1)
            slope = np.where(last > first, (newest - oldest) / steps, 0.0)  # (n, K)
            j = (case.examples.stop[index, None] - last)[:, None] + np.arange(case.table.horizon)[:, None]  # (n, h, K)
            return or_training(newest[:, None] + j * slope[:, None], case)

        return say, ""


def _each(past: Past, rows: np.ndarray) -> np.ndarray:
    """(n, K) the value of each target in its own row."""
    return np.take_along_axis(past.values, np.minimum(rows, len(past.values) - 1), axis=0)
