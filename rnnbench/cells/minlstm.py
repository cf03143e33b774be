"""minLSTM: Feng, Tung, Ahmed, Bengio & Hajimirsadegh 2024 (arXiv 2410.01201, sec. 3.2, with the gates normalised).

    f_t = σ(W_f x_t + b_f),  i_t = σ(W_i x_t + b_i)
    n_t = W_n x_t + b_n                             candidate, h̃ in the paper
    h_t = f_t / (f_t + i_t) ∘ h_{t−1} + i_t / (f_t + i_t) ∘ n_t

Neither gates nor candidate read the state, so h is a linear recurrence and all steps are computed at once (`scan`). As
in `mingru` the main text's linear candidate is followed, not the appendix's positive one.

With s(a) = log(1 + e^−a) = −log σ(a), f / (f + i) is σ(s(i) − s(f)) of the gates' inputs: nothing can be 0 / 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells import scan
from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class MinLSTMCell(Cell):
    gates = ("f", "i", "n")
    forget_gate = "f"
    input_gate = "i"

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (3 * hidden_size, input_size)}
        return shapes | ({"bias_ih": (3 * hidden_size,)} if bias else {})

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        kept, new = _shares(gates_x)  # (B, H) each
        return (kept * state[0] + new,)

    def over_time(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        kept, new = _shares(gates_x)  # (T, B, H) each
        return (scan.linear(kept, new, state[0]),)


def _shares(gates_x: Tensor) -> tuple[Tensor, Tensor]:
    """What is kept of the state, and what is added to it."""
    f, i, n = gates_x.chunk(3, dim=-1)
    more = F.logsigmoid(f) - F.logsigmoid(i)
    return torch.sigmoid(more), torch.sigmoid(-more) * n
