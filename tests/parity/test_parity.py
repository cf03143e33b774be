"""The parity check itself: what it passes, what it measures, what it leaves alone, and its command line.

What it must fail is in test_planted_cells.py and test_planted_backends.py.
"""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import pytest
import torch
from planting import SHORT

from rnnbench import parity
from rnnbench.cells.base import Cell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.config import cell_choices
from rnnbench.errors import UsageError
from rnnbench.parity.__main__ import main
from rnnbench.parity.cases import Case
from rnnbench.parity.compare import relative_error
from rnnbench.recurrent import backends, equations
from rnnbench.recurrent.backends.base import carry
from rnnbench.recurrent.layers import GRU, LSTM, Recurrent

CELLS = cell_choices()
CPU = torch.device("cpu")
COMBINATIONS = [
    (name, backend, dtype)
    for name, cell in CELLS.items()
    for dtype in (torch.float32, torch.float64)
    for backend in backends.available(cell, CPU, dtype)
]


@pytest.mark.few(8)
@pytest.mark.parametrize(("name", "backend", "dtype"), COMBINATIONS)
def test_every_backend_of_every_cell_passes(name: str, backend: str, dtype: torch.dtype) -> None:
    cell = CELLS[name]
    itself = backend == "eager" and cell.torch_mode is None  # beside its own equations the short cases tell all
    results = parity.check(cell, backend, dtype, "cpu", SHORT if itself else parity.GRID)
    assert [r for r in results if not r.passed] == []
    allowed = {torch.float32: {1e-5, 1e-9}, torch.float64: {1e-12, 1e-9}}[dtype]
    assert {r.tolerance for r in results} <= allowed


@pytest.mark.parametrize("name", ["gru_layernorm", "lstm_layernorm"])
def test_of_a_single_number_a_layer_norm_leaves_nothing_to_compare(name: str) -> None:
    """The size of one input is taken out; so cases of one input or unit are left out, and of no other cell."""
    single = [case for case in parity.GRID if min(case.input_size, case.hidden_size) == 1]
    assert single and all(case.subject(CELLS[name]) is None for case in single)
    assert all(case.subject(CELLS["slstm"]) for case in single)


def test_the_grid_is_the_promised_one() -> None:
    grid = parity.GRID
    assert {1} <= {c.seq_len for c in grid} and max(c.seq_len for c in grid) >= 500
    assert {1, None} <= {c.batch_size for c in grid}
    assert {1, 17, 33} <= {c.hidden_size for c in grid}
    assert {1, 2, 3} == {c.num_layers for c in grid}
    for flag in ("bidirectional", "bias", "batch_first", "initial_state"):
        assert {getattr(c, flag) for c in grid} == {True, False}, flag


@pytest.mark.parametrize("cell", [LSTMCell(), GRUCell()])
def test_every_tensor_is_compared(cell: Cell) -> None:
    """Output, each last state, and the gradient of the input, of every weight and bias, and of every initial state."""
    case = Case(3, 2, 4, 5, num_layers=2, bidirectional=True)
    names = {r.tensor for r in parity.check(cell, "eager", torch.float64, "cpu", [case])}
    weights = [f"{w}_l{n}{d}" for w in ("weight_ih", "weight_hh", "bias_ih", "bias_hh") for n in (0, 1)
               for d in ("", "_reverse")]  # fmt: skip
    states = [str(i) for i in range(len(cell.state))]
    expected = {"output", "output in evaluation", "gradient of input", *(f"gradient of {w}" for w in weights)}
    expected |= {f"last state {i}" for i in states} | {f"gradient of initial state {i}" for i in states}
    assert names == expected


@pytest.mark.parametrize(
    ("cell", "backend", "against"),
    [
        (LSTMCell(), "eager", {"torch.nn float64"}),
        (LSTMCell(), "torch", {"equations float64"}),
        (GRUResetBeforeCell(), "eager", {"equations float64", "finite differences"}),
    ],
)
def test_a_reference_is_never_the_code_under_test(cell: Cell, backend: str, against: set[str]) -> None:
    results = parity.check(cell, backend, torch.float32, "cpu", parity.GRID[:2])
    assert {r.checked_against for r in results} == against


