"""The median of training values: the best constant where errors are absolute."""

from __future__ import annotations

import numpy as np

from rnnbench.baselines._middle import learned
from rnnbench.baselines.base import Baseline, Case, Say


class Median(Baseline):
    title = "median"
    kind = "naive"
    tasks = ("value", "forecast")

    def learn(self, case: Case) -> tuple[Say, str]:
        return learned(case, np.median)
