"""A file in, an answer out: by the command, with real cells on a small series."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnbench.which.__main__ import main
from rnnbench.which.ask import RESERVE, _deadline, _spent
from rnnbench.which.asked import KNOWN, read
from rnnbench.which.budget import Plan
from rnnbench.which.problem import Length

SMALL = ("splits=10", "trials=2", "seeds=1", "steps=16", "window=6")


def series(path: Path, rows: int = 260, seed: int = 0) -> str:
    """Noisy waves by day: learnable, and quick."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2020-01-01") + np.arange(rows)
    values = np.sin(np.arange(rows) / 3) + 0.2 * rng.normal(size=rows)
    path.write_text("date,sales\n" + "".join(f"{d},{v:.4f}\n" for d, v in zip(days, values, strict=True)))
    return str(path)


def answer(name: str) -> dict[str, Any]:
    return dict(json.loads(Path("results", name, "answer.json").read_text()))


def test_a_series_gets_an_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = series(tmp_path / "beer.csv")
    assert main([file, *SMALL, "name=one"]) == 0
    out, err = capsys.readouterr()
    understood, _, six = out.partition("\nread ")
    assert "sales" in understood
    assert "[horizon=]" in understood  # each line with the key that changes it
    assert [line.split()[0] for line in f"read {six}".splitlines()[:6]] == [
        "read", "asked", "result", "answer", "cost", "unsure"]  # fmt: skip
    assert "pairs 10 of 10" in err
    assert "lstm" not in err.lower()  # never who leads
    first = answer("one")
    assert first["answer"] in ("use LSTM", "use GRU", "either", "not decided")
    assert len(first["pairs"]) == 10
    assert {b["name"] for b in first["baselines"]} >= {"last value", "linear model"}
    assert first["plan"]["seeds"] == 1
    assert Path("results/one/model.json").exists()
    assert "% of that split&#39;s test values; pinball loss" in Path("results/one/report.html").read_text()
    journal = next(Path("results/one").glob("journal*"))
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for entry in lines:
        if entry["what"] == "fit" and entry["split"] < 3:
            entry |= {"diverged": True, "test": None}
    journal.write_text("".join(json.dumps(entry) + "\n" for entry in lines))
    assert main([file, *SMALL, "name=one"]) == 0
    assert "6 of 20 fits diverged, each counts as the naive baseline" in capsys.readouterr().out


@pytest.mark.slow
def test_what_it_says_to_repeat_gives_the_same_answer(tmp_path: Path) -> None:
    assert main([series(tmp_path / "beer.csv"), *SMALL, "name=one"]) == 0
    first = answer("one")
    command = first["repeat"].split()
    assert command[:3] == ["python", "-m", "rnnbench.which"]
    assert main([word.replace("name=one", "name=two") for word in command[3:]]) == 0
    second = answer("two")
    for key in ("answer", "pairs", "difference", "sentences", "baselines", "beats_naive"):
        assert second[key] == first[key], key
    assert [cell["settings"] for cell in second["cells"]] == [cell["settings"] for cell in first["cells"]]
    kept = Path("results/one/model.safetensors").read_bytes()
    assert kept == Path("results/two/model.safetensors").read_bytes()


