"""LSTM with coupled input and forget gates and no output gate: both of Greff et al. 2017 (arXiv 1503.04069).

    f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf)          forget gate, and 1 − f_t the input gate
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)       candidate
    c_t = f_t ∘ c_{t−1} + (1 − f_t) ∘ g_t
    h_t = tanh(c_t)

The ladder's rung between `cifg`, of which it drops the output gate, and `ugrnn`, whose state is read as it is, without
the last tanh. Greff takes away one thing at a time; his NOG, which keeps both gates, is `nog`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class CIFGNOGCell(Cell):
    gates = ("f", "g")
    state = ("h", "c")
    forget_gate = "f"

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        h, c = state  # (B, H) each
        f, g = (gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))).chunk(2, dim=-1)  # (B, H) each
        f = torch.sigmoid(f)
        c = f * c + (1 - f) * torch.tanh(g)
        return torch.tanh(c), c
