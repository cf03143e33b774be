"""LSTM with peepholes: Gers & Schmidhuber 2000; equations of the vanilla LSTM of Greff et al. 2017 (arXiv 1503.04069,
sec. II-A).

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t−1} + b_hi + p_i ∘ c_{t−1})
    f_t = σ(W_if x_t + b_if + W_hf h_{t−1} + b_hf + p_f ∘ c_{t−1})
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t−1} + b_hg)
    c_t = f_t ∘ c_{t−1} + i_t ∘ g_t
    o_t = σ(W_io x_t + b_io + W_ho h_{t−1} + b_ho + p_o ∘ c_t)      the new state
    h_t = o_t ∘ tanh(c_t)

The gates see the state that they guard. `peephole` is (3H,): p_i, p_f, p_o; beside it all is as in `lstm`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class PeepholeCell(Cell):
    gates = ("i", "f", "g", "o")
    state = ("h", "c")
    forget_gate = "f"
    input_gate = "i"

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        return super().parameter_shapes(input_size, hidden_size, bias) | {"peephole": (3 * hidden_size,)}

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        h, c = state  # (B, H) each
        gates = gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))  # (B, 4H)
        i, f, g, o = gates.chunk(4, dim=-1)  # (B, H) each
        p_i, p_f, p_o = p["peephole"].chunk(3)  # (H,) each
        c = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * torch.tanh(g)
        return torch.sigmoid(o + p_o * c) * torch.tanh(c), c
