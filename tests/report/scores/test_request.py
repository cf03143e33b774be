"""A table of scores that is asked for wrongly is one line; however it is written, it is read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rnnbench.records import PACK
from rnnbench.report.__main__ import main
from rnnbench.report.scores.read import is_table, read
from tests.report.scores.test_verdicts import COLUMNS, LOWER, table

KEYS = [f"{key}={value}" for key, value in COLUMNS.items()]


ALL = ("cell", "seed", "score", "better", "conditions", "tuned", "select", "chance", "margin", "beside", "name")
FORMS = "(allowed: .csv, .tsv, either with .gz or such, or .parquet)"


@pytest.mark.parametrize(("arguments", "said"), [
    (["gone.csv", *KEYS], "no such file: gone.csv"),
    (["a.csv"], "cell= must be given (allowed: a column of a.csv: Task, Model, Seed, Error, LR)"),
    (["a.csv", *KEYS[:3]], "better= must be given (allowed: lower, higher)"),
    (["a.csv", *KEYS[:3], "better=less"], "better=less: no such better (allowed: lower, higher)"),
    (["a.csv", "cell=model", *KEYS[1:]],
     "cell=model: no such column; did you mean Model? (allowed: Task, Model, Seed, Error, LR)"),
    (["a.csv", *KEYS, "conditions=Task,Sead"],
     "conditions=Sead: no such column; did you mean Seed? (allowed: Task, Model, Seed, Error, LR)"),
    (["a.csv", *KEYS, "conditions=Zzz"], "conditions=Zzz: no such column (allowed: Task, Model, Seed, Error, LR)"),
    (["a.csv", *KEYS, "conditions=Model"], "column Model is asked for twice (allowed: each column in one key)"),
    (["a.csv", *KEYS, "tuned=LR"], "tuned=LR: goes with select=, which column is its validation score"),
    (["a.csv", *KEYS, "select=LR"], "select=LR: goes with tuned=, which columns it chooses"),
    (["a.csv", *KEYS[:2], "score=Task", "better=lower"],
     "score=Task: row 1 is no number: easy (allowed: a column of numbers; empty where there is none)"),
    (["a.csv", *KEYS, "margin=0"], "margin=0: not allowed (allowed: above 0, in the unit of the score)"),
    (["a.csv", *KEYS, "beside=RNN"], "beside=RNN: no such beside (allowed: GRU, LSTM)"),
    (["a.csv", *KEYS, "chance=Modl"],
     "chance=Modl: no such column; did you mean Model? (allowed: Task, Model, Seed, Error, LR)"),
    (["a.csv", *KEYS, "chance=a.csv"],
     "chance=chance: no such column (allowed: Task, Model, Seed, Error, LR)"),
    (["a.csv", *KEYS, "name=../x"], "name=../x: no name of a folder (allowed: one that results/NAME can have)"),
    (["a.csv", *KEYS, "name=ours"], "name=ours: results of that name hold runs (allowed: another name)"),
    (["a.csv", *KEYS, "pack=true"], f"pack=true: no such key (allowed: {', '.join(ALL)})"),
    (["a.csv", "b.csv", *KEYS], "a table of scores goes alone (allowed: a.csv and key=value)"),
    (["twice.csv", *KEYS], "2 rows for one Model LSTM, Seed 0; they differ in LR: name it in conditions= or in tuned="),
    (["one.csv", *KEYS], "nothing to compare in one.csv: no two cells under one condition (cells: LSTM)"),
    (["empty.csv", *KEYS], "empty.csv has no rows"),
    (["bare.csv", *KEYS], f"bare.csv cannot be read (EmptyDataError: No columns to parse from file) {FORMS}"),
    (["nobody.csv", *KEYS], "cell=Model: 1 row(s) have none (allowed: one in each row)"),
])  # fmt: skip
def test_a_request_that_cannot_be_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    frame = table({"easy": LOWER}).assign(LR=0.1)
    frame.to_csv("a.csv", index=False)
    pd.concat([frame, frame.assign(LR=0.2)]).to_csv("twice.csv", index=False)
    frame.query("Model == 'LSTM'").to_csv("one.csv", index=False)
    frame.head(0).to_csv("empty.csv", index=False)
    Path("bare.csv").touch()
    frame.assign(Model=frame["Model"].mask(frame.index == 4)).to_csv("nobody.csv", index=False)
    Path("results/ours").mkdir(parents=True)
    Path("results/ours", PACK).touch()
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", f"{said}\n")
    assert [path.name for path in Path("results").iterdir()] == ["ours"]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv", "a.tsv.xz", "a.parquet", "semicolons.csv"])
def test_every_form_is_the_same_table(name: str) -> None:
    frame = table({"NA": LOWER, "None": LOWER})
    if name == "a.parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(name)
    else:
        frame.to_csv(name, index=False, sep="\t" if ".tsv" in name else ";" if name.startswith("semi") else ",")
    assert is_table(name)
    pd.testing.assert_frame_equal(read(Path(name)), frame, check_dtype=False)


def test_a_directory_is_no_table() -> None:
    Path("odd.csv").mkdir()
    assert not is_table("odd.csv") and not is_table("results/lengths") and not is_table("name=a.csv")
