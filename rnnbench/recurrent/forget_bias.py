"""Where the forget gate starts: at one number for all units, or spread over the times that are to be remembered.

Chrono initialization, Tallec & Ollivier 2018 (arXiv 1804.11188), section 2, with T_max the longest sequence in steps:

    b_f = log u,  u ~ U(1, T_max − 1),      b_i = −b_f

A unit whose gate stays near f = σ(b_f) forgets at the rate 1 − f, in 1 / (1 − f) = 1 + u steps: uniformly between 2 and
T_max. And i = σ(−b_f) = 1 − f, as in a moving average.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters
from rnnbench.errors import UsageError

ForgetBias = float | Literal["chrono"]
SHORTEST = 3
"""The least T_max: at 2 steps U(1, T_max − 1) is a point."""


def check(forget_bias: ForgetBias | None, longest: int | None, cell: Cell, bias: bool) -> None:
    """Raises ValueError for a forget_bias that this cell cannot have, UsageError where sequences are too short."""
    if forget_bias is None:
        return
    if cell.forget_gate is None or not bias:
        raise ValueError("forget_bias needs a cell with a forget gate and bias=True")
    if isinstance(forget_bias, str):
        if forget_bias != "chrono":
            raise ValueError(f'forget_bias must be a number or "chrono", got {forget_bias!r}')
        if longest is None:
            raise ValueError('forget_bias="chrono" needs longest, the number of steps of the longest sequence')
        if longest < SHORTEST:
            raise UsageError(f"needs sequences of {SHORTEST} steps, the longest has {longest}", key="forget_bias",
                             value=forget_bias, allowed="a number, null")  # fmt: skip


@torch.no_grad()
def start(forget_bias: ForgetBias, longest: int | None, cell: Cell, hidden_size: int, p: Parameters) -> None:
    """Set the bias of one layer and direction, just drawn from U(−1/√H, 1/√H): all of it in bias_ih, 0 in any bias_hh.

    Chrono's u is the forget gate's own draw, stretched: it takes no random number, so that what is drawn later, such as
    the head, is the same whatever the forget_bias.
    """

    def put(gate: str, value: Tensor | float) -> None:
        p["bias_ih"][rows(gate)] = value
        if "bias_hh" in p:
            p["bias_hh"][rows(gate)] = 0.0

    def rows(gate: str) -> slice:
        first = cell.gates.index(gate) * hidden_size
        return slice(first, first + hidden_size)

    assert cell.forget_gate is not None
    if not isinstance(forget_bias, str):
        put(cell.forget_gate, forget_bias)
        return
    assert longest is not None
    unit = (1 + p["bias_ih"][rows(cell.forget_gate)] * math.sqrt(hidden_size)) / 2  # (H,), U(0, 1)
    b_f = (1 + (longest - 2) * unit).clamp(1, longest - 1).log()  # (H,); clamped: rounding may step outside
    put(cell.forget_gate, b_f)
    if cell.input_gate is not None:
        put(cell.input_gate, -b_f)
