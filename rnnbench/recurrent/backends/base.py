"""What a backend is given and what it gives back.

A stack is L layers by D directions of one cell (D = 2 when bidirectional). Layer l > 0 reads the outputs of both
directions of the layer below it. States are ordered as torch.nn orders them: layer 0 forward, layer 0 backward, layer 1
forward, …

The input is x (T, B, I), or (N, I) where sequences of unequal lengths are packed (rnnbench/recurrent/packing.py).
Outputs O wide: H, or what the cell projects it to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.recurrent.packing import Packing

RunLayer = Callable[[Cell, Tensor, State, Parameters, bool, Packing | None], tuple[Tensor, State]]
"""(cell, x, state of (B, ·) each, parameters, reverse, packing) → output in the order of x, last state (1, B, ·) each,
no view of anything: users may detach_ it."""


@dataclass(frozen=True)
class Stack:
    cell: Cell
    layers: Sequence[Sequence[Parameters]]  # [layer][direction]
    dropout: float = 0.0  # between layers, when training
    training: bool = False
    norms: Sequence[nn.Module] = ()  # of what goes into each layer but the first
    residual: bool = False  # what went into a layer is added to its output, but for the first

    @property
    def plain(self) -> bool:
        """Nothing but dropout stands between its layers."""
        return not self.norms and not self.residual


def carry(
    run_layer: RunLayer, stack: Stack, x: Tensor, state: State, packing: Packing | None = None
) -> tuple[Tensor, State]:
    """A stack from a function that runs one layer in one direction; arguments and results as `Backend.forward`'s."""
    finals: list[State] = []
    for number, directions in enumerate(stack.layers):
        below = x
        if stack.norms and number:
            x = stack.norms[number - 1](x)
        outputs = []
        for direction, p in enumerate(directions):
            initial = tuple(s[len(finals)] for s in state)
            output, final = run_layer(stack.cell, x, initial, p, direction == 1, packing)
            outputs.append(output)
            finals.append(final)
        x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1)  # (T, B, D·O)
        if stack.residual and number:
            x = x + below
        if stack.dropout and stack.training and number + 1 < len(stack.layers):
            x = F.dropout(x, stack.dropout)
    return x, finals[0] if len(finals) == 1 else tuple(torch.cat(parts) for parts in zip(*finals, strict=True))


class Backend(ABC):
    """How a stack is carried through time. One file in this folder each, chosen by its name: `backend=eager`.

    What a page says of it is what its file begins with, up to a colon.
    """

    rank: ClassVar[int] = 100
    """`backend=auto` asks the shipped ones in this order, the fastest first."""

    layer_by_layer: ClassVar[bool] = False
    """Whether what a stack has between its layers (`norms`, `residual`) is done, as `carry` does it."""

    def unsupported(self, cell: Cell, device: torch.device, dtype: torch.dtype) -> str | None:
        """Why it cannot run this cell there, in a few words; None when it can."""
        return None

    def preferred(self, cell: Cell, shape: tuple[int, int, int, int]) -> bool:
        """False where, for a call of (T, B, I, H), "auto" should take the next one."""
        return True

    @abstractmethod
    def forward(self, stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
        """The whole stack over the whole sequence: x (T, B, I) → (T, B, D·O), state (L·D, B, ·) each.

        With `packing` x is (N, I), the output (N, D·O), and each sequence ends, or backwards in time starts, at its
        own last step.
        """
