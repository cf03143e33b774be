"""The mean of training values: the best constant where errors are squared."""

from __future__ import annotations

import numpy as np

from rnnbench.baselines._middle import learned
from rnnbench.baselines.base import Baseline, Case, Say


class Mean(Baseline):
    title = "mean"
    kind = "naive"
    tasks = ("value", "forecast")

    def learn(self, case: Case) -> tuple[Say, str]:
        return learned(case, np.mean)
