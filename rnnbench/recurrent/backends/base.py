"""What a backend is given and what it gives back.

A stack is L layers by D directions of one cell (D = 2 when bidirectional). Layer l > 0 reads the outputs of both
directions of the layer below it. States are ordered as torch.nn orders them: layer 0 forward, layer 0 backward, layer 1
forward, …

A backend is a module with two functions:

    unsupported(cell, device, dtype) -> str | None      why it cannot, in a few words; None when it can
    forward(stack, x, state) -> (output, state)         the whole stack over the whole sequence

and, where it is not always the fastest of those that can:

    preferred(cell, (T, B, I, H)) -> bool               false where "auto" should take the next one
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
