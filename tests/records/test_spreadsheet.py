"""No cell of a CSV that we write is run as a formula."""

from __future__ import annotations

import pandas as pd
import pytest

from rnnbench.records.spreadsheet import as_csv, quoted


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("x")'])
def test_what_a_spreadsheet_would_run_is_quoted(cell: str) -> None:
    assert quoted(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-5", "+1.5", "-1e-9", "-.5", "-inf", "a=1", "", "lstm", None, -5, 1.5, True])
def test_numbers_and_plain_texts_stay(cell: object) -> None:
    assert quoted(cell) == cell


def test_of_a_table_texts_and_heads_alone() -> None:
    frame = pd.DataFrame({"=a": ["=1", "x"], "b": [-1.5, float("nan")], "n": pd.array([-1, None], "Int64")})
    assert as_csv(frame) == "'=a,b,n\n'=1,-1.5,-1\nx,,\n"
    twice = pd.DataFrame([["-x", -1]], columns=["b", "b"])
    assert as_csv(twice) == "b,b\n'-x,-1\n"
