"""Rows in time: order, copies, contradictions, clock changes, holes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sheets import case, sheet, told, understood

from rnnbench.data.table.examples import examples_of
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import read
from rnnbench.data.table.understand import open_table, understand
from rnnbench.errors import UsageError


def series(times, **more):
    values = np.sin(np.arange(len(times)) * 0.7) + np.arange(len(times)) % 5
    return {"time": [str(time) for time in times], "y": values, **more}


def hours(first, count):
    return pd.date_range(first, periods=count, freq="h").astype(str)


def test_working_days_have_no_gaps():
    reading = open_table(case("01"), Keys())
    assert len(reading.table.starts) == 2 and len(reading.table.numbers) == 480
    assert "480 rows, weekdays only, no gaps invented" in told(reading, "time")


def test_no_window_spans_a_hole():
    """480 hours with 70 days between the 240th and the 241st: pieces of 240, and of 24 + 1 rows 24 windows fewer."""
    reading = open_table(case("02"), Keys())
    assert reading.table.starts.tolist() == [0, 240, 480]
    assert "1,680 steps of 1 hour missing in 1 place" in told(reading, "gaps")  # 70 × 24
    assert "2 pieces" in told(reading, "gaps") and "24 lost at holes" in told(reading, "examples")
    examples = examples_of(reading.table, 24)
    assert len(examples) == 2 * (240 - 24)
    assert not ((examples.start < 240) & (examples.last > 240)).any()


def test_months_and_working_days_are_filled_holidays_are_not():
    """Two months of ten years are missing; of two years' working days a holiday, and four weeks."""
    months = pd.date_range("2010-01-31", periods=120, freq="ME")
    days = pd.bdate_range("2021-01-04", periods=200)
    for dates, gone, holiday in ((months, [50, 51], []), (days, range(100, 120), [40])):
        y = np.sin(np.arange(len(dates))) + 2
        kept = np.delete(np.arange(len(dates)), [*gone, *holiday])
        columns = {"date": [f"{date:%Y-%m-%d}" for date in dates[kept]], "y": y[kept].tolist()}
        filled = understood(columns, gaps="fill").table
        whole = np.delete(np.arange(len(dates)), holiday)
        assert (filled.times == dates[whole].to_numpy().astype("datetime64[s]")).all()
        missing = np.isnan(filled.target.values[:, 0])
        assert np.array_equal(whole[missing], list(gone))
        assert len(filled.starts) == 2


def test_gaps_refused_filled_and_kept():
    times = list(hours("2021-01-01", 100))
    del times[50:53]
    columns = series(times)
    with pytest.raises(UsageError, match="lines 51 and 52: 3 steps of 1 hour missing"):
        understood(columns, gaps="refuse")
    filled = understood(columns, gaps="fill").table
    assert len(filled.numbers) == 100 and np.isnan(filled.target.values[50:53]).all()
    assert np.array_equal(filled.target.values[53:, 0], np.float32(columns["y"][50:]))
    kept = understood(columns, gaps="keep").table
    assert len(kept.starts) == 2 and kept.inputs[-1].name == "steps since the row before"
    assert kept.numbers[49:52, -1].tolist() == [1, 4, 1]


def test_events_without_a_step_are_no_gaps():
    random = np.random.default_rng(0)
    times = np.datetime64("2021-01-01") + np.cumsum(random.integers(30, 5000, 200)).astype("timedelta64[s]")
    table = understood(series(times)).table
    assert len(table.starts) == 2 and table.inputs[-1].name == "steps since the row before"


def test_29_february_that_is_missing_is_a_hole():
    days = pd.date_range("2019-01-01", "2021-12-31").astype(str)
    days = days[days != "2020-02-29"]
    assert np.diff(understood(series(days)).table.starts).tolist() == [365 + 59, 306 + 365]


def test_months_and_quarters_are_even():
    for dates in (pd.period_range("1990-01", periods=80, freq="M"), pd.period_range("1990Q1", periods=80, freq="Q")):
        table = understood(series(dates)).table
        assert len(table.starts) == 2 and table.step in ("1 month", "1 quarter")


def test_unsorted_copies_and_contradictions():
    """Of file 03, less the one contradiction: its three exact copies are dropped, and rows brought in order."""
    found = read(case("03"), Keys())
    text = pd.read_csv(case("03"))
    again = text[text.time.duplicated(keep=False)].groupby("time").load.nunique()
    (odd,) = again[again > 1].index
    lines = (np.flatnonzero(text.time == odd) + 2).tolist()
    with pytest.raises(
        UsageError, match=f"lines {lines[0]} and {lines[1]} say different things of {odd.replace('T', ' ')}"
    ):
        understand(found, Keys())
    kept = text[text.time != odd]
    reading = understood(kept)
    assert "3 exact copies of rows dropped" in told(reading, "time") and "sorted by time" in told(reading, "time")
    wanted = kept.drop_duplicates().sort_values("time").load.to_numpy(np.float32)
    assert np.array_equal(reading.table.target.values[:, 0], wanted)


