"""How a text is laid out: what is found out, told, and can be said by a key."""

from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
import pytest
from reading import key_of, told

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import read, source


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1.5,2\n3.5,4\n", "comma"),
        ("a\tb\n1.5\t2\n3.5\t4\n", "tab"),
        ("a;b\n1.5;2\n3.5;4\n", "semicolon"),
        ("a|b\n1.5|2\n3.5|4\n", "bar"),
        ("a b\n1.5  2\n3.5 4\n", "blanks"),
        ("  a   b\n 1.5\t 2 \n 3.5  4  \n", "blanks"),
        ("a;b\n1,5;2\n3,5;4\n", "semicolon, decimal comma"),
        ("a\tb\n1,5\t2\n3,5\t4\n", "tab, decimal comma"),
        ('a,b\n"1,5",2\n"3,5",4\n', "comma, decimal comma"),
    ],
)
def test_separators_and_decimal_marks(sheet, text, words) -> None:
    found = sheet(text)
    assert found.frame.to_dict("list") == {"a": [1.5, 3.5], "b": [2.0, 4.0]}
    assert told(found, "separator") == words and key_of(found, "separator") == "separator"


def test_a_single_column_with_decimal_commas_is_no_table_of_two(sheet) -> None:
    found = sheet("Wert\n1,5\n2,7\n3,1\n0,4\n")
    assert found.frame.to_dict("list") == {"Wert": pytest.approx([1.5, 2.7, 3.1, 0.4])}


def test_semicolons_within_text_do_not_separate(sheet) -> None:
    found = sheet("agent,n\nMozilla; x,1\ncurl; y,2\nwget; z,3\n")
    assert list(found.frame.columns) == ["agent", "n"] and found.frame["n"].tolist() == [1, 2, 3]


def test_the_line_by_which_excel_is_told_the_separator(sheet) -> None:
    found = sheet("sep=;\na;b\n1,5;2\n3,5;4\n")
    assert found.frame.to_dict("list") == {"a": [1.5, 3.5], "b": [2, 4]} and found.lines.tolist() == [3, 4]


def test_spaces_in_times_do_not_separate(sheet) -> None:
    found = sheet("time,load\n2021-01-01 00:00,1.5\n2021-01-01 01:00,2.5\n")
    assert found.frame["time"].tolist() == ["2021-01-01 00:00", "2021-01-01 01:00"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a;b\n1.234,5;1\n1.345.678,5;2\n7,25;3\n", [1234.5, 1345678.5, 7.25]),
        ('a,b\n"1,234.5",1\n"1,345,678.5",2\n7.25,3\n', [1234.5, 1345678.5, 7.25]),
        ("a;b\n1'234.5;1\n1'345'678.5;2\n7.25;3\n", [1234.5, 1345678.5, 7.25]),
        ("a;b\n1 234,5;1\n1 345 678,5;2\n7,25;3\n", [1234.5, 1345678.5, 7.25]),
    ],
)
def test_thousands(sheet, text, values) -> None:
    found = sheet(text)
    assert found.frame["a"].tolist() == values and "thousands" in told(found, "separator")


def test_a_decimal_mark_can_be_said(sheet) -> None:
    """1,234 between tabs may be either: it is a decimal comma unless said."""
    text = "a\tb\n1,234\t1\n2,345\t2\n"
    assert sheet(text).frame["a"].tolist() == pytest.approx([1.234, 2.345])
    assert sheet(text, decimal=".").frame["a"].tolist() == [1234, 2345]


@pytest.mark.parametrize(
    ("separator", "mark", "other"), [(";", ".", "."), ("\t", ",", ","), ("\t", ".", "."), (";", ",", ",")]
)
def test_whole_numbers_below_a_thousand_tell_that_marks_part_thousands(sheet, separator, mark, other) -> None:
    """985 and 1.004 are neighbours, not a thousand times apart."""
    values = [985, 1004, 890, 1110, 999, 1000, 1012, 950]
    cells = [f"{value:,}".replace(",", mark) for value in values]
    text = f"day{separator}visits\n" + "".join(f"d{i}{separator}{cell}\n" for i, cell in enumerate(cells))
    found = sheet(text)
    assert found.frame["visits"].tolist() == values
    why = "since whole numbers below a thousand (985) stand beside it"
    assert told(found, "thousands") == (
        f"1{mark}004 is read as 1004, not 1.004, {why}: decimal={mark} reads it otherwise (in visits)"
    )
    said = sheet(text, decimal=other)
    assert said.frame["visits"].tolist()[:2] == [985, pytest.approx(1.004)] and not told(said, "thousands")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.004", "12.500", "1.250"], [1.004, 12.5, 1.25]),  # nothing tells
        (["1.004", "12.500", "3", "7"], [1.004, 12.5, 3, 7]),  # as decimals they are neighbours
        (["1.004", "12.500", "999"], [1.004, 12.5, 999]),  # one mark of a missing value is no neighbour
    ],
)
def test_what_may_be_either_is_told_with_its_key(sheet, cells, values) -> None:
    found = sheet("day;visits\n" + "".join(f"d{i};{cell}\n" for i, cell in enumerate(cells)))
    assert found.frame["visits"].tolist() == pytest.approx(values)
    assert told(found, "thousands") == "1.004 is read as 1.004, not 1004: decimal=, reads it otherwise (in visits)"


