"""Results that release 0.1 left, with a cell, a dataset and a text of a user's own, are read and gone on with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from making import TINY, tiny
from places import ROOT

from rnnbench.records import read_record
from rnnbench.records.packing import write_pack
from rnnbench.records.table import load_history, load_results

PLACE = ROOT / "tests" / "records" / "v0_1"
TEXT = ("dataset=text", "dataset.path=book.txt", "seq_len=10", "hidden_size=5", "batch_size=2", "budget.max_steps=10",
        "budget.eval_every=5", "device=cpu", "threads=1", "cell=rnn")  # fmt: skip
MINE = ("seq_len=6", "hidden_size=5", "batch_size=4", "budget.max_steps=20", "budget.eval_every=5",
        "budget.solved=null", "device=cpu", "threads=1", "dataset=custom", "dataset.target=my_data.Mine",
        "+dataset.valid_size=32", "+dataset.test_size=32")  # fmt: skip
SWEEP = ("-m", *TINY, "cell=lstm,gru", "seed=0,1")
TYPED = [
    SWEEP,
    (*TINY, "cell=custom", "cell.target=my_cells.Leaky", "cell.name=leaky", "+cell.a=0.25"),
    MINE,
    TEXT,
    (*TINY, "cell=lstm", "forget_bias=chrono"),
]
"""What was typed in 0.1, all with name=v01."""


IN_TURN = """
import sys
from rnnbench.__main__ import main
for line in sys.argv[1:]:
    sys.argv = ["rnnbench", *line.split(), "name=v01"]
    main()
"""


def typed(*commands: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Command lines one after another, in one process: to load torch takes longer than all of them."""
    lines = [" ".join(command) for command in commands]
    return subprocess.run([sys.executable, "-c", IN_TURN, *lines], capture_output=True, text=True)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Of a copy of the folder; its modules are found from where the command is typed, as a user's own are."""
    shutil.copytree(PLACE, tmp_path, dirs_exist_ok=True)
    return Path("results/v01")


def test_it_is_read_and_packed(results: Path) -> None:
    runs = load_results(results)
    assert len(runs) == 8 and set(runs["status"]) == {"ok"}
    assert set(runs["cell"]) == {"lstm", "gru", "rnn", "leaky"}
    assert set(runs["dataset"]) == {"adding", "custom", "text"}
    histories = [load_history(path) for path in runs["path"]]
    write_pack(results)
    shutil.rmtree(results / "runs")
    pd.testing.assert_frame_equal(load_results(results), runs)
    for path, history in zip(runs["path"], histories, strict=True):
        pd.testing.assert_frame_equal(load_history(path), history, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("packed", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_its_finished_runs_are_skipped_and_reported_when_the_same_is_typed_again(results: Path, packed: bool) -> None:
    before = load_results(results)
    if packed:
        write_pack(results)
        shutil.rmtree(results / "runs")
    done = typed(*TYPED)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "4 runs: 4 finished before, 0 to do"
    assert "0 ok, 0 diverged, 0 failed, 4 skipped" in lines
    skipped = [line.split()[1].rstrip(":") for line in lines if line.startswith("skipped: ")]
    assert [run_id.rpartition("-s0-")[0] for run_id in skipped] == [
        "leaky-adding-T6-h5", "lstm-custom-T6-h5", "rnn-text-T10-h5", "lstm-adding-T6-h5",
    ]  # fmt: skip
    assert (results / "runs").exists() is not packed
    assert "8 runs (8 ok, 0 diverged, 0 failed)" in (results / "report.html").read_text()
    pd.testing.assert_frame_equal(load_results(results), before)


@pytest.mark.parametrize("changes", [["cell=lstm", "seed=1"], ["cell=gru", "seed=0"], ["forget_bias=chrono"]])
def test_a_record_of_now_names_what_was_run_as_one_of_then(results: Path, changes: list[str]) -> None:
    """Modules have moved since; records go on naming them as they did."""
    config = tiny(*changes, "name=v01")
    then = (read_record(config.run_dir) or {})["config"]
    assert {key: value for key, value in config.recorded().items() if key in then} == then
