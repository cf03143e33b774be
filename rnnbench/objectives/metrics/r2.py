"""coefficient of determination, R²: 1 − Σ(y − ŷ)² / Σ(y − ȳ)²; 0 is the mean, always answered."""

from __future__ import annotations

import numpy as np

from rnnbench.objectives.base import Objective
from rnnbench.objectives.metrics.base import Gathered


class R2(Gathered):
    name = "r2"
    answers = ("values",)

    def fits(self, objective: Objective) -> bool:
        return super().fits(objective) and not getattr(objective, "relative", False)

    def without_learning(self, objective: Objective) -> float:
        return 0.0

    def undefined(self, targets: np.ndarray) -> str | None:
        return "all values are the same" if len(np.unique(targets)) < 2 else None

    def score(self, targets: np.ndarray, answers: np.ndarray, weight: np.ndarray | None) -> float:
        from sklearn.metrics import r2_score

        return r2_score(targets, answers, sample_weight=weight)
