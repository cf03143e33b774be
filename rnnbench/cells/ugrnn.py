"""Update gate RNN: Collins, Sohl-Dickstein & Sussillo 2017 (arXiv 1611.09913, its UGRNN).

    z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)          update gate, g in the paper: how much is kept
    n_t = tanh(W_in x_t + b_in + W_hn h_{t−1} + b_hn)       candidate, c in the paper
    h_t = z_t ∘ h_{t−1} + (1 − z_t) ∘ n_t

One gated leaky state: `cifg_nog` whose state is read as it is, without a tanh on its way out; `gru` without its reset
gate.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class UGRNNCell(Cell):
    gates = ("z", "n")
    forget_gate = "z"

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        z, n = (gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))).chunk(2, dim=-1)  # (B, H) each
        z = torch.sigmoid(z)
        return (z * h + (1 - z) * torch.tanh(n),)
