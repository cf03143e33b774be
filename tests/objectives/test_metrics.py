"""Every metric against scikit-learn, or a sum done by hand, over batches, padding and weights."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference
import torch
from scoring import CPU
from torch import Tensor

from rnnbench import registry
from rnnbench.data.batch import Batch
from rnnbench.errors import UsageError
from rnnbench.objectives.base import Objective
from rnnbench.objectives.forecast import Forecast
from rnnbench.objectives.label import Label
from rnnbench.objectives.label_steps import LabelSteps
from rnnbench.objectives.metrics import ROOM
from rnnbench.objectives.metrics.accuracy import Accuracy
from rnnbench.objectives.metrics.base import Metric
from rnnbench.objectives.metrics.mase import MASE, naive_error
from rnnbench.objectives.metrics.pinball import Pinball
from rnnbench.objectives.value import Value


def counted(metric: Metric, objective: Objective, outputs: Tensor, batch: Batch, size: int = 7) -> float:
    """Of a whole set, in batches of `size`."""
    count = metric.begin(objective)
    for start in range(0, len(outputs), size):
        rows = slice(start, start + size)
        part = Batch(*(None if t is None else t[rows] for t in batch[:5]))  # type: ignore[arg-type]
        part = objective.take(part, CPU, torch.float64)
        count.update(outputs[rows], part, objective.total(outputs[rows], part))
    return count.compute()


def named(name: str) -> Metric:
    return registry.get(ROOM, name, Metric)


def labels(K: int, n: int = 200) -> tuple[Tensor, Tensor, np.ndarray]:
    """Outputs (n, K), labels (n,) that they tell something of, their probabilities."""
    random = torch.Generator().manual_seed(K)
    targets = torch.randint(0, K, (n,), generator=random)
    outputs = torch.randn(n, K, generator=random).double()
    outputs[torch.arange(n), targets] += 0.7
    return outputs, targets, outputs.softmax(-1).numpy()


OF_LABELS: dict[str, Callable[..., float]] = {
    "accuracy": lambda y, p, w: reference.accuracy_score(y, p.argmax(1), sample_weight=w),
    "balanced_accuracy": lambda y, p, w: reference.balanced_accuracy_score(y, p.argmax(1), sample_weight=w),
    "macro_f1": lambda y, p, w: reference.f1_score(y, p.argmax(1), average="macro", sample_weight=w),
    "auc": lambda y, p, w: reference.roc_auc_score(y, p[:, 1] if p.shape[1] == 2 else p, multi_class="ovr",
                                                   sample_weight=w),
    "log_loss": lambda y, p, w: reference.log_loss(y, p, sample_weight=w),
    "nats": lambda y, p, w: reference.log_loss(y, p, sample_weight=w),
    "bits": lambda y, p, w: reference.log_loss(y, p, sample_weight=w) / math.log(2),
}  # fmt: skip
OF_VALUES: dict[str, Callable[..., float]] = {
    "mae": lambda y, x, w: reference.mean_absolute_error(y, x, sample_weight=w),
    "rmse": lambda y, x, w: reference.root_mean_squared_error(y, x, sample_weight=w),
    "r2": lambda y, x, w: reference.r2_score(y, x, sample_weight=w),
    "pinball": lambda y, x, w: reference.mean_pinball_loss(y, x, sample_weight=w),
    "wape": lambda y, x, w: float(np.average(np.abs(y - x), weights=w) / np.average(np.abs(y), weights=w)),
    "smape": lambda y, x, w: float(np.average([200 * abs(a - b) / (abs(a) + abs(b))
                                               for a, b in zip(y, x, strict=True)], weights=w)),
}  # fmt: skip


def test_every_metric_is_held_against_something_and_has_its_files_name() -> None:
    assert set(registry.names(ROOM)) == {*OF_LABELS, *OF_VALUES, "mase"}
    assert [named(name).name for name in registry.names(ROOM)] == registry.names(ROOM)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("K", [2, 4])
@pytest.mark.parametrize("name", OF_LABELS)
def test_of_labels(name: str, K: int, weighted: bool) -> None:
    outputs, targets, p = labels(K)
    weight = torch.linspace(0.1, 2, len(targets), dtype=torch.float64) if weighted else None
    batch = Batch(torch.zeros(len(targets), 1, 1), targets, weight=weight)
    expected = OF_LABELS[name](targets.numpy(), p, None if weight is None else weight.numpy())
    assert counted(named(name), Label(K), outputs, batch) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", OF_LABELS)
def test_of_labels_of_steps_the_padding_does_not_count(name: str) -> None:
    outputs, targets, p = labels(3, 60)
    lengths = torch.tensor([6, 1, 3, 6, 2, 5, 4, 6, 1, 2])
    real = (torch.arange(6) < lengths[:, None]).flatten().numpy()
    garbage = targets.where(torch.from_numpy(real), -100)
    batch = Batch(torch.zeros(10, 6, 1), garbage.view(10, 6), lengths)
    found = counted(named(name), LabelSteps(3), outputs.view(10, 6, 3), batch)
    assert found == pytest.approx(OF_LABELS[name](targets.numpy()[real], p[real], None), rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", OF_VALUES)
def test_of_values(name: str, weighted: bool) -> None:
    random = torch.Generator().manual_seed(1)
    outputs = torch.randn(50, 1, generator=random).double()
    targets = outputs[:, 0] + torch.randn(50, generator=random)
    weight = torch.linspace(0.1, 2, 50, dtype=torch.float64) if weighted else None
    batch = Batch(torch.zeros(50, 1, 1), targets, weight=weight)
    expected = OF_VALUES[name](targets.numpy(), outputs[:, 0].numpy(), None if weight is None else weight.numpy())
    assert counted(named(name), Value(), outputs, batch) == pytest.approx(expected, rel=1e-9)


def test_a_rare_class_and_one_never_found() -> None:
    """Nine of class 0 and one of class 1, always answered 0: recalls 1 and 0; F1 18/19 and 0."""
    outputs = torch.tensor([[1.0, 0.0]]).expand(10, 2).double()
    batch = Batch(torch.zeros(10, 1, 1), torch.tensor([0] * 9 + [1]))
    found = [counted(named(name), Label(2), outputs, batch) for name in ("accuracy", "balanced_accuracy", "macro_f1")]
    assert found == pytest.approx([0.9, 0.5, 9 / 19])


def test_a_class_that_the_set_lacks_has_no_part_in_the_area() -> None:
    """Three classes of which the last is not there: the mean over the first two, worked out by pairs."""
    p = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.45, 0.5, 0.05]]).double()
    batch = Batch(torch.zeros(4, 1, 1), torch.tensor([0, 1, 1, 0]))
    # class 0: 0.6 and 0.45 against 0.2 and 0.5: 3 of 4 pairs; class 1: 0.7 and 0.4 against 0.3 and 0.5: 3 of 4
    assert counted(named("auc"), Label(3), p.log(), batch) == pytest.approx(3 / 4)
    assert named("auc").undefined(np.array([1, 1])) == "all labels are the same"


def test_mase_by_hand() -> None:
    """Training series 1 2 4 7: steps of 1, 2, 3, mean 2; errors 1 and 3, mean 2; of season 2: 3 and 5, mean 4."""
    series = np.array([1.0, 2, 4, 7])
    assert (naive_error(series), naive_error(series, 2)) == (2, 4)
    batch = Batch(torch.zeros(1, 4, 1), torch.tensor([[8.0, 9.0]]))
    outputs = torch.tensor([[7.0, 12.0]]).double()
    assert counted(MASE(), Forecast(2, naive_error(series)), outputs, batch) == 1
    assert counted(MASE(), Forecast(2, naive_error(series, 2)), outputs, batch) == 0.5
    assert not MASE().fits(Forecast(2)) and not MASE().fits(Value())
    with pytest.raises(UsageError, match="MASE has no scale"):
        naive_error(np.array([1.0, 2, 1, 2]), 2)


def test_smape_of_zeros_and_a_quantile_by_hand() -> None:
    """0 for 0 is right, 1 for 0 as wrong as can be: 200. At q = 0.9 an answer too low by 2 costs 1.8, too high 0.2."""
    batch = Batch(torch.zeros(2, 1, 1), torch.zeros(2))
    assert counted(named("smape"), Value(), torch.tensor([[0.0], [1.0]]).double(), batch) == 100
    outputs = torch.tensor([[-2.0], [2.0]]).double()
    assert counted(Pinball(0.9), Value(), outputs, batch) == pytest.approx((1.8 + 0.2) / 2)
    assert Pinball(0.9).name == "pinball_0.9"


def test_accuracy_of_values_is_within_the_tolerance() -> None:
    batch = Batch(torch.zeros(4, 1, 1), torch.zeros(4))
    outputs = torch.tensor([[0.0], [0.09], [-0.11], [0.2]]).double()
    assert counted(Accuracy(0.1), Value(), outputs, batch) == 0.5
    assert Accuracy(0.1).fits(Value()) and not Accuracy().fits(Value()) and Accuracy().fits(Label(2))


@pytest.mark.slow
def test_an_ordinary_run_loads_none_of_them() -> None:
    """Nor scikit-learn's hangers-on: they take longer to load than torch."""
    code = """
import sys
from making import tiny
from rnnbench.run import run
assert run(tiny()).status == "ok"
print(sorted({"sklearn", "scipy", "pandas", "matplotlib"} & set(sys.modules)))
assert run(tiny("metric=[mae,r2]")).status == "ok"
print("sklearn" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=_with_tests())
    assert done.stdout.splitlines() == ["[]", "True"], done.stderr


def _with_tests() -> dict[str, Any]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
