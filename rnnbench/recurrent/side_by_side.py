"""Networks of one form over their own sequences at once, where a backend carries them all in one launch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.recurrent import seen
from rnnbench.recurrent.backends.base import Stack, carry
from rnnbench.recurrent.packing import Packing
from rnnbench.recurrent.recurrent import Recurrent


def side_by_side(
    networks: Sequence[Recurrent], inputs: Sequence[Tensor], states: Sequence[Any]
) -> list[tuple[Tensor, Any]] | None:
    """What `network(input, state)` gives of each, to rounding; None where they go one after another.

    inputs: (B, T, I) or (T, B, I) each. They go together with backend=triton, sequences of one shape and nothing drawn
    at random between or within layers: each network has random numbers of its own.
    """
    first, plain = networks[0], [*inputs, *(p for network in networks for p in network.parameters())]
    draws = first.recurrent_dropout or (first.dropout and first.num_layers > 1)
    if first.backend != "triton" or (draws and first.training) or len({x.shape for x in inputs}) > 1:
        return None
    if seen.way(plain) != "kernel":
        return None
    from rnnbench.recurrent.gpu import layer  # which needs triton

    x = torch.stack([x.transpose(0, 1) if first.batch_first else x for x in inputs])  # (R, T, B, I)
    each = [n._initial_state(x[0], x.shape[2], state, True) for n, state in zip(networks, states, strict=True)]
    state = tuple(torch.stack(parts, dim=1) for parts in zip(*each, strict=True))  # (L·D, R, B, ·)
    layers = [
        [layer.stacked(lanes, len(state) == 2) for lanes in zip(*directions, strict=True)]
        for directions in zip(*(network._layers() for network in networks), strict=True)
    ]
    out, last = carry(_lanes, Stack(first.cell, layers), x, state)  # (R, T, B, D·H)
    outs = (out.transpose(1, 2) if first.batch_first else out).unbind(0)
    lasts = zip(*(s.unbind(1) for s in last), strict=True)
    return [(o, first._as_state(s, True)) for o, s in zip(outs, lasts, strict=True)]


def _lanes(
    cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None
) -> tuple[Tensor, State]:
    """As base.RunLayer, with the networks as an axis in front of sequences and parameters."""
    from rnnbench.recurrent.gpu import layer

    out, last = layer.run_lanes(cell, x, state, p, reverse)
    return out, tuple(s[None] for s in last)
