"""GRU with one more gate, driven by an extra input: it decides what is written into the state.

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)          reset gate
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)          update gate
    n_t = tanh(W_in x_t + b_in + r_t ∘ (W_hn h_{t−1} + b_hn))   candidate
    k_t = σ(W_uk u_t + b_ik + W_hk h_{t−1} + b_hk)          the extra input's gate
    h_t = h_{t−1} + k_t ∘ (1 − z_t) ∘ (n_t − h_{t−1})

The candidate's share 1 − z_t becomes k_t (1 − z_t), and the old state's share stays the rest, 1 − k_t (1 − z_t). So
what gates the writing holds the state: k_t = 0 leaves it as it was.

With an attention score in place of k_t this is AUGRU (Zhou et al. 2019, arXiv 1809.03672, section “interest evolving”).

The input of a step is x_t (B, I−1) and, as its last feature, u_t (B, 1): u_t reaches k_t and no other gate, x_t every
gate but k_t. Shapes: weight_ih (3H, I−1), weight_uk (H, 1), weight_hh (4H, H), biases (4H,).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class GRUWrite(Cell):
    gates = ("r", "z", "n", "k")

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        shapes = super().parameter_shapes(input_size, hidden_size, bias)
        return shapes | {"weight_ih": (3 * hidden_size, input_size - 1), "weight_uk": (hidden_size, 1)}

    def project(self, x: Tensor, p: Parameters) -> Tensor:
        return F.linear(x, torch.block_diag(p["weight_ih"], p["weight_uk"]), p.get("bias_ih"))  # (T, B, 4H)

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        gates_h = F.linear(h, p["weight_hh"], p.get("bias_hh"))  # (B, 4H)
        r_x, z_x, n_x, k_x = gates_x.chunk(4, dim=-1)  # (B, H) each
        r_h, z_h, n_h, k_h = gates_h.chunk(4, dim=-1)
        r = torch.sigmoid(r_x + r_h)
        z = torch.sigmoid(z_x + z_h)
        k = torch.sigmoid(k_x + k_h)
        n = torch.tanh(n_x + r * n_h)
        return (h + k * (1 - z) * (n - h),)
