"""The usual step, against dates that pandas makes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rnnbench.data.table.steps import steps_of


@pytest.mark.parametrize(
    ("freq", "name"),
    [("h", "1 hour"), ("30min", "30 minutes"), ("D", "1 day"), ("W", "1 week"), ("MS", "1 month"), ("ME", "1 month"),
     ("QS", "1 quarter"), ("QE", "1 quarter"), ("YS", "1 year"), ("B", "1 working day"), ("3h", "3 hours")],
)  # fmt: skip
def test_steps_are_those_of_pandas(freq, name):
    dates = pd.date_range("2019-01-02", periods=60, freq=freq).to_numpy().astype("datetime64[s]")
    found = steps_of(dates)
    assert found.name == name and (found.ticks == 1).all()
    holes = steps_of(np.delete(dates, [7, 8, 30]))
    assert found.regular is not None and (found.regular == dates).all()
    assert holes.regular is not None and (holes.regular == dates).all()


def test_counted_steps():
    assert steps_of(np.array([3, 5, 7, 11])).ticks.tolist() == [1, 1, 2]


def test_a_clock_that_wavers_about_a_minute():
    times = np.datetime64("2015-02-04T17:51:00") + np.cumsum([0, 59, 61, 60, 59, 61, 59, 60]).astype("timedelta64[s]")
    assert steps_of(times).name == "1 minute" and (np.abs(steps_of(times).ticks - 1) < 0.02).all()


def test_a_bank_holiday_is_no_hole_and_a_month_off_is():
    days = pd.bdate_range("2021-01-04", periods=100).to_numpy().astype("datetime64[s]")
    assert (steps_of(np.delete(days, 40)).ticks == 1).all()
    assert steps_of(np.delete(days, np.arange(40, 60))).ticks.max() == 21
