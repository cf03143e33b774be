"""Layer-normalised LSTM: Ba, Kiros & Hinton 2016 (arXiv 1607.06450, supplementary material).

    (f_t, i_t, o_t, g_t) = LN(W_h h_{t−1}; α_1, β_1) + LN(W_x x_t; α_2, β_2) + b
    c_t = σ(f_t) ∘ c_{t−1} + σ(i_t) ∘ tanh(g_t)
    h_t = σ(o_t) ∘ tanh(LN(c_t; α_3, β_3))

    LN(a; α, β) = α ∘ (a − mean a) / √(var a + 10⁻⁵) + β

Mean and variance are those of all four gates' 4H numbers together, as in the paper and its authors' code (10⁻⁵ is
theirs); TensorFlow's cell takes each gate by itself. Gates stand in `lstm`'s order.

gain_ih, gain_hh (4H,), gain_c (H,): α_2, α_1, α_3, from 1 on. bias_ih (4H,) is b + β_2, drawn as the LSTM's b; bias_hh
(4H,) and bias_c (H,) are β_1 and β_3, from 0 on.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class LSTMLayerNormCell(Cell):
    narrowest = 2
    gates = ("i", "f", "g", "o")
    state = ("h", "c")
    forget_gate = "f"
    input_gate = "i"

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        H = hidden_size
        gains = {"gain_ih": (4 * H,), "gain_hh": (4 * H,), "gain_c": (H,)}
        return super().parameter_shapes(input_size, H, bias) | gains | ({"bias_c": (H,)} if bias else {})

    def initial(self, role: str, parameter: Tensor, hidden_size: int) -> None:
        if role.startswith("gain"):
            nn.init.ones_(parameter)
        elif role in ("bias_hh", "bias_c"):
            nn.init.zeros_(parameter)
        else:
            super().initial(role, parameter, hidden_size)

    def project(self, x: Tensor, p: Parameters) -> Tensor:
        return normalised(F.linear(x, p["weight_ih"]), p["gain_ih"], p.get("bias_ih"))

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        h, c = state  # (B, H) each
        gates = gates_x + normalised(F.linear(h, p["weight_hh"]), p["gain_hh"], p.get("bias_hh"))  # (B, 4H)
        i, f, g, o = gates.chunk(4, dim=-1)  # (B, H) each
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(normalised(c, p["gain_c"], p.get("bias_c"))), c


def normalised(a: Tensor, gain: Tensor, bias: Tensor | None) -> Tensor:
    return F.layer_norm(a, a.shape[-1:], gain, bias)
