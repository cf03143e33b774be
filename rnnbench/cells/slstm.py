"""sLSTM, with exponential gates: Beck et al. 2024 (arXiv 2405.04517, sec. 2.2), with one head.

    ĩ_t, f̃_t, z̃_t, õ_t = W x_t + R h_{t−1} + b
    c_t = f_t ∘ c_{t−1} + i_t ∘ tanh(z̃_t)           f_t = σ(f̃_t), i_t = exp(ĩ_t)
    n_t = f_t ∘ n_{t−1} + i_t                       normaliser
    h_t = σ(õ_t) ∘ c_t / n_t

c and n are carried divided by exp(m_t), so that nothing overflows; h_t is the same whatever m is:

    m_t = max(log f_t + m_{t−1}, ĩ_t)               stabiliser
    i'_t = exp(ĩ_t − m_t),  f'_t = exp(log f_t + m_{t−1} − m_t)     in the places of i_t, f_t above

The paper leaves f = σ or exp; its code's vanilla cell is followed: σ, and m_t = ĩ_t where nothing is carried (n = 0).
Gates stand in the order of that code, z is the candidate; bias_hh, of which the paper has none, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class SLSTMCell(Cell):
    gates = ("i", "f", "z", "o")
    state = ("h", "c", "n", "m")
    forget_gate = "f"
    averages = False  # c and n are in units of exp(m)

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        shapes = super().parameter_shapes(input_size, hidden_size, bias)
        shapes.pop("bias_hh", None)
        return shapes

    def reachable(self, state: State) -> State:
        h, c, n, m = state
        return h, c, 0.5 + n.abs(), m  # a sum of exponentials

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        h, c, n, m = state  # (B, H) each
        i, f, z, o = (gates_x + F.linear(h, p["weight_hh"])).chunk(4, dim=-1)  # (B, H) each
        kept = F.logsigmoid(f) + m  # log of what is kept
        m = torch.where(n == 0, i, torch.maximum(kept, i))
        i, f = torch.exp(i - m), torch.exp((kept - m).masked_fill(n == 0, -torch.inf))
        c, n = f * c + i * torch.tanh(z), f * n + i
        return torch.sigmoid(o) * c / n, c, n, m
