"""Inputs on which other tools failed. Values were read off the files by eye, or by Python's csv module."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from reading import key_of, told

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import read
from rnnbench.errors import UsageError


@pytest.mark.parametrize(
    ("name", "rows", "names"),
    [
        ("01_weekdays_only.csv", 480, ["Date", "Close"]),
        ("02_long_gap.csv", 480, ["time", "load"]),
        ("03_duplicates_unsorted.csv", 484, ["time", "load"]),
        ("04_panel_unequal_one_weekly.csv", 447, ["store", "date", "sales"]),
        ("05_dst_repeated_hour.csv", 480, ["time", "kW"]),
        ("06_offset_0530.csv", 480, ["ds", "unique_id", "y"]),
        ("11_constant_target.csv", 300, ["t", "y"]),
        ("12_constant_and_empty_columns.csv", 480, ["t", "y", "const", "empty"]),
        ("14_leak_copy_and_future.csv", 479, ["t", "y", "y_rounded", "tomorrow"]),
        ("15_random_walk.csv", 1000, ["t", "y"]),
        ("16_sequences_string_labels_groups.csv", 1677, ["id", "step", "ax", "ay", "label", "subject"]),
        ("17_single_class.csv", 1087, ["id", "step", "ax", "ay", "label"]),
        ("20_integer_labels.csv", 1655, ["id", "step", "ax", "ay", "label"]),
        ("22_six_rows.csv", 6, ["t", "y"]),
        ("26_many_zeros.csv", 400, ["t", "y"]),
        ("27_two_scales.csv", 400, ["id", "t", "y"]),
        ("29_train_categorical.csv", 480, ["t", "weather", "y"]),
    ],
)
def test_plain_files_are_read_cell_by_cell_as_csv_reads_them(case, name, rows, names) -> None:
    path = case(name)
    sheet = read(path, Keys())
    with path.open(encoding="utf-8", newline="") as file:
        expected = list(csv.reader(file))
    assert expected[0] == names == list(sheet.frame.columns)
    assert len(sheet.frame) == rows == len(expected) - 1
    assert sheet.lines.tolist() == list(range(2, rows + 2))
    for i, column in enumerate(names):
        cells = [row[i] for row in expected[1:]]
        if sheet.frame[column].dtype == "category":
            assert [str(cell) for cell in sheet.frame[column]] == cells
        else:
            numbers = [float(cell) if cell else np.nan for cell in cells]
            np.testing.assert_array_equal(sheet.frame[column], np.array(numbers, np.float32))


def test_utf16_semicolons_and_decimal_commas(case) -> None:
    sheet = read(case("07_utf16_semicolon_comma.csv"), Keys())
    assert list(sheet.frame.columns) == ["Zeit", "Wert", "Temperatur (°C)"]
    np.testing.assert_array_equal(sheet.frame["Wert"][:3], np.float32([10.025, 10.232, 10.628]))
    assert "UTF-16" in told(sheet, "encoding") and key_of(sheet, "encoding") == "encoding"
    assert told(sheet, "separator") == "semicolon, decimal comma"


def test_windows_letters_and_marked_thousands(case) -> None:
    sheet = read(case("08_cp1252_thousands.csv"), Keys())
    assert sheet.frame["Größe"][:3].tolist() == [6012.5, 6116.5, 6314.5]
    assert sheet.frame["Jahr"][0] == 1500
    assert "1252" in told(sheet, "encoding") and "thousands" in told(sheet, "separator")


def test_the_first_row_of_data_is_not_eaten(case) -> None:
    sheet = read(case("09_no_header_trailing_comma.csv"), Keys())
    assert list(sheet.frame.columns) == ["1", "2"] and len(sheet.frame) == 480
    np.testing.assert_array_equal(sheet.frame.iloc[0], np.float32([10.025, 20.05]))
    assert "none" in told(sheet, "header") and key_of(sheet, "header") == "header"
    assert "3" in told(sheet, "trailing") or "1 " in told(sheet, "trailing")


def test_a_comment_and_a_row_of_units(case) -> None:
    sheet = read(case("10_units_row_and_comment.csv"), Keys())
    assert sheet.frame["load"].dtype == "float32" and len(sheet.frame) == 480
    assert sheet.lines[0] == 4 and sheet.frame["time"][0] == "2021-01-01 00:00"
    assert "line 1" in told(sheet, "comments") and "kW" in told(sheet, "units")


def test_spellings_of_missing_values_are_listed_with_counts(case) -> None:
    """Counted by `cut -d, -f2 | sort | uniq -c`."""
    sheet = read(case("13_missing_in_seven_spellings.csv"), Keys())
    said = told(sheet, "missing")
    for spelling, count in (("'?'", 11), ("'NaN'", 11), ("'NA'", 9), ("'null'", 6), ("'-'", 6), ("empty", 4)):
        assert f"{spelling} {count} " in said
    assert sheet.frame["y"].isna().sum() == 11 + 11 + 9 + 6 + 6 + 4
    assert "-999" in told(sheet, "marks") and key_of(sheet, "marks") == "missing"
    marked = read(case("13_missing_in_seven_spellings.csv"), Keys(missing="-999"))
    assert marked.frame["y"].isna().sum() == 47 + 5 and "'-999' 5 " in told(marked, "missing")


def test_names_that_are_doubled_or_go_over_two_lines(case) -> None:
    sheet = read(case("28_duplicate_header_quoted_newline.csv"), Keys())
    assert list(sheet.frame.columns) == ["t", "load\n(kW)", "y", "y.1"]
    assert sheet.frame.iloc[0].tolist() == pytest.approx([0, 10.025, 11.025, 12.025])
    assert sheet.lines[:2].tolist() == [3, 4] and "'y'" in told(sheet, "names")


def test_infinities_are_missing_and_huge_numbers_are_kept(case) -> None:
    """Lines 52 and 62 hold inf and -Infinity, line 72 1e308."""
    sheet = read(case("30_inf_and_huge.csv"), Keys())
    gone = sheet.frame["y"].isna()
    assert sheet.lines[gone].tolist() == [52, 62]
    assert sheet.frame["y"][sheet.lines == 72].tolist() == [1e308]
    assert "inf" in told(sheet, "missing")


@pytest.mark.parametrize(
    ("name", "words"),
    [("23_zip_named.csv", "spreadsheet"), ("24_empty.csv", "empty"), ("25_header_only.csv", "header (t, y)")],
)
def test_what_holds_no_rows_is_refused_in_one_line(case, name, words) -> None:
    with pytest.raises(UsageError, match=name) as refused:
        read(case(name), Keys())
    assert words in str(refused.value) and "\n" not in str(refused.value)
