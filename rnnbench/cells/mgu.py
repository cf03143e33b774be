"""Minimal gated unit: Zhou, Wu, Zhang & Zhou 2016 (arXiv 1603.09420).

    f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf)              forget gate
    n_t = tanh(W_in x_t + b_in + W_hn (f_t ∘ h_{t−1}) + b_hn)   candidate, h̃ in the paper
    h_t = (1 − f_t) ∘ h_{t−1} + f_t ∘ n_t

One gate does two things: it resets, and it writes. The paper calls it forget gate, yet near 1 it overwrites, so
`forget_bias`, by which a cell starts out remembering, is none of it. It is `ugrnn` whose gate also resets (with the
gate's sign turned), and `gru_reset_before` without a reset gate of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class MGUCell(Cell):
    gates = ("f", "n")

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        f_x, n_x = gates_x.chunk(2, dim=-1)  # (B, H) each
        w_f, w_n = p["weight_hh"].chunk(2)  # (H, H) each
        b_f, b_n = p["bias_hh"].chunk(2) if "bias_hh" in p else (None, None)
        f = torch.sigmoid(f_x + F.linear(h, w_f, b_f))
        n = torch.tanh(n_x + F.linear(f * h, w_n, b_n))
        return ((1 - f) * h + f * n,)