@pytest.mark.parametrize("cells", [["0.125", "1.250", "985", "990"], ["1.004", "12.5", "985", "990"]])
def test_decimals_that_are_plain_are_not_asked_about(sheet, cells) -> None:
    """No thousands begin with a zero, or have one or two digits behind their mark."""
    found = sheet("day;visits\n" + "".join(f"d{i};{cell}\n" for i, cell in enumerate(cells)))
    assert found.frame["visits"].tolist() == pytest.approx([float(cell) for cell in cells])
    assert not told(found, "thousands")


def test_dates_and_times_with_points_are_no_numbers_with_thousands(sheet) -> None:
    found = sheet("day;clock;v\n01.01.2021;18.00.00;1,5\n02.01.2021;19.00.00;2,5\n")
    assert found.frame["day"][0] == "01.01.2021" and found.frame["clock"][1] == "19.00.00"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1,2\n3,4\n", ["1", "2"]),
        ("x,2\ny,4\n", ["1", "2"]),  # a number in the first row: values
        ("NA,NA\n3,4\n", ["1", "2"]),  # a missing value is no name
        ("EU,B-ORG\nrejects,O\nGerman,B-MISC\ncall,O\nto,O\nUN,B-ORG\n", ["1", "2"]),  # B-ORG comes again
        ("word,tag\nEU,B-ORG\nrejects,O\nGerman,O\ncall,O\nto,O\n", ["word", "tag"]),
        ("day,code\n2021-01-01,a1\n2021-01-02,b1\n", ["day", "code"]),
        ("country,1990,1991,1992\nFrance,1.5,2.5,3.5\nSpain,2.5,3.5,1.5\n", ["country", "1990", "1991", "1992"]),
        (",a,b\n0,1.5,2.5\n1,3.5,4.5\n", ["1", "a", "b"]),  # an index without a name
        ("a,b\n7,1.5,2.5\n8,3.5,4.5\n", ["1", "a", "b"]),  # R's write.table
        ("# a, b\n1,2\n3,4\n", ["a", "b"]),
        ("# a b\n1 2\n3 4\n", ["a", "b"]),
        ("#a,b\n#c,d\n#a,d\n#a,b\n", ["1", "2"]),  # every line begins so: no comments
        ("a , b\n1,2\n3,4\n", ["a", "b"]),
        ('"a, b",b\n1,2\n3,4\n', ["a, b", "b"]),
        ("C6H6(GT),Größe\n1,2\n3,4\n", ["C6H6(GT)", "Größe"]),
        ("y,y,y\n1,2,3\n4,5,6\n", ["y", "y.1", "y.2"]),
        ("y,y.1,y\n1,2,3\n4,5,6\n", ["y", "y.1", "y.2"]),
    ],
)
def test_headers(sheet, text, names) -> None:
    assert list(sheet(text).frame.columns) == names


def test_a_header_can_be_said(sheet) -> None:
    assert list(sheet("1,2\n3,4\n", header=True).frame.columns) == ["1", "2"]
    assert len(sheet("1,2\n3,4\n", header=True).frame) == 1
    assert len(sheet("a,b\nc,d\n", header=False).frame) == 2
    assert list(sheet("a,b\nc,d\n", header=True).frame.columns) == ["a", "b"]


def test_what_stands_above_the_names_is_left_out_and_told(sheet) -> None:
    found = sheet("Station: 7\nexported on Monday\n\ntime,load,temp\n1,2.5,3\n2,3.5,4\n")
    assert list(found.frame.columns) == ["time", "load", "temp"] and found.lines.tolist() == [5, 6]
    assert "Station" in told(found, "comments")


