"""What becomes of cells: how numbers are kept, what is text, what is refused, wherever in a file it stands."""

from __future__ import annotations

import numpy as np
import pytest
from reading import told

from rnnbench.data.table.read import source


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch) -> None:
    """Later rows are in later blocks, and beyond the sample that the layout is found out from."""
    monkeypatch.setattr(source, "BLOCK", 4096)


def column(values, name: str = "x") -> str:
    return f"{name},other\n" + "".join(f"{value},{i}.5\n" for i, value in enumerate(values))


@pytest.mark.parametrize(
    ("late", "kind"),
    [("0.25", "float32"), ("16777216", "float32"), ("16777217", "float64"), ("1700000000.5", "float64"),
     ("1e-60", "float64"), ("1e300", "float64"), ("9007199254740991", "float64"), ("9007199254740993", "category")],
)  # fmt: skip
def test_numbers_are_float32_where_that_loses_no_whole_number(sheet, late, kind) -> None:
    """2²⁴ + 1 is the first whole number that float32 lacks, 2⁵³ + 1 the first that float64 lacks."""
    found = sheet(column(["1"] * 5000 + [late]))
    assert found.frame["x"].dtype == kind
    last = found.frame["x"].iloc[-1]
    if kind == "category":
        assert last == late
    else:  # some releases of pandas read the last bit of 1e-60 otherwise
        assert last == pytest.approx(np.dtype(kind).type(late), rel=1e-15, abs=0)
    assert found.frame["x"].iloc[0] == ("1" if kind == "category" else 1)


def test_stray_text_at_row_900_among_numbers_is_refused_by_its_line(refusal) -> None:
    values = [f"{i}.25" for i in range(5000)]
    values[4321] = "abc"
    line = refusal(column(values))
    assert "column x" in line and "line 4,323" in line and "'abc'" in line and "missing=abc" in line


def test_stray_text_that_means_missing_can_be_said(sheet) -> None:
    values = [f"{i}.25" for i in range(5000)]
    values[4321] = values[4500] = "ERR"
    found = sheet(column(values), missing="ERR,off")
    assert np.flatnonzero(found.frame["x"].isna()).tolist() == [4321, 4500]
    assert "'ERR' 2 (x)" in told(found, "missing") and "'off'" in told(found, "missing")


def test_stray_text_in_a_column_that_is_not_asked_for_is_text(sheet) -> None:
    values = [f"{i}.25" for i in range(5000)]
    values[4321] = "abc"
    found = sheet(column(values), inputs="other", target="other")
    assert found.frame["x"].dtype == "category" and found.frame["x"][4321] == "abc" and found.frame["x"][0] == "0.25"


def test_codes_of_which_some_are_digits_are_text_from_the_first_row_on(sheet) -> None:
    """Beyond the sample: 3 of 8 spellings are no numbers, so all are names."""
    values = ["401", "402", "410", "411", "492"] * 600 + ["V12", "E11", "E14"]
    found = sheet(column(values))
    assert found.frame["x"].tolist() == values


def test_a_column_empty_at_first_is_what_comes_later(sheet) -> None:
    assert sheet(column([""] * 4000 + ["1.5"])).frame["x"].iloc[-1] == 1.5
    assert sheet(column([""] * 4000 + ["word", "words"])).frame["x"].tolist()[-2:] == ["word", "words"]


def test_text_is_not_missing_for_looking_odd(sheet) -> None:
    """As numbers "-", "." and "none" are missing; as text they are what they are, but "NA" and nothing."""
    found = sheet("word,n\n-,-\n.,.\nnone,none\n?,?\nNA,NA\n,4\nend,7\n")
    assert found.frame["word"].tolist()[:4] == ["-", ".", "none", "?"]
    assert found.frame["word"].isna().tolist() == [False] * 4 + [True] * 2 + [False]
    assert found.frame["n"].isna().tolist() == [True] * 5 + [False] * 2


def test_digits_keep_their_spelling_in_a_column_of_text(sheet) -> None:
    found = sheet("code,n\n007,1\n1.50,2\n7,3\nV1,4\n")
    assert found.frame["code"].tolist() == ["007", "1.50", "7", "V1"]


