"""python -m rnnbench.speed: what it counts, what it writes, what it refuses. Times themselves are not tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnnbench.speed import Size, measure
from rnnbench.speed.__main__ import main
from rnnbench.speed.figure import draw


def test_flops_by_hand() -> None:
    size = Size(B=2, T=3, I=5, H=7)
    # LSTM: per step and sequence 4·7 sums over 5 + 7 products, a multiplication and an addition each
    assert size.flops(4, "forward") == 2 * 3 * 2 * 4 * 7 * (5 + 7)
    # backward: dW_ih (I), dW_hh (H) and dh (H), no gradient of the input
    assert size.flops(4, "backward") == 2 * 3 * 2 * 4 * 7 * (5 + 7 + 7)
    assert size.flops(4, "pass") == size.flops(4, "forward") + size.flops(4, "backward")


def test_a_table_a_csv_and_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["cell=lstm,gru,gru_reset_before", "size=2x3x1x4,3x2x2x5", "threads=1", "seconds=1", f"out={tmp_path}"]
    assert main(wanted) == 0
    rows = pd.read_csv(tmp_path / "speed.csv")
    assert set(rows["phase"]) == {"forward", "backward", "pass", "step"}
    assert len(rows.groupby(["B", "T", "I", "H"])) == 2
    assert (rows["rounds"] >= 5).all()
    assert (rows["ms_p10"] <= rows["ms"]).all()
    assert (rows["ms"] <= rows["ms_p90"]).all()
    assert (rows["parity_error"] < 1e-5).all()
    torch_rows = rows[rows["backend"].eq("torch")]
    assert (torch_rows[torch_rows["denormals"].eq("flushed")]["over_torch"] == 1).all()
    assert len(torch_rows[torch_rows["denormals"].eq("kept")]) == len(torch_rows) // 2  # as it comes, too
    assert rows[rows["cell"].eq("gru_reset_before")]["over_torch"].isna().all()
    picks = rows[rows["phase"].eq("pass")].groupby(["cell", "B"])["auto"].sum()
    assert (picks == 1).all()
    assert (tmp_path / "speed.png").read_bytes().startswith(b"\x89PNG")
    assert "GRU/LSTM" in capsys.readouterr().out
    assert draw(rows[rows["cell"].eq("gru_reset_before")]).startswith(b"\x89PNG")  # nothing to compare with


@pytest.mark.parametrize(
    "argument",
    ["sise=1x1x1x1", "size=1x2x3", "size=0x1x1x1", "size=", "threads=two", "threads=100000", "backend=fast",
     "cell=lstn", "quick"],
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
    import torch

    if key == "device=cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    assert main(["cell=gru_reset_before", key]) == 2
    assert capsys.readouterr().err.count("\n") == 1


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
    def second_fails(cells: dict, names: list, size: Size, *others: Any) -> list[dict[str, Any]]:
        if size.B == 3:
            raise KeyboardInterrupt
        return measure(cells, names, size, *others)

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