def test_three_rows_of_names_as_stock_prices_have_them(sheet) -> None:
    found = sheet("Price,Close,High\nTicker,AAPL,AAPL\nDate,,\n2020-01-02,75.1,75.2\n2020-01-03,74.4,75.1\n"
                  "2020-01-06,74.9,75.0\n2020-01-07,74.6,75.2\n2020-01-08,75.8,76.1\n")  # fmt: skip
    assert list(found.frame.columns) == ["Price", "Close", "High"] and found.lines[0] == 4
    assert found.frame["Close"].dtype == "float32" and "lines 2 to 3" in told(found, "units")


def test_comments_blank_lines_and_empty_fields_at_the_end(sheet) -> None:
    found = sheet("a,b\n1,2\n\n# moved the logger\n3,4,\n,\n5,6\n\n\n")
    assert found.frame["b"].tolist() == [2, 4, 6] and found.lines.tolist() == [2, 5, 7]
    assert "line 4" in told(found, "comments") and "4 blank lines" in told(found, "blank")
    assert told(found, "trailing").startswith("1 ")


def test_blank_lines_of_a_single_column_are_missing_values_but_at_the_end(sheet) -> None:
    found = sheet("y\n1\n\n3\n\n\n")
    np.testing.assert_array_equal(found.frame["y"], np.float32([1, np.nan, 3]))
    assert "empty 1 (y)" in told(found, "missing")


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"),
     ("utf-16-le", b""), ("utf-16-be", b""), ("utf-32-le", b"\xff\xfe\x00\x00"), ("cp1252", b"")],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(sheet, encoding, mark, end) -> None:
    text = end.join(["Größe,Ort", "1.5,Köln", "2.5,Bâle", ""])
    found = sheet(mark + text.encode(encoding))
    assert found.frame.to_dict("list") == {"Größe": [1.5, 2.5], "Ort": ["Köln", "Bâle"]}
    assert found.lines.tolist() == [2, 3]


def test_other_encodings_can_be_said(sheet) -> None:
    assert list(sheet("温度,b\n1,2\n3,4\n".encode("gbk"), encoding="gbk").frame.columns) == ["温度", "b"]
    with_letter = sheet("a,b\nŁódź,2\nx,4\n".encode("cp1250"), encoding="cp1250")
    assert with_letter.frame["a"][0] == "Łódź"


def test_quoted_fields_hold_separators_line_ends_and_quotation_marks(sheet) -> None:
    found = sheet('note,n\n"a, b",1\n"two\nlines",2\n"he said ""hi""",3\nplain,4\n')
    assert found.frame["note"].tolist() == ["a, b", "two\nlines", 'he said "hi"', "plain"]
    assert found.lines.tolist() == [2, 3, 5, 6]


def test_a_quotation_mark_within_a_field_is_a_letter(sheet) -> None:
    found = sheet('pipe,n\n5" steel,1\n"6"" steel",2\nthe "old" one,3\n')
    assert found.frame["pipe"].tolist() == ['5" steel', '6" steel', 'the "old" one']
    assert found.lines.tolist() == [2, 3, 4]


def _packed(text: str, packing: str) -> bytes:
    if packing == "gz":
        return gzip.compress(text.encode())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/table.csv", text)
        archive.writestr("__MACOSX/folder/._table.csv", "rubbish")
    return packed.getvalue()


@pytest.mark.parametrize("packing", ["gz", "zip"])
def test_packed_files(sheet, packing) -> None:
    found = sheet(_packed("a,b\n1,2\n3,4\n", packing), f"some.{packing}")
    assert found.frame.to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_nothing_is_unpacked_beside_a_zip_that_wants_to_climb_out(tmp_path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with zipfile.ZipFile(inner / "slip.zip", "w") as archive:
        archive.writestr("../../escaped.csv", "a,b\n1,2\n3,4\n")
    assert read(inner / "slip.zip", Keys()).frame["a"].tolist() == [1, 3]
    assert [entry.name for entry in tmp_path.rglob("*")] == ["inner", "slip.zip"]


TEXT = (
    'when;Größe;"a ""note""";ort\n# 1\n'
    + "".join(f'2021-01-{1 + i % 28:02};{i},5;"x; {i % 3}\ny";Köln\n;;;\n{i};;NA;"Bâle" \n' for i in range(40))
    + "2021;3;z;w;\n\n"
)


@pytest.mark.few(3)
@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_size_of_blocks_changes_nothing(sheet, monkeypatch, size, end) -> None:
    text = TEXT.replace("\n", end)
    whole = sheet(text)
    monkeypatch.setattr(source, "BLOCK", size)
    again = sheet(text)
    assert whole.frame.equals(again.frame) and len(whole.frame) == 81
    assert whole.lines.tolist() == again.lines.tolist() and whole.notes == again.notes
    assert whole.lines[:4].tolist() == [3, 6, 7, 10]
