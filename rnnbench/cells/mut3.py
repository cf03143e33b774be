"""MUT3, last of three cells that an evolution came up with: Józefowicz, Zaremba & Sutskever 2015
(PMLR 37, 2342–2350).

    r_t = σ(W_xr x_t + W_hr h_{t−1} + b_r)
    z_t = σ(W_xz x_t + W_hz tanh(h_{t−1}) + b_z)
    h_t = z_t ∘ tanh(W_hh (r_t ∘ h_{t−1}) + W_xh x_t + b_h) + (1 − z_t) ∘ h_{t−1}

Beside `gru_reset_before` one thing is changed, the tanh; and each b is one bias, as in the paper and in Keras (JZS3).

weight_ih, weight_hh, bias_ih: rows of r, z, candidate.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class MUT3Cell(Cell):
    gates = ("r", "z", "n")

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        shapes = super().parameter_shapes(input_size, hidden_size, bias)
        shapes.pop("bias_hh", None)
        return shapes

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        r, z, n = gates_x.chunk(3, dim=-1)  # (B, H) each
        w_r, w_z, w_n = p["weight_hh"].chunk(3)  # (H, H) each
        r, z = torch.sigmoid(r + F.linear(h, w_r)), torch.sigmoid(z + F.linear(torch.tanh(h), w_z))
        n = torch.tanh(n + F.linear(r * h, w_n))
        return (z * n + (1 - z) * h,)
