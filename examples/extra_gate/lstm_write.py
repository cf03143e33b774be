"""LSTM with one more gate, driven by an extra input: it decides what is written into the cell.

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t−1} + b_hi)          input gate
    f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf)          forget gate
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)       candidate, c̃ in the papers
    o_t = σ(W_io x_t + b_io + W_ho h_{t−1} + b_ho)          output gate
    k_t = σ(W_uk u_t + b_ik + W_hk h_{t−1} + b_hk)          the extra input's gate
    c_t = f_t ∘ c_{t−1} + k_t ∘ i_t ∘ g_t
    h_t = o_t ∘ tanh(c_t)

The input of a step is x_t (B, I−1) and, as its last feature, u_t (B, 1): u_t reaches k_t and no other gate, x_t every
gate but k_t. Shapes: weight_ih (4H, I−1), weight_uk (H, 1), weight_hh (5H, H), biases (5H,).

The time gate of Time-LSTM 1 (Zhu et al. 2017, IJCAI) stands at the same place; its extra input is the time since the
last event.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class LSTMWrite(Cell):
    gates = ("i", "f", "g", "o", "k")
    state = ("h", "c")
    forget_gate = "f"

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        shapes = super().parameter_shapes(input_size, hidden_size, bias)
        return shapes | {"weight_ih": (4 * hidden_size, input_size - 1), "weight_uk": (hidden_size, 1)}

    def project(self, x: Tensor, p: Parameters) -> Tensor:
        return F.linear(x, torch.block_diag(p["weight_ih"], p["weight_uk"]), p.get("bias_ih"))  # (T, B, 5H)

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        h, c = state  # (B, H) each
        gates = gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))  # (B, 5H)
        i, f, g, o, k = gates.chunk(5, dim=-1)  # (B, H) each
        c = torch.sigmoid(f) * c + torch.sigmoid(k) * torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c