def test_relative_error_by_hand() -> None:
    """‖(3, 4.5) − (3, 4)‖ / ‖(3, 4)‖ = 0.5 / 5."""
    b = torch.tensor([3.0, 4.0], dtype=torch.float64)
    zero = torch.zeros(2, dtype=torch.float64)
    assert relative_error(b + torch.tensor([0, 0.5]), b, torch.float64) == pytest.approx(0.1)
    assert relative_error(zero, zero, torch.float64) == 0
    assert relative_error(b, zero, torch.float64) == float("inf")
    assert relative_error(b * float("nan"), b, torch.float64) == float("inf")
    assert relative_error(b[None], b, torch.float64) == float("inf")
    assert relative_error(b.float(), b, torch.float64) == float("inf")
    assert relative_error(b + torch.tensor([0, 0.5]), b, torch.float64, 10.0) == pytest.approx(0.05)


@pytest.mark.few(9)
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_quick_check_reports_a_small_error(cell: Cell) -> None:
    found = parity.quick_check(cell, "auto", torch.float64, "cpu")
    assert 0 <= found["max_error"] <= 1e-12
    assert "float64" in found["checked_against"]


def test_quick_check_of_a_layer_takes_its_shape_and_leaves_it_alone() -> None:
    layer = GRU(6, 20, num_layers=3, batch_first=True, bidirectional=True, bias=False)
    before = {name: weight.clone() for name, weight in layer.state_dict().items()}
    parity.quick_check(layer, layer.used_backend, torch.float32, "cpu")
    assert all(torch.equal(before[name], weight) for name, weight in layer.state_dict().items())
    assert layer.training and all(weight.grad is None for weight in layer.parameters())


def test_quick_check_leaves_global_randomness_threads_and_precision_alone() -> None:
    layer = LSTM(3, 4, num_layers=2)
    torch.manual_seed(5)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    first = parity.quick_check(layer, "eager", torch.float32, "cpu")
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    torch.manual_seed(6)
    assert parity.quick_check(layer, "eager", torch.float32, "cpu") == first


def test_quick_check_is_quick() -> None:
    """Processor time of this thread, so that a busy machine does not count."""
    parity.quick_check(LSTMCell(), "eager", torch.float32, "cpu")
    for cell, backend in ((LSTMCell(), "eager"), (GRUCell(), "torch"), (GRUResetBeforeCell(), "eager")):
        start = time.thread_time()
        parity.quick_check(cell, backend, torch.float32, "cpu")
        assert time.thread_time() - start < 0.3


def test_quick_check_error_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubled(stack, x, state, packing):
        output, last = carry(equations.run_layer, stack, x, state, packing)
        return 2 * output, last

    planted = SimpleNamespace(unsupported=lambda *_: None, preferred=lambda *_: True, forward=doubled)
    monkeypatch.setitem(backends.BACKENDS, "eager", planted)
    with pytest.raises(
        parity.ParityError, match=r"backend eager fails its parity check: .* torch\.nn float64"
    ) as caught:
        parity.quick_check(LSTMCell(), "eager", torch.float32, "cpu")
    assert "\n" not in str(caught.value)
    assert main(["cell=rnn", "backend=eager", "dtype=float64", "device=cpu"]) == 1


def test_unknown_backend_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="backend=fast"):
        parity.check(LSTMCell(), "fast", torch.float64, "cpu")
    with pytest.raises(UsageError, match="backend=torch"):
        parity.quick_check(GRUResetBeforeCell(), "torch", torch.float64, "cpu")


def test_command_line_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cell=rnn,rnn_relu", "backend=torch", "dtype=float64", "device=cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[1].split()[:4] == ["rnn", "torch", "float64", "cpu"]
    assert " pass " in lines[1] and lines[-1] == "all 2 pass"


class MyCell(RNNCell):
    """A cell of a user's own package."""


class MyOtherCell(RNNCell):
    """Derives from torch's RNN, computes something else and says nothing of it."""

    def step(self, gates_x, state, p):
        (h,) = super().step(gates_x, state, p)
        return (0.5 * (state[0] + h),)


class MyWrongCell(RNNCell):
    """Says that it is torch's RNN and adds a little."""

    torch_mode = RNNCell.torch_mode

    def step(self, gates_x, state, p):
        (h,) = super().step(gates_x, state, p)
        return (h * (1 + 1e-3),)


