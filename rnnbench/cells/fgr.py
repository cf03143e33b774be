"""LSTM with full gate recurrence: Greff et al. 2017 (arXiv 1503.04069, its variant FGR).

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t−1} + b_hi + R_ii i_{t−1} + R_fi f_{t−1} + R_oi o_{t−1})
    f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf + R_if i_{t−1} + R_ff f_{t−1} + R_of o_{t−1})
    o_t = σ(W_io x_t + b_io + W_ho h_{t−1} + b_ho + R_io i_{t−1} + R_fo f_{t−1} + R_oo o_{t−1})
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)
    c_t = f_t ∘ c_{t−1} + i_t ∘ g_t
    h_t = o_t ∘ tanh(c_t)

Of `lstm` one thing is changed: the gates read what the gates were a step before, so they are carried too, from 0 on.
`weight_gates` (3H, 3H) holds the nine R: rows of i, f, o, columns of i, f, o. Greff's has peepholes, this has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class FGRCell(Cell):
    gates = ("i", "f", "g", "o")
    state = ("h", "c", "i", "f", "o")
    forget_gate = "f"
    input_gate = "i"

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        more = {"weight_gates": (3 * hidden_size, 3 * hidden_size)}
        return super().parameter_shapes(input_size, hidden_size, bias) | more

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        h, c, *before = state  # (B, H) each
        gates = gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))  # (B, 4H)
        i, f, g, o = gates.chunk(4, dim=-1)  # (B, H) each
        more = F.linear(torch.cat(before, dim=-1), p["weight_gates"])  # (B, 3H)
        i, f, o = torch.sigmoid(torch.cat((i, f, o), dim=-1) + more).chunk(3, dim=-1)
        c = f * c + i * torch.tanh(g)
        return o * torch.tanh(c), c, i, f, o
