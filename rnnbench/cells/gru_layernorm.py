"""Layer-normalised GRU: Ba, Kiros & Hinton 2016 (arXiv 1607.06450, supplementary material).

    (z_t, r_t) = LN(W_h h_{t−1}; α_1, β_1) + LN(W_x x_t; α_2, β_2)
    n_t = tanh(LN(W x_t; α_3, β_3) + σ(r_t) ∘ LN(U h_{t−1}; α_4, β_4))      candidate, ĥ in the paper
    h_t = (1 − σ(z_t)) ∘ h_{t−1} + σ(z_t) ∘ n_t

    LN(a; α, β) = α ∘ (a − mean a) / √(var a + 10⁻⁵) + β

Mean and variance are those of both gates' 2H numbers together, and of the candidate's H. The reset gate acts after the
product, as in `gru`; z_t weights the candidate, as in `gru_reset_before`. 10⁻⁵ is the authors' code's.

Gate order r, z, n is `gru`'s. gain_ih (3H,): α_2, α_3; gain_hh (3H,): α_1, α_4, from 1 on; bias_ih, bias_hh (3H,) are
the β, from 0 on.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class GRULayerNormCell(Cell):
    narrowest = 2
    gates = ("r", "z", "n")

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        gains = {"gain_ih": (3 * hidden_size,), "gain_hh": (3 * hidden_size,)}
        return super().parameter_shapes(input_size, hidden_size, bias) | gains

    def initial(self, role: str, parameter: Tensor, hidden_size: int) -> None:
        if role.startswith("gain"):
            nn.init.ones_(parameter)
        elif role.startswith("bias"):
            nn.init.zeros_(parameter)
        else:
            super().initial(role, parameter, hidden_size)

    def project(self, x: Tensor, p: Parameters) -> Tensor:
        return normalised(F.linear(x, p["weight_ih"]), p["gain_ih"], p.get("bias_ih"))

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        r_x, z_x, n_x = gates_x.chunk(3, dim=-1)  # (B, H) each
        gates_h = normalised(F.linear(h, p["weight_hh"]), p["gain_hh"], p.get("bias_hh"))  # (B, 3H)
        r_h, z_h, n_h = gates_h.chunk(3, dim=-1)
        r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
        n = torch.tanh(n_x + r * n_h)
        return ((1 - z) * h + z * n,)


def normalised(a: Tensor, gain: Tensor, bias: Tensor | None) -> Tensor:
    """r and z (·, 2H) together, n (·, H) by itself."""
    H = a.shape[-1] // 3
    parts = a.split([2 * H, H], dim=-1)
    a = gain * torch.cat([F.layer_norm(part, part.shape[-1:]) for part in parts], dim=-1)
    return a if bias is None else a + bias
