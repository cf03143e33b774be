"""LSTM with a recurrent projection: Sak, Senior & Beaufays 2014 (arXiv 1402.1128, eqs. 7–12, without peepholes).

    i_t, f_t, o_t = σ(W x_t + b + W_h h_{t−1} + b_h)        g_t = tanh(…), as in `lstm`
    c_t = f_t ∘ c_{t−1} + i_t ∘ g_t                          (B, H)
    h_t = W_hr (o_t ∘ tanh(c_t))                             (B, P), P = proj_size < H

What is carried on and read is P wide, so weight_hh is (4H, P); W_hr is weight_hr (P, H). torch.nn.LSTM has it as its
`proj_size`; nothing else than `rnnbench.LSTM(proj_size=…)` makes this cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Parameters, State
from rnnbench.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMProjectedCell(LSTMCell):
    """`proj_size` is P."""

    proj_size: int

    @property
    def torch_mode(self) -> str:
        return "LSTM"

    def state_sizes(self, hidden_size: int) -> tuple[int, ...]:
        return self.proj_size, hidden_size

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        shapes = super().parameter_shapes(input_size, hidden_size, bias)
        shapes["weight_hh"] = (4 * hidden_size, self.proj_size)
        return shapes | {"weight_hr": (self.proj_size, hidden_size)}

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        h, c = super().step(gates_x, state, p)  # (B, H) each
        return F.linear(h, p["weight_hr"]), c
