"""All steps at once are the steps one by one, and that is how a layer of such a cell goes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rnnbench.cells import scan
from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.cells.lru import LRUCell
from rnnbench.cells.mingru import MinGRUCell
from rnnbench.cells.minlstm import MinLSTMCell
from rnnbench.config import cell_choices
from rnnbench.recurrent import equations
from rnnbench.recurrent.layers import Recurrent
from rnnbench.recurrent.packing import Padded

CELLS = [cell for cell in cell_choices().values() if type(cell).over_time is not Cell.over_time]
T, B, INPUTS, H = 500, 3, 4, 6


def test_these_are_the_cells() -> None:
    assert {*CELLS} == {LRUCell(), MinGRUCell(), MinLSTMCell()}


def test_a_recurrence_by_hand() -> None:
    """h = h/2 + 1 from 4 on: 3, 2.5, 2.25, 2.125, 2.0625; with a = 0 only the last b stays."""
    a = torch.tensor([0.5, 0.5, 0.5, 0.5, 0.5, 0.0])[:, None, None]
    b = torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 7.0])[:, None, None]
    h = scan.linear(a, b, torch.tensor([[4.0]])).flatten()
    assert h.tolist() == [3, 2.5, 2.25, 2.125, 2.0625, 7]


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 16, 17])
def test_whatever_the_number_of_steps(steps: int) -> None:
    """A complex turn of a quarter at each step: i^t, exactly."""
    i = torch.full((steps, 1, 1), 1j, dtype=torch.complex128)
    h = scan.linear(i, torch.zeros_like(i), torch.ones(1, 1, dtype=torch.complex128)).flatten()
    assert h.tolist() == [(1j, -1, -1j, 1)[t % 4] for t in range(steps)]


def layer(cell: Cell, dtype: torch.dtype) -> tuple[Parameters, Tensor, State]:
    """Parameters as the cell draws them, x and a state, all to be differentiated."""
    torch.manual_seed(1)
    made = Recurrent(cell, INPUTS, H, dtype=dtype)
    p = {name.removesuffix("_l0"): weight for name, weight in made.named_parameters()}
    state = tuple(torch.randn(B, size, dtype=dtype, requires_grad=True) for size in cell.state_sizes(H))
    return p, torch.randn(T, B, INPUTS, dtype=dtype, requires_grad=True), state


def outcome(run, cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing) -> list[Tensor]:
    output, last = run(cell, x, state, p, reverse, packing)
    leaves = [x, *state[-(len(state) // 2 + 1) :], *p.values()]  # what is handed on; of the LRU not its first output
    ends = [output, *last]
    weights = [torch.linspace(-1, 1, end.numel(), dtype=end.dtype).view(end.shape).cos() for end in ends]
    return [*ends, *torch.autograd.grad(ends, leaves, weights)]


@pytest.mark.few(6)
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: type(cell).__name__)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 5e-6)])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_the_same_to_rounding(cell: Cell, dtype: torch.dtype, tolerance: float, packed: bool, reverse: bool) -> None:
    """Output, last states and every gradient, after 500 steps, also of sequences of 500, 7 and 1 of them."""
    p, x, state = layer(cell, dtype)
    padded = Padded([500, 7, 1], T, x.device) if packed else None
    rows, packing = (x, None) if padded is None else (padded.pack(x), padded.packing)
    if padded is not None:
        rows = rows.detach().requires_grad_()
    found = outcome(equations.run_layer, cell, rows, state, p, reverse, packing)
    expected = outcome(equations.run_steps, cell, rows, state, p, reverse, packing)
    for a, b in zip(found, expected, strict=True):
        assert float((a - b).detach().double().norm()) <= tolerance * float(b.detach().double().norm())


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: type(cell).__name__)
def test_no_step_is_done_one_by_one(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    made, x = Recurrent(cell, INPUTS, H, bidirectional=True), torch.randn(9, 2, INPUTS)
    expected = [made(x)[0], made(x, lengths=[9, 4])[0]]
    monkeypatch.setattr(type(cell), "step", None)
    assert torch.equal(made(x)[0], expected[0]) and torch.equal(made(x, lengths=[9, 4])[0], expected[1])


class Halved(MinGRUCell):
    """Another step than minGRU's, and nothing said of all at once."""

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        return (0.5 * super().step(gates_x, state, p)[0],)


def test_a_cell_with_another_step_is_done_by_it() -> None:
    """z = σ(0) = 1/2 and the candidate is 1: h = (0/2 + 1/2) / 2 = 1/4, then (1/4 · 1/2 + 1/2) / 2 = 5/16."""
    p = {"weight_ih": torch.zeros(2, 1), "bias_ih": torch.tensor([0.0, 1.0])}
    output, _ = equations.run_layer(Halved(), torch.zeros(2, 1, 1), (torch.zeros(1, 1),), p, False)
    assert output.flatten().tolist() == [0.25, 0.3125]
