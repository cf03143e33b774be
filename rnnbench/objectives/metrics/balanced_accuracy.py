"""balanced accuracy: the mean over classes of the share of each that is found, however rare it is."""

from __future__ import annotations

import numpy as np

from rnnbench.objectives.base import Objective
from rnnbench.objectives.metrics.base import Gathered


class BalancedAccuracy(Gathered):
    name = "balanced_accuracy"
    answers = ("labels",)

    def without_learning(self, objective: Objective) -> float:
        return 1 / objective.output_size

    def score(self, targets: np.ndarray, answers: np.ndarray, weight: np.ndarray | None) -> float:
        """The classes that the set has."""
        from sklearn.metrics import recall_score

        classes = np.unique(targets)
        return recall_score(targets, answers.argmax(-1), labels=classes, average="macro", sample_weight=weight)
