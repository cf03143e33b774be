"""The cell's equations under torch.compile.

Ten steps are one compiled function, called T / 10 times: compiled step by step the calls cost more than they compute,
and a whole sequence at once takes minutes to compile.
"""

from __future__ import annotations

import os
import shutil
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.speed.candidates import Layer, Problem
from rnnbench.speed.peers.base import Peer

AT_ONCE = 10


class Compile(Peer):
    def missing(self) -> str | None:
        compiler = os.environ.get("CXX", "g++")
        return None if shutil.which(compiler) else f"there is no C++ compiler {compiler}, which torch.compile needs"

    def has(self, cell: Cell) -> bool:
        return True

    def candidate(self, problem: Problem) -> Layer:
        return Layer(problem, "compile", Compiled(problem), problem.setting.threads)


class Compiled(nn.Module):
    """Layers of a cell, with torch.nn's names of weights and its way to be called."""

    def __init__(self, problem: Problem):
        super().__init__()
        self.cell, self.layers, self.hidden_size = problem.cell, problem.setting.layers, problem.setting.size.H
        for name, weight in problem.weights.items():
            self.register_parameter(name, nn.Parameter(weight.clone()))
        # code of its own: what is compiled is kept with the code, up to eight versions of it
        own = FunctionType(steps.__code__.replace(), steps.__globals__)
        self.steps = torch.compile(own, fullgraph=True, dynamic=False)

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """x (T, B, I), state (L, B, H) or a tuple of these → output (T, B, H), state."""
        count = len(self.cell.state)
        zeros = (x.new_zeros(self.layers, x.shape[1], self.hidden_size),) * count
        parts = zeros if state is None else state if count > 1 else (state,)
        finals = []
        for number in range(self.layers):
            p = {name.removesuffix(f"_l{number}"): weight for name, weight in self.named_parameters()
                 if name.endswith(f"_l{number}")}  # fmt: skip
            carried, outputs = tuple(part[number] for part in parts), []
            for piece in x.split(AT_ONCE):
                output, carried = self.steps(self.cell, piece, carried, p)
                outputs.append(output)
            x = torch.cat(outputs) if len(outputs) > 1 else outputs[0]
            finals.append(carried)
        last = tuple(torch.stack(part) for part in zip(*finals, strict=True))
        return x, last if count > 1 else last[0]


def steps(cell: Cell, x: Tensor, state: State, p: Parameters) -> tuple[Tensor, State]:
    """A few steps: x (t, B, I), state (B, H) each → output (t, B, H), state."""
    outputs = []
    for gates_x in cell.project(x, p).unbind(0):
        state = cell.step(gates_x, state, p)
        outputs.append(state[0])
    return torch.stack(outputs), state
