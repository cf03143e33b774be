"""Time columns of every spelling people have, to the second; what is no date is no date."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sheets import sheet

from rnnbench.data.table.times import guessed, times_of
from rnnbench.errors import UsageError


def read(columns, names=None):
    frame = sheet(columns).frame
    return times_of(frame, names or guessed(frame), np.arange(2, len(frame) + 2))


def stamps(*texts):
    return np.array(texts, "datetime64[s]").tolist()


@pytest.mark.parametrize(
    ("texts", "first", "last"),
    [
        (["2021-01-04", "2021-01-05"], "2021-01-04", "2021-01-05"),
        (["2021-01-04 18:00:00", "2021-01-04 19:30:05"], "2021-01-04T18:00", "2021-01-04T19:30:05"),
        (["2021-01-04T18:00:00.000Z", "2021-01-04T19:00:00.000Z"], "2021-01-04T18:00", "2021-01-04T19:00"),
        (["2021/1/4", "2021/12/31"], "2021-01-04", "2021-12-31"),
        (["10/03/2004 18.00.00", "13/03/2004 19.00.00"], "2004-03-10T18:00", "2004-03-13T19:00"),
        (["3/10/2004", "3/13/2004"], "2004-03-10", "2004-03-13"),
        (["01.02.2021 00:00:00", "02.02.2021 00:00:00", "03.02.2021 00:00:00"], "2021-02-01", "2021-02-03"),
        (["13/02/21", "14/02/21"], "2021-02-13", "2021-02-14"),
        (["1970 Q1", "1970 Q4"], "1970-01-01", "1970-10-01"),
        (["1970Q2", "1971Q1"], "1970-04-01", "1971-01-01"),
        (["Jan-1-1995", "Feb-1-1995"], "1995-01-01", "1995-02-01"),
        (["1 Jan 1995", "12 December 1995"], "1995-01-01", "1995-12-12"),
        (["Mar 1995", "Apr 1995"], "1995-03-01", "1995-04-01"),
        (["1749-01", "1749-02"], "1749-01-01", "1749-02-01"),
        (["12/31/2020 11:59 PM", "01/01/2021 12:05 AM"], "2020-12-31T23:59", "2021-01-01T00:05"),
    ],
)
def test_spellings(texts, first, last):
    values = read({"date": texts}).values
    assert [values[0], values[-1]] == stamps(first, last)


def test_zones_and_changing_offsets_are_utc():
    """By hand: 02:30+02:00 is 00:30 UTC; an hour later, after the clocks went back, 02:30+01:00 is 01:30."""
    found = read({"time": ["2021-10-31 02:30+02:00", "2021-10-31 02:30+01:00"]})
    assert found.values.tolist() == stamps("2021-10-31T00:30", "2021-10-31T01:30")
    assert found.offsets.tolist() == [7200, 3600]
    west = read({"time": ["2021-01-01T00:00:00-0330"]})
    assert west.values.tolist() == stamps("2021-01-01T03:30")


def test_numbers_that_are_dates_are_no_nanoseconds():
    assert read({"date": [19580329, 19580405]}).values.tolist() == stamps("1958-03-29", "1958-04-05")
    assert read({"month": [195812, 195901]}, ("month",)).values.tolist() == stamps("1958-12-01", "1959-01-01")
    assert read({"timestamp": [1_600_000_000, 1_600_000_060]}).values.tolist() == stamps(
        "2020-09-13T12:26:40", "2020-09-13T12:27:40"
    )
    assert read({"time": [1_600_000_000_000, 1_600_000_060_000]}).values[1] == np.datetime64("2020-09-13T12:27:40")
    assert read({"year": [1700, 1701]}, ("year",)).values.tolist() == stamps("1700-01-01", "1701-01-01")


def test_steps_stay_steps():
    assert read({"t": [3, 4, 9]}).values.tolist() == [3, 4, 9]
    halves = read({"t": [0.0, 0.5, 1.5]})
    assert halves.values.tolist() == [0, 1, 3]


def test_a_year_1_is_no_year():
    """pandas reads "1-01" as January of the year 1, where it is month 1 of a first year."""
    found = read({"Month": ["1-01", "1-02", "1-12", "2-01"]})
    assert np.diff(found.values).tolist() == [1, 10, 1]
    assert "no calendar date" in found.said


def test_parts_of_a_date_in_columns():
    columns = {"No": [1, 2], "year": [2010, 2010], "month": [1, 12], "day": [1, 31], "hour": [0, 23], "x": [1.5, 2]}
    assert guessed(sheet(columns).frame) == ("year", "month", "day", "hour")
    assert read(columns).values.tolist() == stamps("2010-01-01T00", "2010-12-31T23")
    quarters = {"year": [1959, 1959], "quarter": [1, 4], "gdp": [1.0, 2.0]}
    assert read(quarters).values.tolist() == stamps("1959-01-01", "1959-10-01")


def test_a_date_and_a_time_of_day():
    columns = {"Date": ["10/03/2004", "13/03/2004"], "Time": ["18.00.00", "07.30.00"], "x": [1.0, 2.0]}
    assert read(columns).values.tolist() == stamps("2004-03-10T18", "2004-03-13T07:30")


def test_a_time_of_day_alone_is_no_time():
    assert guessed(sheet({"Time": ["18.00.00", "19.00.00"], "x": [1.0, 2.0]}).frame) == ()
    with pytest.raises(UsageError, match=r"without a date.*time=none"):
        read({"Time": ["18.00.00", "19.00.00"]}, ("Time",))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["13/01/2021", "01/13/2021"], "above 12 in some rows"),
        (["01/02/2021", "05/04/2021", "02/07/2021"], "day or month first"),
        (["2021-02-30", "2021-03-01"], "no calendar has"),
        (["2021-01-04", "soon"], '"soon" is no date'),
        (["0021-01-04", "0021-01-05"], "year 21"),
        (["2021-01-01 25:00", "2021-01-01 26:00"], "no clock has"),
        (["2021-01-01 02:00Z", "2021-01-01 03:00"], "in some rows and none in others"),
    ],
)
def test_what_is_refused(texts, said):
    with pytest.raises(UsageError, match=said):
        read({"date": texts}, ("date",))


def test_day_or_month_first_is_decided_by_even_steps():
    """Without a day above 12: 1 to 9 of one month are even as days, and months apart otherwise."""
    days = [f"{day:02d}/05/2021" for day in range(1, 10)]
    months = [f"05/{day:02d}/2021" for day in range(1, 10)]
    assert read({"date": days}).values[1] == np.datetime64("2021-05-02")
    assert read({"date": months}).values[1] == np.datetime64("2021-05-02")


def test_a_missing_time_is_named_by_its_line():
    with pytest.raises(UsageError, match="line 3 has no time"):
        read({"date": ["2021-01-01", None, "2021-01-03"]})


def test_what_no_name_and_no_spelling_tells_is_no_time():
    assert guessed(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 1.0]})) == ()


def test_what_comes_again_or_is_an_age_is_no_time():
    """A day of the week counts up six times in seven; "18-24" is of the shape of a month of the first year."""
    columns = {"weekday": np.tile(np.arange(1, 8), 20), "ages": ["18-24", "25-34"] * 70, "y": np.arange(140) % 11}
    assert guessed(sheet(columns).frame) == ()
    assert guessed(sheet(columns | {"day": np.arange(140)}).frame) == ("day",)
    panel = {"id": np.repeat([0, 1], 70), "day": np.tile(np.arange(70), 2)}
    assert guessed(sheet(panel).frame, ("id",), "id") == ("day",)


def test_a_row_of_totals_under_the_dates_is_named_by_its_line():
    days = [f"{i % 28 + 1:02d}.{i // 28 + 1:02d}.2023" for i in range(60)]
    rows = sheet({"Datum": [*days, "Summe"]})
    with pytest.raises(UsageError, match=r'line 62, the last, has "Summe" .*: a row of totals\?.*remove line 62'):
        times_of(rows.frame, ("Datum",), rows.lines)