def test_numbers_with_signs_beside_them_are_text_and_named(sheet) -> None:
    found = sheet("day,change,price,code\n1,1.5%,$2,A1\n2,-0.3%,$3.5,B2\n3,2%,$1,C3\n")
    said = told(found, "marks")
    assert "change is read as text" in said and "price is read as text" in said and "code" not in said


def test_blanks_around_cells_do_not_count(sheet) -> None:
    found = sheet('a, b, c\n 1 , walk ,NA \n2 ,walk, 5\n3,"walk", 6 \n')
    assert found.frame["a"].tolist() == [1, 2, 3] and found.frame["b"].tolist() == ["walk"] * 3
    np.testing.assert_array_equal(found.frame["c"], np.float32([np.nan, 5, 6]))


def test_malformed_lines_are_refused_by_number(refusal) -> None:
    rows = [f"{i},{i}.5" for i in range(5000)]
    rows[41], rows[4000] = "1,2,3", "7"
    line = refusal("a,b\n" + "\n".join(rows) + "\n")
    assert "2 fields" in line and "line 43 has 3" in line and "line 4,002 has 1" in line


def test_malformed_lines_after_quoted_line_ends_keep_their_number(refusal) -> None:
    """The names take one line, three records two each: the short one begins in line 8."""
    line = refusal('a,b\n"x\ny",1\n"x\ny",2\n"x\ny",3\nshort\n"x",5\n"x",6\n"x",7\n"x",8\n"x",9\n')
    assert "line 8 has 1" in line


def test_more_malformed_lines_than_are_shown_are_counted(refusal) -> None:
    rows = ["1,2"] * 500
    rows[20:28] = ["1,2,3"] * 8
    assert "and 3 more" in refusal("a,b\n" + "\n".join(rows) + "\n")


def test_a_quotation_that_never_closes_is_refused_by_its_line(refusal, monkeypatch) -> None:
    rows = ["1,2"] * 3000
    rows[2500] = '"1,2'
    line = refusal("a,b\n" + "\n".join(rows) + "\n")
    assert "line 2,5" in line or "line 2,502" in line


def test_other_letters_late_in_a_file_of_ascii(sheet) -> None:
    text = column(["1.5"] * 5000).replace("x,", "x,ort,", 1)
    rows = "x,ort\n" + "1.5,Rom\n" * 5000
    assert text and sheet((rows + "2.5,Köln\n").encode("utf-8")).frame["ort"].iloc[-1] == "Köln"
    late = sheet((rows + "2.5,Köln\n").encode("cp1252"))
    assert late.frame["ort"].iloc[-1] == "Köln" and "1252" in told(late, "encoding")


def test_bytes_that_are_not_utf8_after_some_that_were_are_refused_by_their_line(refusal) -> None:
    rows = "x,ort\n" + "1.5,Köln\n" * 5000
    line = refusal(rows.encode() + "2.5,Köln\n".encode("cp1252"))
    assert "line 5,002" in line and "encoding=cp1252" in line


def test_what_is_too_large_is_named_by_its_line(sheet) -> None:
    """Beside the infinities: all three are missing in what is computed."""
    found = sheet("t,y\n0,1.5\n1,inf\n2,2.5\n3,1e308\n")
    assert told(found, "missing") == "'inf' 1 (y); too large to compute with: 1e+308 in line 5 (y)"


def test_labels_with_leading_zeros_keep_their_spelling(sheet) -> None:
    """007 and 07 are two; as numbers, which they are where no label is asked for, both are 7."""
    text = "id,x,code\n" + "".join(f"{i:03d},{i}.5,{'007' if i % 2 else '07'}\n" for i in range(40))
    for target in ("code", "3"):
        found = sheet(text.replace("id,x,code\n", "") if target == "3" else text, target=target).frame
        assert list(found.iloc[:, 2].cat.categories) == ["007", "07"]
    assert sheet(text, target="code", task="value").frame["code"].unique().tolist() == [7]
    assert sheet(text, target="x").frame["code"].unique().tolist() == [7]


def test_a_spelling_of_missing_can_be_said_to_be_a_value(sheet) -> None:
    text = "region,x\n" + "NA,1.5\nEU,2.5\nAS,\n" * 3
    assert sheet(text).frame["region"].isna().sum() == 3
    found = sheet(text, missing="not:NA,?")
    assert found.frame["region"].tolist() == ["NA", "EU", "AS"] * 3 and found.frame["x"].isna().sum() == 3
