"""LSTM with one more gate, driven by an extra input: it decides how far the whole state moves, or is held.

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t−1} + b_hi)          input gate
    f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf)          forget gate
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)       candidate, c̃ in the papers
    o_t = σ(W_io x_t + b_io + W_ho h_{t−1} + b_ho)          output gate
    k_t = σ(W_uk u_t + b_ik + W_hk h_{t−1} + b_hk)          the extra input's gate
    c'_t = f_t ∘ c_{t−1} + i_t ∘ g_t
    c_t = c_{t−1} + k_t ∘ (c'_t − c_{t−1})
    h_t = h_{t−1} + k_t ∘ (o_t ∘ tanh(c'_t) − h_{t−1})

k_t = 0 leaves the state as it was. An LSTM's state is two tensors, so two are held, as in Phased LSTM (Neil et al.
2016, arXiv 1610.09513), whose k_t is a periodic function of the time stamp.

Input and shapes as in lstm_write.py: u_t (B, 1) is the last feature and reaches k_t alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class LSTMHold(Cell):
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
        k = torch.sigmoid(k)
        moved = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = h + k * (torch.sigmoid(o) * torch.tanh(moved) - h)
        return h, c + k * (moved - c)
