"""`.ts` of the archives: what its header says and its data do not."""

from __future__ import annotations

import numpy as np
import pytest
from reading import told

HEAD = "# words\n@problemName Made\n@timeStamps {stamps}\n@missing false\n@univariate {one}\n@equalLength true\n"


def head(labels: str = "@classLabel true walk run", stamps: str = "false", one: str = "true") -> str:
    return HEAD.format(stamps=stamps, one=one) + f"{labels}\n@data\n"


def test_labels_missing_values_and_lengths_that_the_header_denies(sheet) -> None:
    found = sheet(head() + "1,2.5,?:walk\n\n4,NaN:Straße\n", "some.ts")
    assert found.frame["sequence"].tolist() == ["1", "1", "1", "2", "2"]
    np.testing.assert_array_equal(found.frame["1"], np.float32([1, 2.5, np.nan, 4, np.nan]))
    assert found.frame["class"].tolist() == ["walk"] * 3 + ["Straße"] * 2
    assert found.lines.tolist() == [9, 9, 9, 11, 11]
    said = told(found, "header")
    assert "equal lengths, but they are 2 to 3" in said and "nothing is missing" in said and "Straße" in said


def test_values_side_by_side(sheet) -> None:
    found = sheet(head(one="false") + "1,2:3,4:walk\n5:6:run\n", "some.ts.ts")
    assert found.frame["1"].tolist() == [1, 2, 5] and found.frame["2"].tolist() == [3, 4, 6]


def test_a_value_a_sequence(sheet) -> None:
    found = sheet(head("@targetLabel true") + "1,2:0.5\n3,4:-1e-3\n", "anything.txt")
    np.testing.assert_array_equal(found.frame["target"], np.float32([0.5, 0.5, -1e-3, -1e-3]))
    assert found.implied == {"id": "sequence", "time": "none", "target": "target", "task": "value"}


def test_time_stamps(sheet) -> None:
    text = "(2020-01-01 00:00:00,1.5),(2020-01-01 01:00:00,?):(2020-01-01 00:00:00,3),(2020-01-01 01:00:00,4):walk\n"
    found = sheet(head(stamps="true", one="false") + text, "some.ts")
    assert found.frame["time"].tolist() == ["2020-01-01 00:00:00", "2020-01-01 01:00:00"]
    np.testing.assert_array_equal(found.frame["1"], np.float32([1.5, np.nan]))
    assert found.frame["2"].tolist() == [3, 4] and found.frame["class"].tolist() == ["walk"] * 2
    assert found.implied["time"] == "time"
    counted = sheet(head(stamps="true") + "(0,1.5),(2,2.5):walk\n(0,1):run\n", "some.ts")
    assert counted.frame["time"].tolist() == [0, 2, 0]


def test_no_labels(sheet) -> None:
    found = sheet(head("@classLabel false") + "1,2\n3,4,5\n", "some.ts")
    assert list(found.frame.columns) == ["sequence", "1"] and "target" not in found.implied


def test_values_of_unequal_length_are_filled_up_and_told(sheet) -> None:
    found = sheet(head(one="false") + "1,2,3:4:walk\n", "some.ts")
    np.testing.assert_array_equal(found.frame["2"], np.float32([4, np.nan, np.nan]))
    assert "unequal length" in told(found, "header")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "no sequences"),
        ("1,x,3:walk\n", "line 9 holds what is no number"),
        ("1,2:walk\n1,2:3,4:walk\n", "line 10 has 2 values a step, the first 1"),
        (":walk\n", "line 9 holds no values"),
    ],
)
def test_what_is_refused_by_its_line(refusal, data, words) -> None:
    assert words in refusal(head() + data, "some.ts")


def test_arff_is_another_form(refusal) -> None:
    assert "ARFF" in refusal("@relation iris\n@attribute a numeric\n@data\n1,2\n", "some.arff")


def test_a_line_above_the_data_that_is_no_header(refusal) -> None:
    assert "line 2" in refusal("@problemName x\n1,2:a\n", "some.ts")
