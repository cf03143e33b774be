"""area under the ROC curve: the share of pairs, one of the class and one not, that are ordered right.

Of more than two classes the mean over those that the set has, each against all others.
"""

from __future__ import annotations

import numpy as np

from rnnbench.objectives.base import Objective
from rnnbench.objectives.metrics.base import Gathered


class AUC(Gathered):
    name = "auc"
    answers = ("labels",)

    def without_learning(self, objective: Objective) -> float:
        return 0.5

    def undefined(self, targets: np.ndarray) -> str | None:
        return "all labels are the same" if len(np.unique(targets)) < 2 else None

    def score(self, targets: np.ndarray, answers: np.ndarray, weight: np.ndarray | None) -> float:
        from sklearn.metrics import roc_auc_score

        classes = [1] if answers.shape[1] == 2 else np.unique(targets)
        return float(np.mean([roc_auc_score(targets == k, answers[:, k], sample_weight=weight) for k in classes]))
