"""What a backend is given and what it gives back.

A stack is L layers by D directions of one cell (D = 2 when bidirectional). Layer l > 0 reads the outputs of both
directions of the layer below it. States are ordered as torch.nn orders them: layer 0 forward, layer 0 backward, layer 1
forward, …
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State

RunLayer = Callable[[Cell, Tensor, State, Parameters, bool], tuple[Tensor, State]]
"""(cell, x (T, B, I), state of (B, H) each, parameters, reverse) → output (T, B, H) in the order of x, last state."""


@dataclass(frozen=True)
class Stack:
    cell: Cell
    layers: Sequence[Sequence[Parameters]]  # [layer][direction]
    dropout: float = 0.0  # between layers, when training
    training: bool = False


def carry(run_layer: RunLayer, stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    """A stack from a function that runs one layer in one direction.

    x (T, B, I), state (L·D, B, H) each → output (T, B, D·H), state (L·D, B, H) each.
    """
    finals: list[State] = []
    for number, directions in enumerate(stack.layers):
        outputs = []
        for direction, p in enumerate(directions):
            initial = tuple(s[len(finals)] for s in state)
            output, final = run_layer(stack.cell, x, initial, p, direction == 1)
            outputs.append(output)
            finals.append(final)
        x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1)  # (T, B, D·H)
        if stack.dropout and stack.training and number + 1 < len(stack.layers):
            x = F.dropout(x, stack.dropout)
    if len(finals) == 1:
        return x, tuple(part.unsqueeze(0) for part in finals[0])
    return x, tuple(torch.stack(parts) for parts in zip(*finals, strict=True))


class Backend(ABC):
    """How a stack is carried through time. One file in this folder each, chosen by its name: `backend=eager`.

    What a page says of it is what its file begins with, up to a colon.
    """

    rank: ClassVar[int] = 100
    """`backend=auto` asks the shipped ones in this order, the fastest first."""

    def unsupported(self, cell: Cell, device: torch.device, dtype: torch.dtype) -> str | None:
        """Why it cannot run this cell there, in a few words; None when it can."""
        return None

    def preferred(self, cell: Cell, shape: tuple[int, int, int, int]) -> bool:
        """False where, for a call of (T, B, I, H), "auto" should take the next one."""
        return True

    @abstractmethod
    def forward(self, stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The whole stack over the whole sequence: x (T, B, I) → (T, B, D·H), state (L·D, B, H) each."""