def test_command_line_takes_an_import_path(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "my_package.my_module", sys.modules[__name__])
    chosen = ["backend=eager", "dtype=float64", "device=cpu"]
    assert main(["cell=my_package.my_module.MyCell", *chosen]) == 0
    assert main(["cell=my_package.my_module.MyWrongCell", *chosen]) == 1
    assert "1 of 1 FAIL" in capsys.readouterr().out


class Halved:
    """Equations of another's, for a cell to take in."""

    def step(self, gates_x, state, p):
        h, c = super().step(gates_x, state, p)
        return 0.5 * h, c


class MyMixedCell(Halved, LSTMCell):
    """Derives from torch's LSTM, and from what changes it."""


class MyBareCell(RNNCell):
    """Forgets that a state is a tuple."""

    def step(self, gates_x, state, p):
        return super().step(gates_x, state, p)[0]


def test_a_cell_that_breaks_is_a_failure_in_the_table(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "my_package.my_module", sys.modules[__name__])
    assert main(["cell=my_package.my_module.MyBareCell,gru", "backend=eager", "dtype=float64", "device=cpu"]) == 1
    printed = capsys.readouterr().out
    assert "my_package.my_module.MyBareCell eager float64 cpu: FAIL, " in printed and "1 of 2 FAIL" in printed


@pytest.mark.slow
def test_a_cell_with_equations_of_its_own_is_not_what_torch_has(monkeypatch) -> None:
    """It derives from one that torch has: `auto` must not compute that one instead, nor parity compare with it."""
    monkeypatch.setitem(sys.modules, "my_package.my_module", sys.modules[__name__])
    assert MyCell().torch_mode == "RNN_TANH" and MyOtherCell().torch_mode is None
    assert backends.choose("auto", MyOtherCell(), torch.device("cpu"), torch.float32) == "eager"
    assert main(["cell=my_package.my_module.MyOtherCell", "dtype=float64", "device=cpu"]) == 0
    assert MyMixedCell().torch_mode is None
    assert main(["cell=my_package.my_module.MyMixedCell", "dtype=float64", "device=cpu"]) == 0


def test_command_line_says_what_it_left_out(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setattr("rnnbench.parity.__main__.check", lambda *_: [parity.Result("T=1", "output", 0.0, 1e-12, "x")])
    assert main(["cell=gru_reset_before", "dtype=float64", "device=cpu"]) == 0
    assert "gru_reset_before torch float64 cpu: not checked, torch.nn has no such cell" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["cell=lsmt"], f"cell=lsmt: no such cell (allowed: {', '.join(CELLS)})"),
        (["backend=fast"], "backend=fast: no such backend (allowed: "),
        (["dtype=float16"], "dtype=float16: no such dtype (allowed: float32, float64, bfloat16)"),
        (["device=tpu"], "device=tpu: no such device (allowed: cpu, cuda)"),
        (["sell=lstm"], "sell=lstm: no such key; did you mean cell? (allowed: cell, backend, dtype, device)"),
        (["lstm"], "lstm: write key=value (allowed: cell, backend, dtype, device)"),
        (["cell=no.such.Cell"], "cell=no.such.Cell: cannot be made (ModuleNotFoundError"),
        (["cell=pathlib.Path"], "cell=pathlib.Path: is no rnnbench.Cell"),
        (["cell=gru_reset_before", "backend=torch"], "nothing to check: gru_reset_before torch"),
    ],
)
def test_command_line_refuses_in_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith(line) and printed.err.count("\n") == 1


def test_command_line_refuses_a_device_that_is_not_there(capsys, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["device=cuda"]) == 2
    assert capsys.readouterr().err == "device=cuda: there is no CUDA device here (allowed: auto, cpu)\n"


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_command_line_help(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([flag]) == 0
    assert "python -m rnnbench.parity" in capsys.readouterr().out


def test_relu_network_whose_units_are_all_dead_has_no_gradient_and_passes() -> None:
    """H=1: the only unit may never fire; the reference's gradients are exact zeros, and so must the backend's be."""
    case = Case(1, 1, 1, 1, initial_state=False)
    assert all(r.passed for r in parity.check(RNNCell("relu"), "eager", torch.float32, "cpu", [case]))


def test_layer_of_a_user_cell_passes() -> None:
    parity.quick_check(Recurrent(MyCell(), 3, 40), "auto", torch.float32, "cpu")
