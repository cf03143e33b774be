"""Real files with what must be said of them: naive figures of their manifest, computed on what a model would see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sheets import told

from rnnbench.data.splits import Split
from rnnbench.data.table.examples import examples_of, values_of
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.parts import parts_of
from rnnbench.data.table.understand import open_table
from rnnbench.errors import TooLittleData, UsageError
from rnnbench.objectives.forecast import Forecast
from rnnbench.objectives.metrics.mae import MAE
from rnnbench.objectives.metrics.mase import MASE
from rnnbench.objectives.metrics.rmse import RMSE
from rnnbench.objectives.metrics.smape import SMAPE

OWN = "own"


@pytest.fixture
def opened(real):
    def table(path, **keys):
        files = {k: str(real(f"{OWN}/{v}")) if k in ("test", "truth") else v for k, v in keys.items()}
        return open_table(real(f"{OWN}/{path}"), Keys(**files))

    return table


def split_at(examples, row):
    """Test: what is forecast from this row on."""
    index = np.arange(len(examples))
    early = index[examples.last <= row]
    return Split(early[:-10], early[-10:], index[examples.stop >= row])


def naive(table, row, lag=1, real_pairs=False):
    """(RMSE, MAE) of the value `lag` rows before the one forecast, read from a model's inputs: it and what is answered
    are less the mean of the window."""
    examples = examples_of(table, lag)
    parts = parts_of(table, examples, split_at(examples, row))
    column = next(c for c in table.inputs if c.name == table.target.names[0])
    number = parts.transform.numbers[column.index]
    place = parts.transform.names.index(number.name)
    found = []
    for metric in (RMSE(), MAE()):
        count = metric.begin(parts.objective)
        for batch in parts.test.batches(256):
            last = batch.inputs[:, 0, place].double()
            if real_pairs and number.mask:
                batch = batch._replace(observed=(batch.inputs[:, 0, place + 1] == 0)[:, None])
            said = last * number.std
            outputs = (said[:, None] - parts.objective.shift[0]) / parts.objective.scale[0]
            count.update(outputs, batch._replace(targets=batch.targets.double()), (torch.tensor(0.0), 1.0))
        found.append(count.compute())
    return found


def test_pollution(opened):
    """Own protocol, last 20 %, real pairs: persistence 22.055, train mean 93.54."""
    reading = opened("forecast/pollution.csv", target="pm2.5")
    table = reading.table
    # 213 gaps, and the first 24 rows
    assert "pm2.5 2,067 in 214 places, up to 155 on end" in told(reading, "missing")
    assert (len(table.numbers), table.step, len(table.starts)) == (43824, "1 hour", 2)
    assert int(np.isnan(table.target.values).sum()) == 2067
    assert naive(table, int(0.8 * 43824), real_pairs=True)[0] == pytest.approx(22.055, abs=6e-4)
    values = table.target.values[:, 0].astype(np.float64)
    cut = int(0.8 * 43824)
    examples = examples_of(table, 1)
    (level,) = parts_of(table, examples, split_at(examples, cut)).transform.levels
    assert np.sqrt(np.nanmean((values[cut:] - level.mean[0]) ** 2)) == pytest.approx(93.54, abs=0.02)


@pytest.mark.parametrize(
    ("path", "keys", "row", "lag", "rmse", "mae"),
    [
        ("forecast/monthly-sunspots.csv", {}, 2256, 1, 20.09, 14.84),
        ("forecast/monthly-sunspots.csv", {}, 2256, 132, 45.44, None),
        ("forecast/daily-min-temperatures.csv", {}, 3285, 1, 2.582, 2.025),
        ("forecast/daily-min-temperatures.csv", {}, 3285, 365, 3.651, None),
        ("forecast/airline-passengers.csv", {}, 96, 1, 48.04, None),
        ("forecast/airline-passengers.csv", {}, 96, 12, 41.85, None),
    ],
)
def test_naive_figures(opened, path, keys, row, lag, rmse, mae):
    found = naive(opened(path, **keys).table, row, lag)
    assert found[0] == pytest.approx(rmse, abs=0.006)
    assert mae is None or found[1] == pytest.approx(mae, abs=0.006)


@pytest.mark.parametrize(("lag", "rmse"), [(1, 3.758), (24, 5.996)])
def test_air_quality(opened, lag, rmse):
    keys = {"target": "C6H6(GT)", "time": "none", "missing": "-200"}
    table = opened("airquality/AirQualityUCI_semicolon_decimalcomma.csv", **keys).table
    assert naive(table, int(0.8 * 9357), lag, real_pairs=True)[0] == pytest.approx(rmse, abs=6e-4)


def test_air_quality_with_its_mark_kept_as_a_value(opened):
    table = opened("airquality/AirQualityUCI_semicolon_decimalcomma.csv", target="C6H6(GT)", time="none").table
    assert naive(table, int(0.8 * 9357))[0] == pytest.approx(12.398, abs=6e-4)


def test_the_renderings_of_the_air_quality_data_agree(opened):
    """Wherever two have observed a value it is the same, at the same time."""
    found = {}
    for name, keys in {
        "semicolon_decimalcomma": {"time": "none", "missing": "-200"},
        "ddmmyyyy": {},
        "mdy_head2000": {"missing": "-200"},
        "iso_bom_head2000": {"missing": "-200"},
    }.items():
        found[name] = opened(f"airquality/AirQualityUCI_{name}.csv", target="C6H6(GT)", **keys).table
    names = [c.name for c in found["ddmmyyyy"].inputs]
    first = found["ddmmyyyy"].times[0]
    assert all(t.times[0] == first and np.array_equal(t.times, found["ddmmyyyy"].times[: len(t.times)])
               for n, t in found.items() if t.times is not None)  # fmt: skip
    for name in names:
        columns = {k: t.numbers[:2000, next(c.index for c in t.inputs if c.name == name)] for k, t in found.items()}
        reference = columns.pop("semicolon_decimalcomma")
        for values in columns.values():
            both = ~np.isnan(reference) & ~np.isnan(values)
            assert both.sum() > 500 and np.array_equal(reference[both], values[both])


def test_shampoo_is_too_little_and_its_months_are_no_dates(opened):
    with pytest.raises(TooLittleData, match="in 36 rows; at least 50 wanted"):
        opened("forecast/monthly-shampoo-sales.csv")


@pytest.mark.parametrize(
    ("path", "keys", "step", "season", "first"),
    [
        ("forecast/solar_gb.csv", {}, "30 minutes", 48, "2021-05-01"),
        ("forecast/co2.csv", {}, "1 week", 52, "1958-03-29"),
        ("forecast/Uschange.csv", {"target": "Consumption"}, "1 quarter", 1, "1970-01-01"),
        ("forecast/macrodata.csv", {"target": "realgdp"}, "1 quarter", 1, "1959-01-01"),
        ("forecast/elec_equip.csv", {}, "1 month", 12, "1995-01-01"),
        ("forecast/monthly-sunspots.csv", {}, "1 month", 1, "1749-01-01"),
        ("forecast/airline-passengers.csv", {}, "1 month", 12, "1949-01-01"),
        ("forecast/daily-min-temperatures.csv", {}, "1 day", 365, "1981-01-01"),
        ("airquality/AirQualityUCI_ddmmyyyy.csv", {"target": "C6H6(GT)"}, "1 hour", 24, "2004-03-10T18"),
    ],
)
def test_times_steps_and_seasons(opened, path, keys, step, season, first):
    table = opened(path, **keys).table
    assert (table.step, table.season, table.times[0]) == (step, season, np.datetime64(first))


def test_occupancy(opened):
    """Always 0: 0.788 and 0.635; the official test precedes the training rows, and is a sequence of its own."""
    reading = opened("occupancy/datatraining.txt", target="Occupancy", task="tagging", test="occupancy/datatest.txt")
    table = reading.table
    labels, official = table.target.labels, table.official
    assert (labels[~official] == 0).mean() == pytest.approx(0.788, abs=5e-4)
    assert (labels[official] == 0).mean() == pytest.approx(0.635, abs=5e-4)
    assert (len(table.starts), int(official.sum()), table.step) == (3, 2665, "1 minute")
    assert [c.name for c in table.inputs] == ["Temperature", "Humidity", "Light", "CO2", "HumidityRatio"]
    carried = labels[official][1:] == labels[official][:-1]
    assert carried.mean() == pytest.approx(0.9902, abs=5e-4)


def test_mitdb_cannot_be_split_in_time(opened):
    with pytest.raises(TooLittleData, match="label changes 2 times in all"):
        opened("tagging/mitdb.csv")


def test_c_mapss(opened):
    """Mean of the steps to end of training rows: RMSE 52.62; mean life less age, 40.20; the best constant 41.56."""
    table = opened("cmapss/train_FD001.txt.gz", id="1", time="2", target="steps_to_end",
                   test="cmapss/test_FD001.txt.gz", truth="cmapss/RUL_FD001.txt").table  # fmt: skip
    examples = examples_of(table)
    test = np.flatnonzero(examples.official)
    truth = values_of(table, examples, test)[:, 0].astype(np.float64)
    assert len(test) == 100 and len(table.starts) == 201
    rows = table.target.values[~table.official, 0].astype(np.float64)
    assert np.sqrt(np.mean((truth - rows.mean()) ** 2)) == pytest.approx(52.62, abs=0.006)
    assert truth.std() == pytest.approx(41.56, abs=0.006)
    life = np.diff(table.starts)[~table.official[table.starts[:-1]]].mean()
    age = examples.stop[test] - examples.start[test]
    assert np.sqrt(np.mean((truth - np.maximum(life - age, 0)) ** 2)) == pytest.approx(40.20, abs=0.006)
    assert len(table.inputs) == 17  # 24 less 7 constant ones


@pytest.mark.slow
def test_m4_hourly(opened):
    """Official: seasonal naive sMAPE 13.912, MASE 1.193; naive 43.003, 11.608."""
    reading = opened("m4_hourly/Hourly-train.csv", id="V1", horizon=48, test="m4_hourly/Hourly-test.csv")
    table = reading.table
    assert table.season == 24 and len(table.starts) == 415
    examples = examples_of(table, 24)
    official = np.flatnonzero(examples.official)
    assert len(official) == 414
    early = np.flatnonzero(~examples.official)
    parts = parts_of(table, examples, Split(early, early[:1], official))
    values = table.target.values[:, 0]
    for lag, smape, mase in ((24, 13.912, 1.193), (1, 43.003, 11.608)):
        index = examples.stop[official, None] - lag + np.arange(48) % lag
        said = values[index][:, :, None].astype(np.float64)
        scaled = parts.test.scaled(said)[:, :, 0]
        outputs = torch.from_numpy((scaled - parts.objective.shift[0]) / parts.objective.scale[0])
        count = MASE().begin(parts.objective)
        at = 0
        for batch in parts.test.batches(100):
            own = outputs[at : at + len(batch.targets)]
            count.update(own, batch._replace(targets=batch.targets.double()), (torch.tensor(0.0), 1.0))
            at += len(own)
        assert count.compute() == pytest.approx(mase, abs=6e-4)
        plain = SMAPE().begin(Forecast(horizon=48))
        targets = torch.from_numpy(values_of(table, examples, official)[:, :, 0]).double()
        plain.update(torch.from_numpy(said[:, :, 0]), parts.test.take(np.arange(414))._replace(targets=targets),
                     (torch.tensor(0.0), 1.0))  # fmt: skip
        assert plain.compute() == pytest.approx(smape, abs=6e-4)
    assert not SMAPE().fits(parts.objective)


def test_a_leaking_column_is_read_all_the_same(opened):
    """Names with brackets are literal."""
    table = opened("airquality/AirQualityUCI_ddmmyyyy.csv", target="C6H6(GT)").table
    assert "PT08.S2(NMHC)" in [c.name for c in table.inputs]


def test_what_is_no_date_is_refused_with_the_key_that_helps(opened):
    with pytest.raises(UsageError, match=r"time=Time: .*without a date.*time=none"):
        opened("airquality/AirQualityUCI_semicolon_decimalcomma.csv", target="C6H6(GT)", time="Time")


def test_pandas_reads_the_same_rows(opened, real):
    table = opened("forecast/pollution.csv", target="pm2.5").table
    text = pd.read_csv(real(f"{OWN}/forecast/pollution.csv"))
    for column in table.inputs:
        if column.kind == "number":
            wanted = text[column.name].to_numpy(np.float32)
            assert np.array_equal(table.numbers[:, column.index], wanted, equal_nan=True)