@pytest.mark.slow
def test_killed_and_typed_again_it_ends_as_never_killed(tmp_path: Path) -> None:
    file = series(tmp_path / "beer.csv", seed=1)
    assert main([file, *SMALL, "name=whole"]) == 0
    command = [sys.executable, "-m", "rnnbench.which", file, *SMALL, "name=killed"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    journal = Path("results/killed/journal.jsonl")
    wait_for(lambda: journal.exists() and journal.read_text().count('"trial"') >= 7, process)
    process.kill()
    process.wait()
    assert not Path("results/killed/answer.json").exists()
    assert main(command[3:]) == 0
    for key in ("answer", "pairs", "difference", "sentences"):
        assert answer("killed")[key] == answer("whole")[key], key


@pytest.mark.slow
def test_ctrl_c_gives_the_answer_so_far_and_names_nobody(tmp_path: Path) -> None:
    file = series(tmp_path / "beer.csv")
    command = [sys.executable, "-m", "rnnbench.which", file, "splits=10", "trials=8", "seeds=3", "name=stopped"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = Path("results/stopped/journal.jsonl")
    wait_for(lambda: journal.exists() and journal.read_text().count('"what": "fit"') >= 3, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    said = answer("stopped")
    assert said["interrupted"] is True
    assert said["answer"] == "not decided"
    assert 1 <= len(said["pairs"]) < 10
    assert "this is the answer so far" in out


def wait_for(happened: Any, process: subprocess.Popen[Any]) -> None:
    began = time.monotonic()
    while not happened():
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - began < 120


def test_minutes_that_were_asked_for_are_over_and_those_cut_short_are_not() -> None:
    """Of ten minutes, nothing is over before, all are after an answer, and after Ctrl-C those until then."""
    asked, plan = read([__file__, "minutes=10"]), Plan(10, 4, 1, 100, 8, Length(16, 1))
    now = time.monotonic()
    ends = now + 600 - RESERVE
    assert _deadline(asked, now, [], plan) == pytest.approx(ends)
    assert _deadline(asked, now, [{"minutes": 10.0}], plan) == pytest.approx(now - RESERVE)
    assert _deadline(asked, now, [{"minutes": 4.0}], plan) == pytest.approx(ends - 240)
    assert _spent(asked, [], None) == 10.0
    assert _spent(asked, [], now - 60) == pytest.approx(1.0, abs=0.05)
    assert _spent(asked, [{"minutes": 1.0}], now - 60) == pytest.approx(2.0, abs=0.05)
    said = read([__file__, "splits=10"])
    assert _deadline(said, now, [], plan) is None


def test_another_question_or_a_changed_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = series(tmp_path / "beer.csv")
    few = ("splits=2", "trials=1", "seeds=1", "steps=16", "window=6")
    assert main([file, *few]) == 0
    assert main([file, *few, "seed=1"]) == 2
    assert "another question: seed differ" in capsys.readouterr().err
    series(tmp_path / "beer.csv", seed=5)
    before = Path("results/beer/journal.jsonl").read_bytes()
    assert main([file, *few]) == 2
    assert "the file has changed" in capsys.readouterr().err
    assert Path("results/beer/journal.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["targt=sales"], "did you mean target?"),
        (["minutes=ten"], "minutes=ten: not a number it can be"),
        (["minutes=0"], "minutes=0: not a number it can be"),
        (["seeds=0"], "a whole number, 1 or more"),
        (["splits=5", "minutes=2"], "minutes=2: not with splits="),
        (["task=guess"], "label, value, tagging, forecast"),
        (["target=sales", "target=date"], "said twice"),
        (["cells=lstm"], "cells=lstm: 1 cells"),
        (["cells=lstm,elman"], "no such cell"),
        (["metric=beauty"], "metric=beauty"),
        (["metric=accuracy"], "metric=accuracy"),
        (["name=../x"], "no name of a folder"),
        (["absent.csv"], "absent.csv: no such file"),
        (["target="], "has no value"),
    ],
)
def test_what_is_typed_wrong_is_one_line_and_leaves_nothing(
    typed: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = series(tmp_path / "beer.csv")
    assert main([file, *typed]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
    assert not Path("results").exists() or not any(Path("results").iterdir())


def test_column_names_are_taken_as_they_stand(tmp_path: Path) -> None:
    file = series(tmp_path / "beer.csv")
    asked = read([file, "target=C6H6(GT)", "id=Größe", "inputs=a=b,{c},$d"])
    assert (asked.keys.target, asked.keys.id, asked.keys.inputs) == ("C6H6(GT)", "Größe", "a=b,{c},$d")
    assert asked.name == "beer"


def test_too_little_data_is_a_code_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = series(tmp_path / "tiny.csv", rows=36)
    assert main([file]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert not Path("results/tiny").exists()


def test_the_plan_alone_trains_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = series(tmp_path / "beer.csv")
    assert main([file, "plan=only", "minutes=1"]) == 0
    out = capsys.readouterr().out
    assert "can show" in out
    assert not Path("results").exists()


def test_all_that_may_be_typed_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert [key for key in KNOWN if not re.search(rf"\b{key}=", said)] == []
    assert set(re.findall(r"\b([a-z]+)=", said)) - set(KNOWN) == {"key"}  # of key=value


def test_examples_are_counted_alike_before_and_after(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 260 days there are more windows of the usual length than of the longest that is tried."""
    file = series(tmp_path / "weeks.csv")
    assert main([file, "splits=2", "trials=1", "seeds=1", "steps=10", "name=counted"]) == 0
    said = capsys.readouterr().out
    tried = re.search(r"windows of \d+ steps; .* and (\d+) are tried, all on the (\d+) of the longest", said)
    assert tried is not None
    assert int(tried[2]) == 260 - int(tried[1])
    assert f", {tried[2]} examples" in said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are UTF-8")
def test_a_name_that_is_no_text_and_columns_with_terminal_codes_are_shown_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(series(tmp_path / "plain.csv"))
    odd = file.with_name(os.fsdecode(b"caf\xe9.csv"))
    odd.write_text(file.read_text().replace("sales", "sa\x1b[31mles"))
    few = ("splits=2", "trials=1", "seeds=1", "steps=16", "window=6", "name=odd")
    assert main([str(odd), "target=sa\x1b[31mles", *few]) == 0
    out, _ = capsys.readouterr()
    assert r"caf\udce9.csv" in out and r"sa\x1b[31mles" in out and "\x1b" not in out
    page = Path("results/odd/report.html").read_text()
    assert r"LSTM or GRU for caf\udce9.csv?" in page and "\x1b" not in page
    assert r"caf\xe9.csv' $'target=sa\x1b[31mles'" in answer("odd")["repeat"]  # as a shell takes it
