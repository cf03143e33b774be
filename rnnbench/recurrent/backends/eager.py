"""Step by step in Python: any cell, differentiated by autograd, the readable reference."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.recurrent.backends.base import Backend, Stack, carry


class Eager(Backend):
    rank = 3

    def forward(self, stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
        return carry(run_layer, stack, x, state)


def run_layer(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    gates_x = cell.project(x, p).unbind(0)  # T × (B, G·H)
    outputs = []
    for gates in reversed(gates_x) if reverse else gates_x:
        state = cell.step(gates, state, p)
        outputs.append(state[0])
    if reverse:
        outputs.reverse()
    return torch.stack(outputs), state
