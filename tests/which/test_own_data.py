"""The study of real files, on two made ones: what is refused is told, what is done is not done again, a page of all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from places import script

from rnnbench.data.table.keys import Keys
from rnnbench.which.asked import KNOWN

script("own_data_questions")
own_data = script("own_data")

FEW = {"splits": "2", "trials": "1", "seeds": "1", "steps": "16", "window": "4"}


def walk(path: Path, rows: int, seed: int) -> None:
    values = np.sin(np.arange(rows)) + np.random.default_rng(seed).normal(size=rows)
    path.write_text("y\n" + "".join(f"{v:.3f}\n" for v in values))


@pytest.fixture
def studied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = tmp_path / "data" / "own"
    files.mkdir(parents=True)
    for seed, (name, rows) in enumerate((("a", 120), ("b", 120), ("little", 20))):
        walk(files / f"{name}.csv", rows, seed)
    questions = (
        own_data.Question("little", "little.csv"),
        own_data.Question("a", "a.csv", {"horizon": "1"}, FEW, published="LSTM 1.0 RMSE"),
        own_data.Question("b", "b.csv", {"horizon": "1"}, FEW, again=True),
    )
    monkeypatch.setenv("RNNBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(own_data, "QUESTIONS", questions)
    monkeypatch.setattr(own_data, "WORK", tmp_path / "work")
    monkeypatch.setattr(own_data, "COMMITTED", tmp_path / "committed")
    monkeypatch.chdir(tmp_path)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["own_data.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        own_data.main()
    return int(ended.value.code or 0)


def test_all_files_once_and_a_page_of_them(
    studied: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 0
    page, found = (tmp_path / "committed" / name for name in ("report.html", "several.json"))
    text, view = page.read_text(), json.loads(found.read_text())
    assert [file["path"] for file in view["files"]] == ["own/a.csv"]  # b is another rendering: shown, not counted
    assert view["refused"] == [{"path": "little.csv", "why": view["refused"][0]["why"]}]
    assert "too few" in view["refused"][0]["why"] and "little.csv: too few" in text
    assert "of 1 data sets" in text and "LSTM 1.0 RMSE" in text and "no: the data of another row" in text
    assert str(tmp_path) not in text + found.read_text()  # no path of this machine
    assert {each.name for each in (tmp_path / "committed" / "answers").iterdir()} == {"a.json", "b.json"}
    assert json.loads((tmp_path / "committed" / "answers" / "a.json").read_text())["asked"]["rows"] == "none"
    journal = (tmp_path / "work" / "results" / "a" / "journal.jsonl").read_bytes()
    capsys.readouterr()
    assert run(monkeypatch) == 0
    assert (tmp_path / "work" / "results" / "a" / "journal.jsonl").read_bytes() == journal
    assert "pairs" not in capsys.readouterr().err
    shutil.rmtree(tmp_path / "work")  # as on another machine: what is committed is not done again
    before = found.read_text()
    assert run(monkeypatch) == 0
    assert "pairs" not in capsys.readouterr().err and found.read_text() == before


def test_every_question_says_keys_that_there_are() -> None:
    names = [question.name for question in own_data.QUESTIONS]
    assert len(set(names)) == len(names)
    assert {key for question in own_data.QUESTIONS for key in question.keys} <= {*KNOWN, *Keys.__dataclass_fields__}
    for question in own_data.QUESTIONS:
        own_data.asked_of(question)  # raises for what cannot be asked
