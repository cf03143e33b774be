"""MUT2, second of three cells that an evolution came up with: Józefowicz, Zaremba & Sutskever 2015
(PMLR 37, 2342–2350).

    r_t = σ(x_t + W_hr h_{t−1} + b_r)
    z_t = σ(W_xz x_t + W_hz h_{t−1} + b_z)
    h_t = z_t ∘ tanh(W_hh (r_t ∘ h_{t−1}) + W_xh x_t + b_h) + (1 − z_t) ∘ h_{t−1}

The paper's bare x_t is added to H numbers, so its input is H wide. One of another width is first brought there by a
learned map, u_t = W_in x_t, which stands for x_t above; with I = H there is none, and the cell is the paper's to the
letter. Keras (JZS2) differs: its map is fixed, random ±1/√I, and for the bare x_t alone. Each b is one bias.

weight_in (H, I); weight_ih (2H, H): z and the candidate; weight_hh, bias_ih (3H, ·): r, z, candidate.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class MUT2Cell(Cell):
    gates = ("r", "z", "n")

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        H = hidden_size
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (2 * H, H), "weight_hh": (3 * H, H)}
        shapes |= {"weight_in": (H, input_size)} if input_size != H else {}
        return shapes | ({"bias_ih": (3 * H,)} if bias else {})

    def project(self, x: Tensor, p: Parameters) -> Tensor:
        u = F.linear(x, p["weight_in"]) if "weight_in" in p else x  # (T, B, H)
        gates_x = torch.cat((u, F.linear(u, p["weight_ih"])), dim=-1)
        return gates_x + p["bias_ih"] if "bias_ih" in p else gates_x

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        r, z, n = gates_x.chunk(3, dim=-1)  # (B, H) each
        w_r, w_z, w_n = p["weight_hh"].chunk(3)  # (H, H) each
        r, z = torch.sigmoid(r + F.linear(h, w_r)), torch.sigmoid(z + F.linear(h, w_z))
        n = torch.tanh(n + F.linear(r * h, w_n))
        return (z * n + (1 - z) * h,)
