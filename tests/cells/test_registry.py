"""What every cell of conf/cell must satisfy; a new cell is picked up from there."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from rnnbench.cells.base import Cell
from rnnbench.config import cell_choices
from rnnbench.recurrent.layers import Recurrent

CELLS = cell_choices()


@pytest.fixture(params=CELLS)
def cell(request: pytest.FixtureRequest) -> Cell:
    return CELLS[request.param]


def drawn(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


@pytest.mark.few(18)
@pytest.mark.parametrize(("num_layers", "bidirectional", "bias"), [(1, False, True), (2, True, False)])
def test_gradients_are_the_finite_differences(cell: Cell, num_layers: int, bidirectional: bool, bias: bool) -> None:
    """torch's own gradcheck, through the whole layer: input, states and every weight."""
    T, B, input_size, H = 3, 2, 2, 3
    generator = torch.Generator().manual_seed(3)
    layer = Recurrent(
        cell, input_size, H, num_layers, bias, bidirectional=bidirectional, dtype=torch.float64, backend="eager"
    )
    names = [name for name, _ in layer.named_parameters()]
    count = num_layers * (1 + bidirectional)
    x = drawn((T, B, input_size), generator)
    state = [drawn((count, B, size), generator) for size in cell.state_sizes(H)]
    state = [s.detach().requires_grad_() for s in cell.reachable(tuple(state))]
    weights = [drawn(tuple(weight.shape), generator) for weight in layer.parameters()]

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        given, values = rest[: len(state)], rest[len(state) :]
        hx = given if len(given) > 1 else given[0]
        output, last = functional_call(layer, dict(zip(names, values, strict=True)), (x, hx))
        return (output, last) if isinstance(last, Tensor) else (output, *last)

    assert torch.autograd.gradcheck(run, (x, *state, *weights), fast_mode=num_layers > 1)


def test_gates_states_and_shapes_agree(cell: Cell) -> None:
    assert len(set(cell.gates)) == len(cell.gates) > 0
    assert len(set(cell.state)) == len(cell.state) > 0
    assert {cell.forget_gate, cell.input_gate} <= {None, *cell.gates}
    with_bias, without = cell.parameter_shapes(3, 5, True), cell.parameter_shapes(3, 5, False)
    assert {k: v for k, v in with_bias.items() if "bias" not in k} == without


def test_equal_cells_are_equal(cell: Cell) -> None:
    """Frozen dataclasses: the same options, the same cell; a record's digest relies on it."""
    assert cell == type(cell)(**vars(cell)) and hash(cell) == hash(type(cell)(**vars(cell)))


@pytest.mark.few(9)
def test_learns(cell: Cell) -> None:
    """Fifty steps of Adam on “repeat the sign of the marked input, the first” halve the loss.

    Marked, because a cell whose gates hear the input alone knows no first.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((6, 32, 2), generator=generator)
    x[..., 1] = torch.arange(6)[:, None] == 0
    target = x[0, :, :1].sign()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer, head = Recurrent(cell, 2, 12), nn.Linear(12, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.03)
    losses = []
    for _ in range(50):
        loss = ((head(layer(x)[0][-1]) - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
