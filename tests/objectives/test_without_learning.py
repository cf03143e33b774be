"""What a metric gives to answers that know nothing, by scikit-learn or by hand, and where a run's record has it."""

from __future__ import annotations

import numpy as np
import pytest
from making import make
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score

from rnnbench.objectives.forecast import Forecast
from rnnbench.objectives.label import Label
from rnnbench.objectives.metrics.accuracy import Accuracy
from rnnbench.objectives.metrics.auc import AUC
from rnnbench.objectives.metrics.balanced_accuracy import BalancedAccuracy
from rnnbench.objectives.metrics.mase import MASE
from rnnbench.objectives.metrics.r2 import R2
from rnnbench.objectives.value import Value
from rnnbench.run import run


def test_it_is_that_of_constant_answers() -> None:
    labels, values = np.array([0, 0, 0, 1, 2, 2]), np.array([1.0, 2.0, 4.0])
    constant = np.zeros_like(labels)
    assert AUC().without_learning(Label(2)) == roc_auc_score(labels == 0, constant)
    assert BalancedAccuracy().without_learning(Label(3)) == pytest.approx(balanced_accuracy_score(labels, constant))
    assert R2().without_learning(Value()) == pytest.approx(r2_score(values, np.full(3, values.mean())))
    assert MASE().without_learning(Forecast(1)) == 1.0  # the naive forecast by itself
    assert Accuracy().without_learning(Label(2)) is None  # goes by how the labels are spread: the data say


def test_a_record_has_it_beside_what_the_data_say() -> None:
    record = run(make("dataset=digits", "metric=[balanced_accuracy,auc,accuracy]", "hidden_size=4", "device=cpu",
                      "threads=1", "budget.max_steps=10", "budget.eval_every=5")).record  # fmt: skip
    assert record is not None and record["status"] == "ok", record
    chance = record["task"]["chance"]
    assert (chance["balanced_accuracy"], chance["auc"]) == (0.1, 0.5)
    assert 0.09 < chance["accuracy"] < 0.12
