"""Gated recurrent unit as most papers write it ("reset before"): Chung et al. 2014 (arXiv 1412.3555, sec. 3.2).

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)          reset gate
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)          update gate
    n_t = tanh(W_in x_t + b_in + W_hn (r_t ∘ h_{t−1}) + b_hn)   candidate, h̃ in the paper
    h_t = (1 − z_t) ∘ h_{t−1} + z_t ∘ n_t

Two differences from `gru`, the form of PyTorch and cuDNN: the reset gate acts on the state *before* the matrix product,
so the candidate's product waits for r_t; and z_t weights the candidate, so z near 1 overwrites where there it keeps.

Gate order r, z, n and the two biases follow `gru`, so the parameters have the same names and shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class GRUResetBeforeCell(Cell):
    gates = ("r", "z", "n")

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        H = h.shape[-1]
        rz_x, n_x = torch.split(gates_x, [2 * H, H], dim=-1)  # (B, 2H), (B, H)
        w_rz, w_n = torch.split(p["weight_hh"], [2 * H, H])  # (2H, H), (H, H)
        b_rz, b_n = torch.split(p["bias_hh"], [2 * H, H]) if "bias_hh" in p else (None, None)
        r, z = torch.sigmoid(rz_x + F.linear(h, w_rz, b_rz)).chunk(2, dim=-1)  # (B, H) each
        n = torch.tanh(n_x + F.linear(r * h, w_n, b_n))
        return ((1 - z) * h + z * n,)
