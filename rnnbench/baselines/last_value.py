"""The last value known, for all steps ahead: the naive forecast.

ŷ_{T+j} = y_T
"""

from __future__ import annotations

import numpy as np

from rnnbench.baselines._past import Past, or_training
from rnnbench.baselines.base import Baseline, Case, Say


class LastValue(Baseline):
    title = "last value"
    kind = "naive"
    tasks = ("forecast",)

    def learn(self, case: Case) -> tuple[Say, str]:
        past = Past(case)

        def say(index: np.ndarray) -> np.ndarray:
            return or_training(np.repeat(past.newest(index)[:, None], case.table.horizon, axis=1), case)

        return say, ""
