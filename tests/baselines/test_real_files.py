"""Naive figures of real files: published ones, and those of the manifest, which were computed with NumPy alone."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from baselines.series import series

from rnnbench.baselines import ROOM, Baseline, Said, score
from rnnbench.data.batch import Batch
from rnnbench.data.splits import Split
from rnnbench.data.table.examples import examples_of, values_of
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.parts import parts_of
from rnnbench.data.table.table import Examples, Table
from rnnbench.data.table.understand import open_table
from rnnbench.objectives.forecast import Forecast
from rnnbench.objectives.metrics.accuracy import Accuracy
from rnnbench.objectives.metrics.base import Metric
from rnnbench.objectives.metrics.mae import MAE
from rnnbench.objectives.metrics.mase import MASE
from rnnbench.objectives.metrics.rmse import RMSE
from rnnbench.objectives.metrics.smape import SMAPE
from rnnbench.registry import get
from rnnbench.statistics import corrected_interval, mean_interval, probabilities
from rnnbench.which.answer import Pair, Terms, decide

OWN = Path(os.environ.get("RNNBENCH_DATA", "absent"), "own")
pytestmark = pytest.mark.skipif(not OWN.exists(), reason="real files: RNNBENCH_DATA/own")


def opened(path: str, **keys: object) -> Table:
    named = {key: str(OWN / value) if key in ("test", "truth") else value for key, value in keys.items()}
    return open_table(OWN / path, Keys(**named)).table  # type: ignore[arg-type]


def official(examples: Examples) -> Split:
    assert examples.official is not None
    train = np.flatnonzero(~examples.official)
    return Split(train, train[-5:], np.flatnonzero(examples.official))


def scored(table: Table, name: str, metric: Metric, split: Split | None = None) -> float:
    """On the test examples as a model is scored."""
    examples = examples_of(table)
    split = official(examples) if split is None else split
    said = get(ROOM, name, Baseline).answer(table, examples, split)
    parts = parts_of(table, examples, split)
    return score(metric, parts.objective, parts.test, said.test)


def last(table: Table, n: int) -> Split:
    N = len(examples_of(table))
    return Split(np.arange(N - n - 5), np.arange(N - n - 5, N - n), np.arange(N - n, N))


def test_daily_temperatures() -> None:
    table = opened("forecast/daily-min-temperatures.csv", window=30)
    assert table.season == 365
    split = last(table, 365)
    assert scored(table, "last_value", RMSE(), split) == pytest.approx(2.582, abs=5e-4)
    assert scored(table, "last_value", MAE(), split) == pytest.approx(2.025, abs=5e-4)
    assert scored(table, "seasonal_value", RMSE(), split) == pytest.approx(3.651, abs=5e-4)


def test_sunspots_where_the_suns_own_season_is_a_bad_guess() -> None:
    table = opened("forecast/monthly-sunspots.csv", window=24, season=132)
    split = last(table, 564)
    assert scored(table, "last_value", RMSE(), split) == pytest.approx(20.09, abs=5e-3)
    assert scored(table, "last_value", MAE(), split) == pytest.approx(14.84, abs=5e-3)
    assert scored(table, "seasonal_value", RMSE(), split) == pytest.approx(45.44, abs=5e-3)


def test_air_passengers_by_the_tutorials_protocol() -> None:
    """The last third: 48 months."""
    table = opened("forecast/airline-passengers.csv", window=12)
    examples = examples_of(table)
    split = Split(np.arange(40), np.arange(40, 50), np.flatnonzero(examples.stop >= 96))
    assert scored(table, "last_value", RMSE(), split) == pytest.approx(48.04, abs=5e-3)
    assert scored(table, "seasonal_value", RMSE(), split) == pytest.approx(41.85, abs=5e-3)


def test_shampoo_walking_forward_over_the_last_year() -> None:
    sales = pd.read_csv(OWN / "forecast/monthly-shampoo-sales.csv")["Sales"]
    table = series(sales.to_numpy(), window=1)
    assert scored(table, "last_value", RMSE(), last(table, 12)) == pytest.approx(136.761, abs=5e-4)


def test_pollution_by_the_tutorials_protocol() -> None:
    """The first day dropped, missing as 0, the first year for training, the next hour."""
    raw = pd.read_csv(OWN / "forecast/pollution.csv")["pm2.5"].fillna(0).to_numpy()[24:]
    table = series(raw, window=1)
    stop = examples_of(table).stop
    split = Split(np.flatnonzero(stop < 8760), np.array([8760]), np.flatnonzero(stop > 8760))
    assert scored(table, "last_value", RMSE(), split) == pytest.approx(26.559, abs=5e-4)
    assert scored(table, "last_value", MAE(), split) == pytest.approx(13.020, abs=5e-4)


def test_pollution_as_it_is_read_where_both_hours_were_observed() -> None:
    table = opened("forecast/pollution.csv", target="pm2.5", window=24)
    examples, values = examples_of(table), np.asarray(table.target.values)[:, 0]
    both = ~np.isnan(values[examples.stop]) & ~np.isnan(values[examples.stop - 1])
    late = np.flatnonzero(both & (examples.stop >= int(len(values) * 0.8)))
    split = Split(np.arange(1000), np.arange(1000, 1010), late)
    assert scored(table, "last_value", RMSE(), split) == pytest.approx(22.055, abs=5e-3)


def test_benzene_where_both_hours_were_observed() -> None:
    table = opened("airquality/AirQualityUCI_semicolon_decimalcomma.csv", target="C6H6(GT)", time="none",
                   missing="-200", window=24, season=24)  # fmt: skip
    examples, values = examples_of(table), np.asarray(table.target.values)[:, 0]
    rows = np.arange(len(values))

    def late(lag: int) -> Split:
        known = ~np.isnan(values)
        pairs = rows[lag:][known[lag:] & known[:-lag]]
        wanted = pairs[pairs >= int(len(values) * 0.8)]
        return Split(np.arange(1000), np.arange(1000, 1010), np.flatnonzero(np.isin(examples.stop, wanted)))

    assert scored(table, "last_value", RMSE(), late(1)) == pytest.approx(3.758, abs=0.01)
    assert scored(table, "seasonal_value", RMSE(), late(24)) == pytest.approx(5.996, abs=0.01)


def test_means_of_spectra_and_of_deaths() -> None:
    tecator = opened("tser/Tecator_TRAIN.ts", test="tser/Tecator_TEST.ts")
    assert scored(tecator, "mean", RMSE()) == pytest.approx(12.893, abs=5e-4)
    assert scored(tecator, "mean", MAE()) == pytest.approx(10.813, abs=1e-3)
    covid = opened("tser/Covid3Month_TRAIN.ts", test="tser/Covid3Month_TEST.ts")
    assert scored(covid, "mean", RMSE()) == pytest.approx(0.0447, abs=5e-5)
    assert scored(covid, "mean", MAE()) == pytest.approx(0.0338, abs=5e-5)


@pytest.mark.parametrize(
    ("file", "always", "carried"), [("datatest.txt", 0.635, 0.9902), ("datatest2.txt", 0.790, 0.9951)]
)
def test_occupancy(file: str, always: float, carried: float) -> None:
    table = opened("occupancy/datatraining.txt", target="Occupancy", task="tagging", test=f"occupancy/{file}")
    assert scored(table, "majority", Accuracy()) == pytest.approx(always, abs=5e-4)
    assert scored(table, "last_label", Accuracy()) == pytest.approx(carried, abs=5e-4)


@pytest.mark.slow
def test_the_competitions_figures_of_414_hourly_series() -> None:
    """M4 Hourly: naive 43.003 and 11.608, seasonal naive 13.912 and 1.193, as published."""
    table = opened("m4_hourly/Hourly-train.csv", id="V1", test="m4_hourly/Hourly-test.csv", horizon=48, season=24)
    examples = examples_of(table)
    split = official(examples)
    assert len(split.test) == 414
    for name, smape, mase in (("last_value", 43.003, 11.608), ("seasonal_value", 13.912, 1.193)):
        assert scored(table, name, MASE(), split) == pytest.approx(mase, abs=5e-4)
        said = get(ROOM, name, Baseline).answer(table, examples, split).test[..., 0]
        batch = Batch(torch.zeros(414, 1, 1), torch.from_numpy(values_of(table, examples, split.test)[..., 0]).double())
        count = SMAPE().begin(Forecast(horizon=48))
        count.update(torch.from_numpy(said), batch, (0.0, 1.0))
        assert count.compute() == pytest.approx(smape, abs=5e-4)


def test_names_are_mostly_russian() -> None:
    table = opened("names", task="label")
    labels = np.asarray(examples_of(table).label)
    index = np.arange(len(labels))
    said: Said = get(ROOM, "majority", Baseline).answer(table, examples_of(table), Split(index, index[:5], index))
    assert said.told == "Russian" and (said.test.argmax(1) == labels).mean() == pytest.approx(0.468, abs=5e-4)


PUBLISHED = (136.191, 169.693, 176.553, 198.954, 148.960, 103.744, 164.344, 108.829, 232.282, 110.824, 163.741, 111.535,
             118.324, 107.486, 97.719, 87.817, 92.920, 112.528, 131.687, 92.343, 173.249, 182.336, 101.477, 108.171,
             135.880, 254.507, 87.198, 122.588, 228.449, 94.427)  # fmt: skip
"""Test RMSE of one LSTM on the shampoo series, thirty repeats: J. Brownlee, Time Series Forecasting with the Long
Short-Term Memory Network in Python, 2017. Stated there: mean 138.491905, deviation 46.313783; persistence 136.761."""


def test_thirty_published_figures_of_which_most_beat_the_last_value_do_not_on_the_mean() -> None:
    """By hand: standard error 46.3138 / √30 = 8.4557, t(29, .975) = 2.0452, half width 17.294."""
    gains = 136.761 - np.array(PUBLISHED)
    assert (gains > 0).sum() == 19
    interval = corrected_interval(gains, 0.0)
    assert interval.estimate == pytest.approx(-1.731, abs=1e-3)
    assert (interval.low, interval.high) == pytest.approx((-1.731 - 17.294, -1.731 + 17.294), abs=2e-3)
    found = probabilities(gains, 0.0)
    assert 0.4 < found.above < 0.5  # t = −0.2047: by no means clearly better, nor worse
    pairs = [Pair(i, (rmse, rmse), 136.761, "last value") for i, rmse in enumerate(PUBLISHED)]
    decision = decide(pairs, Terms("lower", 0.02, 0.0))
    assert (decision.word, decision.why, decision.beats) == ("not decided", "naive", (False, False))


def test_of_the_thirty_published_figures_mean_and_deviation_are_as_stated() -> None:
    interval = mean_interval(PUBLISHED)
    assert interval.estimate == pytest.approx(138.491905, abs=5e-4)
    assert (interval.high - interval.estimate) * math.sqrt(30) / 2.0452296 == pytest.approx(46.313783, rel=1e-5)
