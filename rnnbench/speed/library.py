"""What torch.nn has of a cell: the layer over a whole sequence, and the cell that takes one step a call."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.cells.base import Cell
from rnnbench.speed.candidates import Layer, Problem

BACKENDS = ("torch", "torch_cell")
"""What candidates of torch.nn call themselves."""


def layer(problem: Problem) -> nn.Module:
    """nn.LSTM, nn.GRU or nn.RNN, on the problem's weights."""
    kind, nonlinearity = _kind(problem.cell)
    size = problem.setting.size
    made: nn.Module = getattr(nn, kind)(size.I, size.H, problem.setting.layers, **nonlinearity)
    made.to(problem.setting.device, problem.setting.dtype).load_state_dict(problem.weights)
    return made


class StepCells(nn.Module):
    """nn.LSTMCell, nn.GRUCell or nn.RNNCell, one a layer: what torch.nn has for one step a call."""

    def __init__(self, problem: Problem):
        super().__init__()
        kind, nonlinearity = _kind(problem.cell)
        size = problem.setting.size
        widths = [size.I, *[size.H] * (problem.setting.layers - 1)]
        self.cells = nn.ModuleList(getattr(nn, f"{kind}Cell")(width, size.H, **nonlinearity) for width in widths)
        self.to(problem.setting.device, problem.setting.dtype)
        for number, cell in enumerate(self.cells):
            end = f"_l{number}"
            cell.load_state_dict({n.removesuffix(end): w for n, w in problem.weights.items() if n.endswith(end)})

    def forward(self, x: Tensor, state: list[Any]) -> tuple[Tensor, list[Any]]:
        """x (1, B, I), state of (B, H), or two of them, for each layer → output (1, B, H), state."""
        h, after = x[0], []
        for cell, before in zip(self.cells, state, strict=True):
            after.append(cell(h, before))
            h = after[-1] if isinstance(after[-1], Tensor) else after[-1][0]
        return h[None], after


class StepLayer(Layer):
    """torch.nn's cells in turn; their state is a list with an entry a layer."""

    def _state(self) -> Any:
        layers = zip(*self.problem.state(), strict=True)
        return [parts if len(parts) > 1 else parts[0] for parts in layers]

    def _last(self, state: Any) -> Any:
        layers = [(parts,) if isinstance(parts, Tensor) else parts for parts in state]
        return tuple(torch.stack(parts) for parts in zip(*layers, strict=True))


def _kind(cell: Cell) -> tuple[str, dict[str, str]]:
    """The name in torch.nn: ("LSTM", {}), ("RNN", {"nonlinearity": "relu"}), …"""
    kind, _, nonlinearity = str(cell.torch_mode).partition("_")
    return kind, {"nonlinearity": nonlinearity.lower()} if nonlinearity else {}
