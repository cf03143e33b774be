"""LSTM whose input and forget gates are one, coupled: Greff et al. 2017 (arXiv 1503.04069, its variant CIFG).

    f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf)          forget gate, and 1 − f_t the input gate
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)       candidate
    o_t = σ(W_io x_t + b_io + W_ho h_{t−1} + b_ho)          output gate
    c_t = f_t ∘ c_{t−1} + (1 − f_t) ∘ g_t
    h_t = o_t ∘ tanh(c_t)

Of `lstm` one thing is changed: i_t = 1 − f_t. Greff writes f_t = 1 − i_t, which is the same with the gate's weights and
bias negated; named by what it keeps, it takes `forget_bias` as the LSTM does. Greff's has peepholes, this has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class CIFGCell(Cell):
    gates = ("f", "g", "o")
    state = ("h", "c")
    forget_gate = "f"

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        h, c = state  # (B, H) each
        gates = gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))  # (B, 3H)
        f, g, o = gates.chunk(3, dim=-1)  # (B, H) each
        f = torch.sigmoid(f)
        c = f * c + (1 - f) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
