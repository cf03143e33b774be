"""mean absolute scaled error: the mean absolute error over that of the naive forecast on the training series.

    MASE = mean |y − ŷ| / mean |y_t − y_{t−m}|

m is the season, 1 where there is none. Hyndman & Koehler 2006. It fits objectives that state their `naive_error`.
"""

from __future__ import annotations

import numpy as np

from rnnbench.errors import UsageError
from rnnbench.objectives.base import Objective
from rnnbench.objectives.forecast import Forecast
from rnnbench.objectives.metrics.mae import MAE


def naive_error(series: np.ndarray, season: int = 1) -> float:
    """mean |y_t − y_{t−m}| of a training series (n,), n > m. Raises UsageError where it is 0: nothing is to learn."""
    error = float(np.abs(series[season:] - series[:-season]).mean())
    if not error > 0:
        raise UsageError(f"the training series repeats itself every {season} steps: MASE has no scale")
    return error


class MASE(MAE):
    name = "mase"

    def fits(self, objective: Objective) -> bool:
        return isinstance(objective, Forecast) and objective.naive_error is not None

    def without_learning(self, objective: Objective) -> float:
        return 1.0

    def compute(self) -> float:
        assert isinstance(self.objective, Forecast) and self.objective.naive_error is not None
        return super().compute() / self.objective.naive_error
