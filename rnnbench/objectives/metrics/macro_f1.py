"""macro F1: the mean over classes of 2·precision·recall / (precision + recall); 0 where a class is never found."""

from __future__ import annotations

import numpy as np

from rnnbench.objectives.metrics.base import Gathered


class MacroF1(Gathered):
    name = "macro_f1"
    answers = ("labels",)

    def score(self, targets: np.ndarray, answers: np.ndarray, weight: np.ndarray | None) -> float:
        """The classes that the set or an answer has."""
        from sklearn.metrics import f1_score

        return f1_score(targets, answers.argmax(-1), average="macro", sample_weight=weight, zero_division=0)
