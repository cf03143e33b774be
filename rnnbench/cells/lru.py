"""Linear recurrent unit: Orvieto et al. 2023 (arXiv 2303.06349, sec. 3 and appendix A), with its block's gated output.

    λ = exp(−exp(ν) + i exp(θ))                     complex, inside the unit circle: (H,)
    s_t = λ ∘ s_{t−1} + exp(γ) ∘ (B x_t)            complex, s for the paper's x
    y_t = Re(C s_t) + D x_t
    h_t = (W_1 a + b_1) ∘ σ(W_2 a + b_2),  a = GELU(y_t)

y hangs linearly on all inputs: without something behind it no model of one layer could learn anything but a linear map,
so the block's gated linear unit is part of the cell; `layer_norm` and `residual` are the rest of the block. No state is
read but by itself, so all steps are computed at once (`scan`). State and output are both H wide. D is a matrix, since
I need not be H; in the paper's code it is a diagonal.

weight_ih (3H, I): Re B, Im B, D, drawn from N(0, 1/2I), N(0, 1/2I), N(0, 1/I). weight_out (H, 2H): Re C, −Im C, from
N(0, 1/H). ring (3, H): ν, θ, γ so that |λ|² is uniform in (r_min², r_max²), its phase in (0, max_phase), and exp(γ) =
√(1 − |λ|²), by which each unit's state begins as large as its input. weight_glu (2H, H), bias_glu (2H,) as torch.nn's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.cells import scan
from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.errors import UsageError


@dataclass(frozen=True)
class LRUCell(Cell):
    """`r_min`, `r_max`, `max_phase`: the part of the ring from which λ is drawn."""

    r_min: float = 0.0
    r_max: float = 1.0
    max_phase: float = 6.28

    gates = ("re", "im", "skip")
    state = ("h", "re", "im")

    def __post_init__(self) -> None:
        if not 0 <= self.r_min < self.r_max <= 1:
            raise UsageError("no ring", key="cell.r_min", value=self.r_min, allowed="0 up to cell.r_max, at most 1")
        if not self.max_phase > 0:
            raise UsageError("no part of a circle", key="cell.max_phase", value=self.max_phase, allowed="above 0")

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        H = hidden_size
        shapes = {"weight_ih": (3 * H, input_size), "ring": (3, H), "weight_out": (H, 2 * H), "weight_glu": (2 * H, H)}
        return shapes | ({"bias_glu": (2 * H,)} if bias else {})

    @torch.no_grad()
    def initial(self, role: str, parameter: Tensor, hidden_size: int) -> None:
        H, std = hidden_size, 1 / math.sqrt(parameter.shape[-1])
        if role == "weight_ih":
            nn.init.normal_(parameter[: 2 * H], std=std / math.sqrt(2))
            nn.init.normal_(parameter[2 * H :], std=std)
        elif role == "weight_out":
            nn.init.normal_(parameter, std=1 / math.sqrt(H))
        elif role == "ring":
            least = torch.finfo(parameter.dtype).tiny
            square = parameter[0].uniform_(self.r_min**2, self.r_max**2).clamp_(least, 1 - 1e-6)  # |λ|²
            parameter[2] = 0.5 * torch.log1p(-square)
            parameter[0] = torch.log(-0.5 * torch.log(square))
            parameter[1].uniform_(0, self.max_phase).clamp_(least).log_()
        else:
            super().initial(role, parameter, H)

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        re, im, skip = gates_x.chunk(3, dim=-1)  # (B, H) each
        λ, γ = _ring(p)
        s = λ * torch.complex(state[1], state[2]) + γ * torch.complex(re, im)
        return _read(s, skip, p)

    def over_time(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        re, im, skip = gates_x.chunk(3, dim=-1)  # (T, B, H) each
        λ, γ = _ring(p)
        s = scan.linear(λ.expand(re.shape), γ * torch.complex(re, im), torch.complex(state[1], state[2]))
        return _read(s, skip, p)


def _ring(p: Parameters) -> tuple[Tensor, Tensor]:
    """λ and exp(γ): (H,) each."""
    ν, θ, γ = p["ring"].exp()
    return torch.polar(torch.exp(-ν), θ), γ


def _read(s: Tensor, skip: Tensor, p: Parameters) -> State:
    y = F.linear(torch.cat((s.real, s.imag), dim=-1), p["weight_out"]) + skip
    return F.glu(F.linear(F.gelu(y), p["weight_glu"], p.get("bias_glu"))), s.real, s.imag
