"""Times in order, 2021-01-04 18:00:00, are read without a spelling of each; all others as text, to the letter."""

from __future__ import annotations

import numpy as np
import pytest

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import source
from rnnbench.data.table.understand import open_table

ROWS = 1000
HOURS = np.datetime64("2020-01-01T00:00:00") + 3600 * np.arange(ROWS).astype("timedelta64[s]")
SPELLED = [f"2020-{1 + (day >= 31):02}-{1 + day % 31:02} {hour:02}:00:00" for day in range(42) for hour in range(24)][
    :ROWS
]
"""2020-01-01 00:00:00 on, by hand: January has 31 days, and 1,000 hours are 41 days and 16 hours."""


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 4096)


def text(times: list[str], order: str = "time,x,y") -> str:
    cells = [{"time": time, "x": f"{i}.5", "y": f"{i % 7}"} for i, time in enumerate(times)]
    return f"{order}\n" + "".join(",".join(row[name] for name in order.split(",")) + "\n" for row in cells)


@pytest.mark.parametrize("order", ["time,x,y", "x,time,y", "x,y,time"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_times_that_rise_are_the_categories_of_their_column(sheet, order, end) -> None:
    found = sheet(text(SPELLED, order).replace("\n", end)).frame
    assert found["time"].dtype == "category" and found["time"].cat.categories.dtype == "datetime64[s]"
    assert (found["time"].to_numpy() == HOURS).all()
    assert [str(time) for time in found["time"]] == SPELLED
    assert found["x"].tolist() == [i + 0.5 for i in range(ROWS)]


@pytest.mark.parametrize("at", [0, ROWS // 2, ROWS - 1])
@pytest.mark.parametrize(
    "odd",
    ["", "2020-01-01", "2020-02-30 00:00:00", "2020-02-20 24:00:00", "2020-02-20T23:00:00", "2020-02-20 23:00:00.5",
     " 2020-02-20 23:00", "1066-01-01 00:00:00", "2020-01-0a 00:00:00", SPELLED[3]],
)  # fmt: skip
def test_one_that_is_written_otherwise_or_does_not_rise_makes_text_of_all(sheet, at, odd) -> None:
    times = [*SPELLED[:at], odd, *SPELLED[at + 1 :]]
    found = sheet(text(times)).frame["time"]
    assert found.dtype == "category" and found.cat.categories.dtype != "datetime64[s]"
    assert found.astype("object").fillna("").tolist() == [time.strip() for time in times]


def test_a_quoted_separator_hides_no_time(sheet) -> None:
    rows = text(SPELLED).replace("700.5", '"700,5"')
    found = sheet(rows, inputs="y", target="y").frame
    assert found["x"][700] == "700,5" and [str(time) for time in found["time"]] == SPELLED


def test_a_time_that_is_said_to_be_missing_is(sheet) -> None:
    found = sheet(text(SPELLED), missing=SPELLED[7]).frame["time"]
    assert np.flatnonzero(found.isna()).tolist() == [7] and found[8] == SPELLED[8]


def test_they_are_understood_as_spellings_are(tmp_path) -> None:
    """The same file with a T between date and time is read as text."""
    said = []
    for name, times in (("stamps", SPELLED), ("text", [time.replace(" ", "T") for time in SPELLED])):
        path = tmp_path / f"{name}.csv"
        path.write_text(text(times))
        said.append(open_table(path, Keys(target="y")))
    (stamps, spelled) = said
    assert (stamps.table.times == HOURS).all() and (spelled.table.times == HOURS).all()
    assert stamps.lines == spelled.lines and stamps.table.step == "1 hour"
    assert [c.name for c in stamps.table.inputs] == [c.name for c in spelled.table.inputs]


def test_a_test_file_goes_on_where_its_times_are_text(tmp_path) -> None:
    (tmp_path / "train.csv").write_text(text(SPELLED[:900]))
    late = SPELLED[900:]
    (tmp_path / "test.csv").write_text(text([*late[1:], late[0]]))  # not in order
    table = open_table(tmp_path / "train.csv", Keys(target="y", test=str(tmp_path / "test.csv"))).table
    assert (table.times == HOURS).all() and table.official.tolist() == [False] * 900 + [True] * 100


def test_files_of_a_folder_begin_anew(tmp_path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(text(SPELLED))
    table = open_table(tmp_path, Keys(target="y")).table
    assert (table.times == np.concatenate((HOURS, HOURS))).all() and table.ids == ("a", "b")
