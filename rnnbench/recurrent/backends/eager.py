"""Step by step in Python: any cell, differentiated by autograd, the readable reference."""

from __future__ import annotations

from torch import Tensor

from rnnbench.cells.base import State
from rnnbench.recurrent.backends.base import Backend, Stack, carry
from rnnbench.recurrent.equations import run_layer
from rnnbench.recurrent.packing import Packing


class Eager(Backend):
    rank = 3
    layer_by_layer = True

    def forward(self, stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
        return carry(run_layer, stack, x, state, packing)
