"""JANET, an LSTM of one gate: van der Westhuizen & Lasenby 2018 (arXiv 1804.04849, its equations with β).

    s_t = W_is x_t + b_is + W_hs h_{t−1} + b_hs
    n_t = tanh(W_in x_t + b_in + W_hn h_{t−1} + b_hn)       candidate, c̃ in the paper
    h_t = σ(s_t) ∘ h_{t−1} + (1 − σ(s_t − β)) ∘ n_t

h is the cell state c itself. With β = 0 it is `ugrnn`; the paper's β = 1 lets more in than is forgotten. Its initial
forget bias is `forget_bias=chrono`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class JANETCell(Cell):
    """`beta` is β, by which the input's share of the gate is raised."""

    beta: float = 1.0

    gates = ("s", "n")
    forget_gate = "s"

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        s, n = (gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))).chunk(2, dim=-1)  # (B, H) each
        return (torch.sigmoid(s) * h + (1 - torch.sigmoid(s - self.beta)) * torch.tanh(n),)
