"""A model answers in units of a scale; losses are in that, answers and metrics in the unit of the data."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rnnbench import registry
from rnnbench.data.batch import Batch
from rnnbench.objectives.forecast import Forecast
from rnnbench.objectives.metrics import ROOM
from rnnbench.objectives.metrics.accuracy import Accuracy
from rnnbench.objectives.metrics.base import Metric
from rnnbench.objectives.value import Value

SHIFT, SCALE = (100.0, -5.0), (10.0, 0.5)
RANDOM = np.random.default_rng(0)
Y = RANDOM.normal(size=(50, 2)) * SCALE + SHIFT
Z = RANDOM.normal(size=(50, 2))  # what a network puts out
SAID = np.array(SHIFT) + np.array(SCALE) * Z

WANTED = {
    "rmse": np.sqrt(np.mean((Y - SAID) ** 2)),
    "mae": np.mean(np.abs(Y - SAID)),
    "wape": np.abs(Y - SAID).sum() / np.abs(Y).sum(),
    "smape": np.mean(200 * np.abs(Y - SAID) / (np.abs(Y) + np.abs(SAID))),
    "pinball": np.mean(np.abs(Y - SAID)) / 2,
    "r2": 1 - ((Y - SAID) ** 2).sum() / ((Y - Y.mean()) ** 2).sum(),
    "mase": np.mean(np.abs(Y - SAID)) / 4,
}


def batch():
    return Batch(torch.zeros(50, 1, 1), torch.from_numpy(Y))


@pytest.mark.parametrize("name", sorted(WANTED))
def test_metrics_are_in_the_unit_of_the_data(name):
    objective = Forecast(horizon=2, shift=SHIFT, scale=SCALE, naive_error=4.0)
    count = registry.get(ROOM, name, Metric).begin(objective)
    count.update(torch.from_numpy(Z), batch(), (torch.tensor(0.0), 1.0))
    assert count.compute() == pytest.approx(WANTED[name], rel=1e-9)


@pytest.mark.parametrize("unit", [1e-24, 1e-6, 1e6, 1e22])
@pytest.mark.parametrize("name", sorted(WANTED))
def test_metrics_follow_the_unit_however_large_or_small(name, unit):
    """In float32, whose squares have no room for 1e22 or 1e-24."""
    scaled = {"shift": tuple(unit * v for v in SHIFT), "scale": tuple(unit * v for v in SCALE)}
    objective = Forecast(horizon=2, naive_error=4.0 * unit, **scaled)
    count = registry.get(ROOM, name, Metric).begin(objective)
    targets = Batch(torch.zeros(50, 1, 1), torch.from_numpy(Y * unit).float())
    count.update(torch.from_numpy(Z).float(), targets, (torch.tensor(0.0), 1.0))
    times = unit if name in ("rmse", "mae", "pinball") else 1
    assert count.compute() == pytest.approx(WANTED[name] * times, rel=1e-5, abs=0)


def test_accuracy_of_values_is_in_the_unit_of_the_data():
    count = Accuracy(3.0).begin(Value(2, shift=SHIFT, scale=SCALE))
    count.update(torch.from_numpy(Z), batch(), (torch.tensor(0.0), 1.0))
    assert count.compute() == pytest.approx(np.mean(np.abs(Y - SAID) < 3))


def test_the_loss_is_in_units_of_the_scale_and_answers_are_not():
    objective = Value(2, shift=SHIFT, scale=SCALE)
    wanted = np.mean(((Y - SHIFT) / SCALE - Z) ** 2)
    assert float(objective.loss(torch.from_numpy(Z), batch())) == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(objective.predict(torch.from_numpy(Z)), SAID)


def test_without_a_scale_nothing_is_computed():
    outputs = torch.randn(5, 2)
    assert Value(2).predict(outputs) is outputs


def test_several_series_are_side_by_side_in_each_step():
    assert Forecast(horizon=3, series=2).output_size == 6


def test_shares_of_values_mean_nothing_of_series_at_levels_of_their_own():
    relative, plain = Forecast(relative=True, naive_error=1.0), Forecast(naive_error=1.0)
    fits = {name: registry.get(ROOM, name, Metric).fits(relative) for name in WANTED}
    assert not any(fits.pop(name) for name in ("wape", "smape", "r2")) and all(fits.values())
    assert all(registry.get(ROOM, name, Metric).fits(plain) for name in WANTED)
