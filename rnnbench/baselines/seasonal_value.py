"""The value of the same place in the last season known: the seasonal naive forecast, m steps to a season.

ŷ_{T+j} = y_{T+j−m⌈j/m⌉}        where the series is shorter than that, or nothing is known there, the last value before
"""

from __future__ import annotations

import numpy as np

from rnnbench.baselines._past import Past, or_training
from rnnbench.baselines.base import Baseline, Case, Say
from rnnbench.data.table.table import Table


class SeasonalValue(Baseline):
    title = "seasonal last value"
    kind = "naive"
    tasks = ("forecast",)

    def fits(self, table: Table) -> bool:
        return super().fits(table) and table.season > 1

    def learn(self, case: Case) -> tuple[Say, str]:
        past, m = Past(case), case.table.season
        ahead = np.arange(1, case.table.horizon + 1)
        back = ahead - m * -(-ahead // m)  # (h,) −m + 1 … 0: rows from the last one seen

        def say(index: np.ndarray) -> np.ndarray:
            rows = case.examples.stop[index, None] - 1 + back
            found = past.at(index, rows)
            return or_training(np.where(np.isnan(found), past.newest(index)[:, None], found), case)

        return say, f"season of {m} steps"
