"""Peers: each computes what torch.nn computes, or is named and not timed; one that is absent is one line."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
import torch

import rnnbench
from rnnbench.cells.base import Cell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.config import cell_choices
from rnnbench.machine.denormals import flushed_here
from rnnbench.recurrent.backends import eager
from rnnbench.speed import Setting, Size, measure, peers
from rnnbench.speed.__main__ import main
from rnnbench.speed.candidates import Problem

CELLS: dict[str, Cell] = {"lstm": LSTMCell(), "gru": GRUCell(), "rnn": RNNCell(), "rnn_relu": RNNCell("relu")}
SIZE, ONE = Size(3, 13, 2, 5), Size(2, 1, 3, 4)
SETTINGS = [
    Setting(SIZE), Setting(SIZE, loss="last", layers=2, input_grad=True, threads=2),
    Setting(SIZE, passes="forward"), Setting(SIZE, passes="forward", layers=3, threads=2),
    Setting(ONE, passes="forward", steps="call"), Setting(ONE, passes="forward", steps="call", layers=2, threads=2),
]  # fmt: skip


def there(name: str) -> None:
    reason = peers.named(name).missing()
    if reason is not None:
        pytest.skip(f"{name} {reason}")


@pytest.mark.few(2)
@pytest.mark.parametrize("setting", SETTINGS, ids=Setting.words)
@pytest.mark.parametrize("name", ["jax", "onnxruntime"])
def test_a_peer_computes_what_torch_does(name: str, setting: Setting) -> None:
    """Outputs, last states and every gradient, against torch.nn in float64: `measure` compares, and refuses nobody."""
    there(name)
    takes = name == "jax" or not setting.trains
    rows, refused = measure(setting, CELLS, ["torch"], 0.01, also=[name])
    assert not refused and not flushed_here()
    found = pd.DataFrame(rows).query(f"backend == '{name}'")
    assert set(found["cell"]) == (set(CELLS) if takes else set())
    assert (found["error"] < 1e-5).all() and (found["error"] > 0).all()
    assert found["library"].str.startswith(name).all()


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "cell"), zip(SETTINGS[1::4], ("gru", "lstm"), strict=True), ids=str)
def test_compiled_equations_compute_what_torch_does(setting: Setting, cell: str) -> None:
    """One cell a setting: each is compiled anew, which takes half a minute."""
    there("compile")
    rows, refused = measure(setting, {cell: CELLS[cell]}, ["torch"], 0.01, also=["compile"])
    assert not refused
    found = pd.DataFrame(rows).query(f"backend == 'compile' and phase == '{setting.whole}'")
    assert list(found["cell"]) == [cell]
    assert (found["first_ms"] > 100 * found["ms"]).all()  # it did compile, in the first call


def test_onnx_gates_in_torchs_order_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there("onnxruntime")
    monkeypatch.setitem(peers.onnxruntime.GATES, "GRU", (0, 1, 2))
    wanted = ["pass=forward", "peers=onnxruntime", "backend=torch", "size=2x3x1x4", "threads=1", "seconds=1"]
    assert main([*wanted, f"out={tmp_path}"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("gru by onnxruntime at 2x3x1x4: ") and said.endswith("not timed\n") and said.count("\n") == 1
    rows = pd.read_csv(tmp_path / "speed.csv").query("backend == 'onnxruntime'")
    assert set(rows["cell"]) == {"lstm"}


class Biased(rnnbench.Backend):
    """An output that is off by one in ten thousand."""

    def forward(self, stack, x, state, packing):  # type: ignore[no-untyped-def]
        output, state = eager.Eager().forward(stack, x, state, packing)
        return output * 1.0001, state


def test_a_backend_that_disagrees_is_named_and_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    from rnnbench.recurrent import backends

    monkeypatch.setitem(backends.BACKENDS, "biased", Biased())
    rows, refused = measure(Setting(Size(2, 3, 1, 4), passes="forward"), {"gru": GRUCell()}, ["torch", "biased"], 0.01)
    assert refused == ["gru by biased at 2x3x1x4: output is off by 1.0e-04 (at most 1e-05): not timed"]
    assert {row["backend"] for row in rows} == {"torch"}


def test_what_float32_cannot_tell_is_not_asked_and_what_it_can_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over fifty steps one rounding moves a layer-normalised LSTM's gradients by 2e-5; an output that is off by 1e-4 is
    off all the same."""
    from rnnbench.recurrent import backends

    monkeypatch.setitem(backends.BACKENDS, "biased", Biased())
    cells = {"lstm_layernorm": cell_choices()["lstm_layernorm"]}
    rows, refused = measure(Setting(Size(32, 50, 2, 64)), cells, ["eager", "biased"], 0.01)
    assert {row["backend"] for row in rows} == {"eager"} and max(row["error"] for row in rows) > 1e-5
    assert len(refused) == 1 and refused[0].startswith("lstm_layernorm by biased at 32x50x2x64: ")


@pytest.mark.parametrize(("name", "how"), [("jax", "pip install jax"), ("onnxruntime", "pip install onnx onnxruntime")])
def test_a_peer_that_is_not_installed_is_one_line(
    name: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(f"rnnbench.speed.peers.{name}.find_spec", lambda module: None)
    assert main([f"peers={name}", "pass=forward", f"out={tmp_path / 'out'}"]) == 2
    said = capsys.readouterr()
    assert said.err == f"peers={name}: is not installed here: {how}\n"
    assert not said.out and not (tmp_path / "out").exists()


def test_torch_compile_without_a_compiler_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert main(["peers=compile", f"out={tmp_path / 'out'}"]) == 2
    assert capsys.readouterr().err == (
        "peers=compile: there is no C++ compiler no-such-compiler, which torch.compile needs\n"
    )


@pytest.mark.parametrize(("arguments", "words"), [
    (["peers=compile", "dtype=float64"], "takes no part in this (allowed: dtype=float32 and device=cpu)"),
    (["peers=onnxruntime"], "takes no part in this (allowed: pass=forward or steps=call, dtype=float32"),
    (["peers=jax", "cell=gru_reset_before"], "has none of these cells (allowed: cells that torch.nn has)"),
])  # fmt: skip
def test_a_peer_that_cannot_take_part_is_one_line(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in peers.NAMES:
        monkeypatch.setattr(type(peers.named(name)), "missing", lambda self: None)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and words in said.err and not said.out


def test_a_whole_step_of_jax_is_torchs() -> None:
    """Clipping and Adam in its one call, twice."""
    there("jax")
    from rnnbench.speed.peers.jax import Scan

    setting = Setting(ONE)
    problem = Problem.drawn("gru", GRUCell(), setting, 0)
    jax, theirs = Scan(problem), torch.nn.GRU(ONE.I, ONE.H)
    theirs.load_state_dict(problem.weights)
    adam = torch.optim.Adam(theirs.parameters())
    for _ in range(2):
        assert set(jax.step()) == {"pass", "step"}
        adam.zero_grad()
        theirs(problem.x)[0].backward(problem.u)
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        adam.step()
    for name, weight in theirs.state_dict().items():
        torch.testing.assert_close(torch.tensor(jax.held[0][name].tolist()), weight, rtol=1e-4, atol=1e-6)


def test_a_client_of_jax_leaves_the_environment_as_it_was() -> None:
    there("jax")
    before = dict(os.environ)
    measure(Setting(ONE, passes="forward"), {"gru": GRUCell()}, [], 0.01, also=["jax"])
    assert dict(os.environ) == before
