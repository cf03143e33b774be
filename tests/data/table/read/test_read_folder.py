"""Folders: one file a sequence, or one file a class."""

from __future__ import annotations

from pathlib import Path

import pytest
from reading import told

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import read
from rnnbench.errors import UsageError


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_dot_", ".")).write_text(text, encoding="utf-8")
    return folder


def test_one_file_a_sequence_in_the_order_of_numbers(tmp_path) -> None:
    files = {f"run{i}_dot_csv": f"t,x\n0,{i}.5\n1,{i}.25\n" for i in (1, 2, 10)}
    sheet = read(written(tmp_path, **files, README_dot_md="words", _dot_hidden="x"), Keys())
    assert sheet.frame["sequence"].tolist() == ["run1", "run1", "run2", "run2", "run10", "run10"]
    assert sheet.frame["x"].tolist() == [1.5, 1.25, 2.5, 2.25, 10.5, 10.25] and sheet.lines.tolist() == [2, 3] * 3
    assert sheet.implied == {"id": "sequence"} and "README.md" in told(sheet, "files")
    assert [Path(file).name for file in sheet.files] == ["run1.csv", "run2.csv", "run10.csv"]


def test_text_in_a_later_file_makes_the_column_text_in_all(tmp_path) -> None:
    files = {"a_dot_csv": "x,sequence\n1,1.5\n2,2.5\n", "b_dot_csv": "x,sequence\nV1,1.5\nV2,\n"}
    sheet = read(written(tmp_path, **files), Keys())
    assert sheet.frame["x"].tolist() == ["1", "2", "V1", "V2"] and sheet.implied == {"id": "sequence 2"}
    assert "empty 1 (sequence)" in told(sheet, "missing")


def test_numbers_without_names(tmp_path) -> None:
    sheet = read(written(tmp_path, a_dot_txt="1 2.5\n3 4.5\n", b_dot_txt="5 6.5\n"), Keys())
    assert sheet.frame["2"].tolist() == [2.5, 4.5, 6.5] and sheet.frame["sequence"].tolist() == ["a", "a", "b"]


def test_a_malformed_line_is_named_with_its_file(tmp_path) -> None:
    written(tmp_path, a_dot_csv="x,y\n1,2\n3,4\n", b_dot_csv="x,y\n1,2\n3\n5,6\n7,8\n")
    with pytest.raises(UsageError, match=r"b\.csv: .*line 3 has 1"):
        read(tmp_path, Keys())


def test_one_file_a_class_each_letter_a_step(tmp_path) -> None:
    sheet = read(written(tmp_path, Polish_dot_txt="Łuk\nNowak\n\n", Irish_dot_txt="O'Neill\nMac Daid\n"), Keys())
    frame = sheet.frame
    assert "".join(frame["character"]) == "O'NeillMac DaidŁukNowak"
    assert frame["sequence"].value_counts(sort=False).tolist() == [7, 8, 3, 5]
    assert frame["class"].tolist() == ["Irish"] * 15 + ["Polish"] * 8
    assert sheet.lines.tolist() == [1] * 7 + [2] * 8 + [1] * 3 + [2] * 5
    assert sheet.implied["inputs"] == "character" and sheet.implied["task"] == "label"
