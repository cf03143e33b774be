"""Every command and piece of Python in the README and the pages that go on from it runs, made small by overrides."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from places import ROOT
from scipy.io import savemat

README = (ROOT / "README.md").read_text()
PAGES = ("running", "reading", "scaling", "extending", "speed")
TEXT = "\n".join([README, *((ROOT / "docs" / f"{page}.md").read_text() for page in PAGES)])


def blocks(language: str) -> list[str]:
    """Each once, though the README and a page have it."""
    return list(dict.fromkeys(re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)))


COMMANDS = list(dict.fromkeys(line for block in blocks("sh") for line in block.splitlines() if line.strip()))
SMALL = ("budget.max_steps=2", "budget.max_epochs=null", "budget.eval_every=2", "batch_size=2", "threads=1",
         "progress=false", "device=cpu")  # fmt: skip
OWN_FILES = {"dataset.path=book.txt": ("seq_len=10",), "dataset.path=music.mat": ()}
MADE = {"adding": ("dataset.valid_size=4", "dataset.test_size=4")}


def test_the_readme_has_its_commands() -> None:
    assert {"scripts/run cell=gru seq_len=500", "scripts/test"} <= set(COMMANDS)
    assert len(COMMANDS) >= 14


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with what the README's commands expect a user to have."""
    (tmp_path / "book.txt").write_text("it was the best of times, it was the worst of times. " * 50)
    rolls = np.empty((1, 3), dtype=object)
    for i in range(3):
        rolls[0, i] = (np.random.default_rng(i).random((12, 88)) < 0.1).astype(np.uint8)
    savemat(tmp_path / "music.mat", {"traindata": rolls, "validdata": rolls, "testdata": rolls})
    for name in ("my_cells.py", "my_data.py"):
        (code,) = (block for block in blocks("python") if block.startswith(f"# {name}"))
        (tmp_path / name).write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    beside = ROOT.parent / "shared" / "data"
    if "RNNBENCH_DATA" not in os.environ and beside.is_dir():
        monkeypatch.setenv("RNNBENCH_DATA", str(beside))
    return tmp_path


def small(command: list[str]) -> list[str]:
    """The same command with a smaller budget, where it trains."""
    if command[0] == "scripts/run":
        command = [str(ROOT / "scripts" / "run"), *command[1:]]
    elif command[:2] == ["python", "-m"]:
        command = [sys.executable, *command[1:]]
    trains = command[0].endswith("scripts/run") or command[1:3] == ["-m", "rnnbench"]
    if not trains or "--help" in command:
        return command
    extra = next((more for path, more in OWN_FILES.items() if path in command), None)
    if extra is None:
        extra = () if any(part.startswith("dataset=") for part in command) else MADE["adding"]
    if any(part.startswith("study=") for part in command):  # its grids choose datasets and batches of their own
        return [*command, "budget.max_steps=2", "budget.eval_every=2", "progress=false", "device=cpu"]
    if any(part.startswith("seq_len=500") for part in command):
        extra = (*extra, "seq_len=12")
    return [*command, *SMALL, *extra]


def run(command: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(small(command), cwd=place, capture_output=True, text=True)


APART = ("scripts/test", "rnnbench.report", "rnnbench.speed", "rnnbench.which", "rnnbench.predict", "rnnbench.export")
WHOLE = [c for c in COMMANDS if not any(part in c for part in APART)]


@pytest.mark.slow
@pytest.mark.parametrize("command", WHOLE)
def test_the_command_runs(command: str, place: Path) -> None:
    done = run(shlex.split(command), place)
    if "put" in done.stderr and "RNNBENCH_DATA" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


@pytest.mark.slow
def test_the_speed_command_runs(place: Path) -> None:
    (command,) = (c for c in COMMANDS if "rnnbench.speed" in c)
    done = run(shlex.split(command), place)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_answer_to_a_file_and_what_is_taken_away(place: Path) -> None:
    """Beer sold day by day, with a week in it: ten minutes are made ten pairs of a few steps each."""
    days, draws = np.arange(400), np.random.default_rng(0)
    sales = 20 + 5 * np.sin(2 * np.pi * days / 7) + draws.normal(size=400)
    dates = np.datetime64("2024-01-01") + days
    lines = [f"{date},{value:.2f}" for date, value in zip(dates, sales, strict=True)]
    (place / "beer.csv").write_text("\n".join(["date,sales", *lines]) + "\n")
    (place / "new.csv").write_text("\n".join(["date,sales", *lines[-60:]]) + "\n")
    which, predict, export = (
        next(c for c in COMMANDS if f"rnnbench.{what}" in c and "results/NAME" not in c)
        for what in ("which", "predict", "export")
    )
    quick = which.replace("minutes=10", "splits=10 trials=1 seeds=1 steps=30")
    assert quick != which
    done = run(shlex.split(quick), place)
    assert done.returncode == 0, done.stdout + done.stderr
    labels = [line.split()[0] for line in done.stdout.splitlines() if line]
    assert [label for label in labels if label in ("read", "asked", "result", "answer", "cost", "unsure")] == [
        "read", "asked", "result", "answer", "cost", "unsure"]  # fmt: skip
    assert (place / "results" / "beer" / "report.html").exists()
    assert run(shlex.split(predict), place).returncode == 0
    rows = (place / "said.csv").read_text().splitlines()
    assert len(rows) == 2
    assert "2025-02-04" in rows[1]  # the day after the last
    done = run(shlex.split(export), place)
    assert done.returncode == 0, done.stderr
    assert list((place / "results" / "beer").rglob("model.onnx"))


@pytest.mark.slow
def test_the_sweep_its_report_and_its_table(place: Path) -> None:
    sweep = next(c for c in COMMANDS if "name=lengths" in c)
    (report,) = (c for c in COMMANDS if "rnnbench.report" in c)
    assert run(shlex.split(sweep), place).returncode == 0
    done = run(shlex.split(report), place)
    assert done.stdout.strip().endswith("results/lengths/report.html")
    for path in ("report.html", "summary.md", "summary.csv", "runs.csv", "figures/scores.png"):
        assert (place / "results" / "lengths" / path).exists()
    of_runs, of_examples = (block for block in blocks("python") if "load_results" in block)
    scope: dict[str, object] = {}
    exec(of_runs, scope)
    assert len(scope["runs"]) == 18  # type: ignore[arg-type]
    exec(of_examples, scope)
    assert len(scope["harder_for_the_gru"]) == 4  # type: ignore[arg-type]
    (of_a_model,) = (block for block in blocks("python") if "load_model" in block)
    exec(of_a_model, scope)
    assert tuple(scope["answers"].shape) == tuple(scope["outputs"].shape) == (3, 1)  # type: ignore[attr-defined]


def test_the_layer_snippet() -> None:
    (snippet,) = (block for block in blocks("python") if "load_state_dict" in block)
    scope: dict[str, object] = {}
    exec(snippet, scope)
    assert tuple(scope["output"].shape) == (32, 100, 64)  # type: ignore[attr-defined]


def test_files_that_the_readme_names_exist() -> None:
    for path in re.findall(r"(?:docs|examples|rnnbench|scripts)/[\w./]+\w", README):
        assert (ROOT / path).exists(), path


def test_the_readme_is_short_and_its_commands_come_first() -> None:
    assert len(re.sub(r"\]\([^)]*\)", "]", README).split()) <= 1_400
    assert "scripts/run" in "\n".join(README.splitlines()[:15])