def test_rows_that_stand_in_the_test_too_are_only_there(tmp_path):
    text = pd.read_csv(case("03"))
    text = text[~text.time.duplicated(keep=False)]
    text.to_csv(tmp_path / "all.csv", index=False)
    text.tail(40).to_csv(tmp_path / "last.csv", index=False)
    keys = Keys(test=str(tmp_path / "last.csv"))
    reading = open_table(tmp_path / "all.csv", keys)
    assert reading.table.official.sum() == 40 and len(reading.table.official) == len(text)
    assert "40 exact copies of rows dropped; 40 of them stand in the test too, and only there now" in told(
        reading, "time"
    )


def test_contradictions_are_looked_for_in_all_series():
    """Also beyond the first hundred, where other programs stop."""
    ids, steps = np.repeat(np.arange(150), 10), np.tile(np.arange(10), 150)
    steps[149 * 10 + 5] = 4
    columns = {"id": ids, "t": steps, "y": np.random.default_rng(0).normal(size=1500)}
    with pytest.raises(UsageError, match=f"lines {2 + 1494} and {2 + 1495} say different things of step 4"):
        understood(columns, window=4)


def test_the_hour_that_comes_twice_in_autumn_is_no_copy():
    reading = open_table(case("05"), Keys())
    table = reading.table
    assert "2021-10-31 02:00 occurs twice (clock change?)" in told(reading, "time")
    assert np.array_equal(table.target.values[:, 0], pd.read_csv(case("05")).kW.to_numpy(np.float32))
    assert (np.diff(table.times) == np.timedelta64(1, "h")).all() and len(table.starts) == 2
    assert table.offsets[0] == 0 and table.offsets[-1] == -3600


def test_half_hours_of_a_clock_change_keep_their_order():
    times = ["2021-10-31 01:30", "2021-10-31 02:00", "2021-10-31 02:30", "2021-10-31 02:00", "2021-10-31 02:30"]
    before = pd.date_range("2021-10-30 00:00", "2021-10-31 01:00", freq="30min").strftime("%Y-%m-%d %H:%M")
    after = pd.date_range("2021-10-31 03:00", periods=100, freq="30min").strftime("%Y-%m-%d %H:%M")
    columns = series([*before, *times, *after])
    assert np.array_equal(understood(columns).table.target.values[:, 0], np.float32(columns["y"]))


def test_local_time_and_utc_are_the_same_series():
    """Metamorphic: file 06 with its +05:30, and the same stamps written in UTC."""
    local = open_table(case("06"), Keys()).table
    text = pd.read_csv(case("06"))
    utc = text.assign(ds=pd.to_datetime(text.ds).dt.tz_convert("UTC").dt.strftime("%Y-%m-%d %H:%M:%S"))
    other = understood(utc).table
    assert np.array_equal(local.times, other.times) and np.array_equal(local.numbers, other.numbers)
    assert (local.offsets == 19800).all() and other.offsets is None


def test_stacked_stores_are_asked_about_and_the_odd_one_is_named():
    with pytest.raises(UsageError, match=r"id=null: .*is store the series\?"):
        open_table(case("04"), Keys())
    with pytest.raises(UsageError, match="is store the series"):
        open_table(case("04"), Keys(target="sales"))
    reading = open_table(case("04"), Keys(id="store", target="sales", window=14))
    assert any("S07 (1 week): not the usual step, 1 day" in warning for warning in reading.warnings)
    lengths = pd.read_csv(case("04")).groupby("store").size()
    assert np.diff(reading.table.starts).tolist() == lengths.tolist()
    assert any(f"{(lengths < 15).sum()} series shorter than 14 + 1" in warning for warning in reading.warnings)
    examples = examples_of(reading.table)
    assert len(examples) == sum(max(n - 14, 0) for n in lengths)
    owner = np.repeat(np.arange(12), lengths)
    assert (owner[examples.start] == owner[examples.last - 1]).all()


def test_order_of_rows_changes_nothing():
    columns = pd.DataFrame(series(hours("2021-01-01", 120)))
    shuffled = columns.sample(frac=1, random_state=0)
    one, other = understood(columns).table, understood(shuffled).table
    assert np.array_equal(one.times, other.times) and np.array_equal(one.numbers, other.numbers)


def test_lines_are_those_of_the_file():
    found = sheet(series(["2021-01-01", "2021-01-02", "2021-01-02"]), first_line=10)
    with pytest.raises(UsageError, match="lines 11 and 12"):
        understand(found, Keys())
