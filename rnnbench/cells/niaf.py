"""LSTM without an input activation function: Greff et al. 2017 (arXiv 1503.04069, its variant NIAF).

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t−1} + b_hi)          input gate
    f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf)          forget gate
    g_t = W_ig x_t + b_ig + W_hg h_{t−1} + b_hg             candidate
    o_t = σ(W_io x_t + b_io + W_ho h_{t−1} + b_ho)          output gate
    c_t = f_t ∘ c_{t−1} + i_t ∘ g_t
    h_t = o_t ∘ tanh(c_t)

Of `lstm` one thing is changed: the candidate has no tanh. Greff's has peepholes, this has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class NIAFCell(Cell):
    gates = ("i", "f", "g", "o")
    state = ("h", "c")
    forget_gate = "f"
    input_gate = "i"

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        h, c = state  # (B, H) each
        gates = gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))  # (B, 4H)
        i, f, g, o = gates.chunk(4, dim=-1)  # (B, H) each
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * g
        return torch.sigmoid(o) * torch.tanh(c), c
