"""Parquet and frames in memory become the sheet that their CSV becomes."""

from __future__ import annotations

import datetime
import decimal
import sys

import numpy as np
import pandas as pd
import pytest
from reading import told

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import parquet, read, sheet_of
from rnnbench.errors import UsageError


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "when": pd.to_datetime(["2021-01-01", "2021-01-02", None]),
            "zoned": pd.to_datetime(["2021-01-01 05:00+05:30"] * 3),
            "x": [1.5, np.nan, np.inf],
            "n": [1, 2, 16_777_217],
            "long": [1, 2, 2**53 + 1],
            "Größe": ["a", None, "b"],
            "flag": [True, False, True],
            "price": [decimal.Decimal("1.25"), None, decimal.Decimal("2.5")],
            "kind": pd.Categorical(["u", "v", "u"]),
            "took": pd.to_timedelta([1, 2, 3], unit="min"),
        }
    )


def check(sheet, x: str = "x") -> None:
    found = sheet.frame
    assert found["when"].tolist()[:2] == ["2021-01-01", "2021-01-02"] and found["when"].isna()[2]
    assert found["zoned"][0] == "2021-01-01 05:00:00+05:30"
    np.testing.assert_array_equal(found["x"], np.float32([1.5, np.nan, np.nan]))
    assert found["n"].dtype == "float64" and found["n"].tolist() == [1, 2, 16_777_217]
    assert found["long"].tolist() == ["1", "2", "9007199254740993"]
    assert found["Größe"].tolist()[::2] == ["a", "b"] and found["flag"].tolist() == ["True", "False", "True"]
    np.testing.assert_array_equal(found["price"], np.float32([1.25, np.nan, 2.5]))
    assert found["kind"].tolist() == ["u", "v", "u"] and found["took"].tolist() == [60, 120, 180]
    assert sheet.lines.tolist() == [1, 2, 3]


def test_a_frame(frame) -> None:
    check(sheet_of(frame, Keys()))
    assert sheet_of(frame, Keys()).digest == sheet_of(frame.copy(), Keys()).digest
    assert sheet_of(frame, Keys()).digest != sheet_of(frame.rename(columns={"x": "z"}), Keys()).digest


def test_an_index_that_says_something_is_a_column(frame) -> None:
    dated = pd.DataFrame({"x": [1.5]}, index=pd.DatetimeIndex(["2021-01-01"], name="day"))
    assert sheet_of(dated, Keys()).frame.iloc[0].tolist() == ["2021-01-01", 1.5]
    with pytest.raises(UsageError, match="no rows"):
        sheet_of(frame[:0], Keys())


@pytest.mark.parametrize("batch", [1, 2, 65536])
def test_parquet(frame, tmp_path, monkeypatch, batch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(parquet, "_BATCH", batch)
    frame.to_parquet(tmp_path / "some.parquet")
    sheet = read(tmp_path / "some.parquet", Keys(missing="a"))
    assert sheet.frame["Größe"].isna().tolist() == [True, True, False]
    assert "Größe 2" in told(sheet, "missing")
    check(read(tmp_path / "some.parquet", Keys()))


def test_lists_in_cells_are_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match="column steps holds lists"):
        sheet_of(pd.DataFrame({"steps": [[1, 2], [3]], "when": [datetime.date(2021, 1, 1)] * 2}), Keys())


def test_without_pyarrow_the_line_says_how_to_install_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "some.parquet").write_bytes(b"PAR1" + bytes(20) + b"PAR1")
    with pytest.raises(UsageError, match=r"pip install 'pyarrow>="):
        read(tmp_path / "some.parquet", Keys())


def test_damaged_parquet(tmp_path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "some.parquet").write_bytes(b"PAR1" + bytes(20))
    with pytest.raises(UsageError, match="damaged"):
        read(tmp_path / "some.parquet", Keys())
