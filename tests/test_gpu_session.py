"""scripts/gpu: without a GPU it says so; its parts are what the programs take, and run in the small on the CPU."""

from __future__ import annotations

import importlib.util
import os
import select
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import torch
from making import TINY, make
from places import ROOT

from rnnbench.config import cell_choices
from rnnbench.parity.__main__ import main as parity
from rnnbench.records.table import load_results
from rnnbench.recurrent.backends import BACKENDS
from rnnbench.speed.request import read

there = importlib.util.find_spec("triton") is not None


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("session_on_a_gpu", ROOT / "scripts" / "gpu.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gpu: Any = loaded()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_one_line_says_so_and_nothing_is_written() -> None:
    inside = os.environ | {"PYTHON": sys.executable}
    done = subprocess.run([ROOT / "scripts" / "gpu", "out"], env=inside, capture_output=True, text=True)
    said = f"scripts/gpu: torch {torch.__version__} sees no GPU here: nothing was done\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert not list(Path().iterdir())


def test_the_parts_fit_nine_minutes() -> None:
    assert set(gpu.MOST) == {"parity", "lanes", "launches", "speed", "study", "records"}
    assert gpu.SECONDS + 5 <= 540 and max(gpu.MOST.values()) < gpu.SECONDS


def test_what_fails_or_hangs_is_noted_and_the_next_one_begins() -> None:
    commands = {
        "fails": [sys.executable, "-c", "print('before'); raise SystemExit(3)"],
        "hangs": ["bash", "-c", "{ echo held >&3; sleep 600; } 3>pipe & echo begun; wait"],
        "works": [sys.executable, "-c", "print('after')"],
    }
    os.mkfifo("pipe")
    pipe = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    most = {"fails": 20.0, "hangs": 2.0, "works": 20.0}
    assert gpu.carry_out(commands, most, 40.0, Path(), {"gpu": "none"}) == 1
    said = b""  # by what the second had started, which held the pipe open for as long as it lived
    while select.select([pipe], [], [], 20)[0] and (more := os.read(pipe, 100)):
        said += more
    assert (said, more) == (b"held\n", b"")
    lines = Path("session.txt").read_text().splitlines()
    assert [line.rsplit(",", 1)[0] for line in lines] == [
        "gpu: none", "fails: exit code 3", "hangs: stopped after 2 s", "works: done",
    ]  # fmt: skip
    assert [Path(f"{name}.txt").read_text() for name in commands] == ["before\n", "begun\n", "after\n"]
    assert gpu.carry_out({"late": commands["works"]}, {"late": 9.0}, 0.0, Path(), {}) == 1
    assert Path("session.txt").read_text().startswith("late: no time was left")


@pytest.mark.skipif(not there, reason="triton is not installed: pip install 'rnnbench[cuda]'")
def test_what_it_asks_for_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    request = read([*gpu.SPEED, "out=out"])
    assert [(s.size.H, s.numbers) for s in request.settings] == [
        (H, numbers) for numbers in ("float32", "tf32", "bfloat16") for H in (64, 128, 256, 512, 1024)
    ]
    assert {(s.size.B, s.size.T) for s in request.settings} == {(64, 500)} and list(request.cells) == ["lstm", "gru"]
    checked: list[tuple[str, str, str]] = []
    monkeypatch.setattr(
        "rnnbench.parity.__main__.check",
        lambda cell, backend, dtype, device: checked.append((backend, str(dtype), str(device))) or [],
    )
    assert parity(gpu.PARITY) == 0
    assert sorted(set(checked)) == [(name, "torch.float32", "cuda") for name in ("torch", "triton")]
    for sweep in gpu.SWEEPS:
        config = make(*(text.split(",")[0] for text in sweep))
        assert config.device == "cuda" and config.backend in BACKENDS and config.cell.name in cell_choices()


@pytest.mark.slow
def test_one_row_a_run_of_what_the_records_say() -> None:
    small = [*TINY, "cell=gru", "seed=0,1", "workers=1", "keep=none"]
    sweeps = ([*small, "name=alone"], [*small, "replicas=2", "name=together"])
    assert gpu.records(Path(), sweeps) == 0
    rows = pd.read_csv("records.csv")
    assert sorted(zip(rows["seeds"], rows["seed"], strict=True)) == [
        ("alone", 0), ("alone", 1), ("together", 0), ("together", 1),
    ]  # fmt: skip
    assert rows["step_ms_median"].gt(0).all() and rows["saved_activation_bytes"].gt(0).all()
    scores = rows.pivot(index="seed", columns="seeds", values="test_score")
    assert scores["alone"].eq(scores["together"]).all()
    assert rows.loc[rows["seeds"].eq("alone"), "peak_bytes"].gt(0).all()


@pytest.mark.slow
def test_the_study_in_the_small_leaves_its_page_and_its_records_in_one_file() -> None:
    """With what a CPU has; then ended before all is done."""
    small = [*gpu.STUDY, "device=cpu", "hidden_size=4", "seq_len=3", "seed=0,1", "match=hidden", "budget.max_steps=12",
             "batch_size=2", "workers=1"]  # fmt: skip
    assert gpu.study(Path("gpu"), small) == 0
    place = Path("gpu/study")
    assert {path.name for path in place.iterdir()} >= {"report.html", "records.jsonl.gz", "study.json", "verdicts.csv"}
    claims = pd.read_csv(place / "verdicts.csv")
    assert {"step_width", "memory_saved"} <= set(claims["claim"])
    assert len(load_results(place)) == 4
    assert gpu.study(Path("late"), small, 0.0) == 1


INTERPRETED = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
import gpu
raise SystemExit(gpu.lanes(Path(), "cpu", (2, 4, 5), 3, 3) + gpu.launches(Path(), "cpu", [(2, 3, 70)], 3))
"""


@pytest.mark.skipif(not there, reason="triton is not installed: pip install 'rnnbench[cuda]'")
@pytest.mark.slow
def test_networks_side_by_side_are_timed_against_one_and_checked() -> None:
    command = [sys.executable, "-c", INTERPRETED, str(ROOT / "scripts")]
    done = subprocess.run(command, env=os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    rows = pd.read_csv("lanes.csv")
    assert list(rows["cell"] + " " + rows["float32"]) == ["lstm ieee", "lstm tf32", "gru ieee", "gru tf32"]
    assert rows["networks"].eq(3).all() and rows["ratio"].gt(0).all() and rows["rounds"].eq(3).all()
    assert rows["error"].lt(1e-5).all()
    rows = pd.read_csv("launches.csv")
    assert list(rows["cell"]) == ["lstm", "gru"] and rows["error"].lt(1e-5).all() and rows["ratio"].gt(0).all()
    assert rows["enqueued_ms"].le(rows["launches_ms"]).all()
