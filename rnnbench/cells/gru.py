"""Gated recurrent unit as PyTorch and cuDNN compute it ("reset after"): Cho et al. 2014 (arXiv 1406.1078, version 1).

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)          reset gate
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)          update gate
    n_t = tanh(W_in x_t + b_in + r_t ∘ (W_hn h_{t−1} + b_hn))   candidate
    h_t = (1 − z_t) ∘ n_t + z_t ∘ h_{t−1}

The reset gate acts *after* the matrix product, so all three products W_h· h_{t−1} are one. Here z_t keeps the old
state; in `gru_reset_before`, the form of Chung et al. 2014, it weights the candidate. Version 3 of the paper resets
before.

Gate order r, z, n is torch.nn.GRU's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class GRUCell(Cell):
    gates = ("r", "z", "n")

    @property
    def torch_mode(self) -> str:
        return "GRU"

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        gates_h = F.linear(h, p["weight_hh"], p.get("bias_hh"))  # (B, 3H)
        r_x, z_x, n_x = gates_x.chunk(3, dim=-1)  # (B, H) each
        r_h, z_h, n_h = gates_h.chunk(3, dim=-1)
        r = torch.sigmoid(r_x + r_h)
        z = torch.sigmoid(z_x + z_h)
        n = torch.tanh(n_x + r * n_h)
        return ((1 - z) * n + z * h,)
