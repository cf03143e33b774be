"""python -m rnnbench.speed: what it counts, what it writes, what it refuses. Times themselves are not tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.machine.environment import cpu_model
from rnnbench.machine.precision import float32_facts
from rnnbench.speed import Setting, Size, measure
from rnnbench.speed.__main__ import main
from rnnbench.speed.figure import draw
from rnnbench.speed.request import read


def test_a_table_a_csv_and_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["cell=lstm,gru,gru_reset_before", "size=2x3x1x4,3x2x2x5", "threads=1", "seconds=1", f"out={tmp_path}"]
    assert main(wanted) == 0
    rows = pd.read_csv(tmp_path / "speed.csv")
    assert set(rows["phase"]) == {"forward", "backward", "pass", "step"}
    assert len(rows.groupby(["B", "T", "I", "H"])) == 2
    assert (rows["rounds"] >= 5).all()
    assert (rows["ms_p10"] <= rows["ms"]).all()
    assert (rows["ms"] <= rows["ms_p90"]).all()
    assert (rows["error"] < 1e-5).all()
    torch_rows = rows[rows["backend"].eq("torch")]
    assert (torch_rows[torch_rows["denormals"].eq("flushed")]["over_torch"] == 1).all()
    assert len(torch_rows[torch_rows["denormals"].eq("kept")]) == len(torch_rows) // 2  # as it comes, too
    best = torch_rows.loc[torch_rows.groupby(["cell", "B", "phase"])["ms"].idxmin()]
    assert (best["over_best"] == 1).all()
    assert rows[rows["cell"].eq("gru_reset_before")]["over_torch"].isna().all()
    picks = rows[rows["phase"].eq("pass")].groupby(["cell", "B"])["auto"].sum()
    assert (picks == 1).all()
    assert (tmp_path / "speed.png").read_bytes().startswith(b"\x89PNG")
    assert "GRU/LSTM" in capsys.readouterr().out
    assert draw(rows[rows["cell"].eq("gru_reset_before")]).startswith(b"\x89PNG")  # nothing to compare with


def test_every_row_says_what_was_asked_and_of_which_machine(tmp_path: Path) -> None:
    wanted = ["cell=gru", "backend=torch", "size=2x3x1x4", "threads=1", "seconds=1", "loss=last", "layers=2",
              "input_grad=true", "dtype=float64", "seed=7", f"out={tmp_path}"]  # fmt: skip
    assert main(wanted) == 0
    rows = pd.read_csv(tmp_path / "speed.csv")
    said = {"pass": "train", "steps": "sequence", "loss": "last", "layers": 2, "input_grad": True, "dtype": "float64",
            "device": "cpu", "threads": 1, "seed": 7, "torch": torch.__version__, "cpu": cpu_model()}  # fmt: skip
    for column, value in said.items():
        assert rows[column].eq(value).all(), column
    assert not rows.duplicated(["cell", "backend", "used_threads", "denormals", "phase"]).any()  # one row a measurement


def test_torch_is_timed_with_one_thread_too_where_there_are_more(tmp_path: Path) -> None:
    assert main(["cell=gru", "backend=torch", "size=2x3x1x4", "threads=2", "seconds=1", f"out={tmp_path}"]) == 0
    rows = pd.read_csv(tmp_path / "speed.csv").query("phase == 'pass'")
    assert sorted(zip(rows["used_threads"], rows["denormals"], strict=True)) == [
        (1, "flushed"), (2, "flushed"), (2, "kept")
    ]  # fmt: skip


@pytest.mark.slow
def test_forward_alone_and_one_step_a_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wanted in (["pass=forward", "size=1x5x2x3"], ["steps=call", "size=1x1x2x3"]):
        assert main([*wanted, "cell=gru", "layers=1,2", "threads=1", "seconds=1", f"out={tmp_path}"]) == 0
        rows = pd.read_csv(tmp_path / "speed.csv")
        assert set(rows["phase"]) == {"forward"} and set(rows["pass"]) == {"forward"}
        assert set(rows["layers"]) == {1, 2}
        assert rows["loss"].isna().all() and not rows["input_grad"].any()
        calls = "steps=call" in wanted
        assert set(rows["calls"]) == {50 if calls else 1}
        assert ("torch_cell" in set(rows["backend"])) == calls  # nn.GRUCell is made for it
        assert ("a call: one step a call" in capsys.readouterr().out) == calls


@pytest.mark.slow
def test_full_is_every_table_with_the_peers_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    wanted = ["full=true", "cell=gru", "backend=torch", "size=2x1x3x4", "threads=1", "seconds=1", f"out={tmp_path}"]
    assert main(wanted) == 0
    assert "peers=compile: there is no C++ compiler no-such-compiler" in capsys.readouterr().err
    rows = pd.read_csv(tmp_path / "speed.csv").fillna({"loss": ""})
    kinds = rows[["pass", "steps", "loss", "layers", "input_grad"]].drop_duplicates().itertuples(index=False, name=None)
    assert list(kinds) == [
        ("train", "sequence", "all", 1, False), ("train", "sequence", "last", 1, False),
        ("train", "sequence", "all", 2, False), ("train", "sequence", "all", 1, True),
        ("forward", "sequence", "", 1, False), ("forward", "sequence", "", 2, False),
        ("forward", "call", "", 1, False), ("forward", "call", "", 2, False),
    ]  # fmt: skip


def test_the_sizes_of_full() -> None:
    settings = read(["full=true", "threads=1"]).settings
    assert len([s for s in settings if s.trains and s.layers == 1 and not s.input_grad]) == 12  # six sizes, two losses
    assert {s.size.B for s in settings if s.passes == "forward" and s.steps == "sequence"} == {1, 32}
    assert {(s.size.I, s.size.H) for s in settings if s.steps == "call"} == {(28, 32), (28, 128), (28, 512)}


@pytest.mark.parametrize(
    "argument",
    ["sise=1x1x1x1", "size=1x2x3", "size=0x1x1x1", "size=", "threads=two", "threads=100000", "backend=fast",
     "cell=lstn", "quick", "pass=backward", "steps=two", "layers=0", "layers=1,two", "input_grad=yes", "full=1",
     "peers=tensorflow", "loss=first", "seed=-1", "dtype=float16"],
)  # fmt: skip
def test_a_mistake_is_one_line_and_writes_nothing(
    argument: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument, f"out={tmp_path / 'out'}"]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert not said.out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("key", ["device=cuda", "backend=torch"])
def test_a_backend_that_cannot_is_refused(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    if key == "device=cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    assert main(["cell=gru_reset_before", key]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_shorter_numbers_are_rows_of_their_own_and_held_to_what_they_can() -> None:
    """bfloat16 by torch.nn on the CPU; TF32 is float32 there, and only the switches say otherwise."""
    size = Size(2, 30, 3, 8)
    for setting, most in ((Setting(size, dtype=torch.bfloat16), 1e-1), (Setting(size, tf32=True), 1e-5)):
        rows, refused = measure(setting, {"lstm": LSTMCell(), "gru": GRUCell()}, ["torch", "eager"], 0.01)
        assert not refused
        assert {row["dtype"] for row in rows} == {setting.numbers} <= {"bfloat16", "tf32"}
        assert all(0 < row["error"] < most for row in rows)
    assert float32_facts()["float32_matmul"] != "tf32"


@pytest.mark.slow
def test_an_error_in_a_gate_is_seen_in_shorter_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        LSTMCell, "step", lambda self, gates, state, p: tuple(0.5 * s for s in STEP(self, gates, state, p))
    )
    rows, refused = measure(Setting(Size(2, 30, 3, 8), dtype=torch.bfloat16), {"lstm": LSTMCell()}, ["eager"], 0.01)
    assert not rows and len(refused) == 1 and "(at most 1e-01): not timed" in refused[0]


STEP = LSTMCell.step


@pytest.mark.parametrize(("arguments", "words"), [
    (["dtype=float32,tf32"], "dtype=float32,tf32: of a GPU (allowed: float32, float64, bfloat16; all on device=cuda)"),
    (["steps=call", "pass=train"], "steps=call has no backward pass (allowed: forward)"),
    (["steps=call", "size=2x3x1x4"], "steps=call takes one step a call (allowed: Bx1xIxH)"),
    (["quick=true", "full=true"], "not with full=true"),
])  # fmt: skip
def test_what_does_not_go_together_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, f"out={tmp_path / 'out'}"]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and words in said.err
    assert not said.out and not (tmp_path / "out").exists()


def test_a_mistyped_key_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sise=1x1x1x1"]) == 2
    assert "sise=1x1x1x1: no such key; did you mean size?" in capsys.readouterr().err


def test_auto_is_no_backend_here_and_nowhere_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    for wanted in (["backend=auto"], ["cell=gru_reset_before", "backend=torch"]):
        assert main(wanted) == 2
        assert "auto" not in capsys.readouterr().err.partition("allowed")[2]


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["size=2x3x1x4", f"out={tmp_path / 'file' / 'inside'}"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("out=") and said.err.count("\n") == 1
    assert not said.out


def test_sizes_that_are_done_are_on_disk_when_a_later_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second_fails(setting: Setting, *others: Any) -> tuple[list[dict[str, Any]], list[str]]:
        if setting.size.B == 3:
            raise KeyboardInterrupt
        return measure(setting, *others)

    monkeypatch.setattr("rnnbench.speed.__main__.measure", second_fails)
    with pytest.raises(KeyboardInterrupt):
        main(["cell=gru", "backend=eager", "size=2x3x1x4,3x3x1x4", "threads=1", "seconds=1", f"out={tmp_path}"])
    assert set(pd.read_csv(tmp_path / "speed.csv")["B"]) == {2}


def test_a_cell_of_ones_own_is_named_by_its_import_path(tmp_path: Path) -> None:
    own = "cell=gru,lstm_hold.LSTMHold"
    assert main([own, "size=2x3x1x4", "threads=1", "seconds=1", f"out={tmp_path}"]) == 0
    table = pd.read_csv(tmp_path / "speed.csv")
    assert set(table[table["cell"] == "lstm_hold.LSTMHold"]["backend"]) == {"eager"}
    assert {"gru", "lstm_hold.LSTMHold"} == set(table["cell"])
