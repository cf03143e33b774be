"""minGRU: Feng, Tung, Ahmed, Bengio & Hajimirsadegh 2024 (arXiv 2410.01201, sec. 3.1).

    z_t = σ(W_z x_t + b_z)
    n_t = W_n x_t + b_n                             candidate, h̃ in the paper
    h_t = (1 − z_t) ∘ h_{t−1} + z_t ∘ n_t

Neither gate nor candidate reads the state, so h is a linear recurrence and all steps are computed at once (`scan`). The
paper's appendix, which scans in logarithms, makes the candidate positive first, g(x) = x + 1/2 or σ(x); this scan needs
no logarithm, and the main text's candidate is followed. lucidrains' code has g, and so trains another cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnbench.cells import scan
from rnnbench.cells.base import Cell, Parameters, State


@dataclass(frozen=True)
class MinGRUCell(Cell):
    gates = ("z", "n")

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (2 * hidden_size, input_size)}
        return shapes | ({"bias_ih": (2 * hidden_size,)} if bias else {})

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        z, n = gates_x.chunk(2, dim=-1)  # (B, H) each
        z = torch.sigmoid(z)
        return ((1 - z) * h + z * n,)

    def over_time(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        z, n = gates_x.chunk(2, dim=-1)  # (T, B, H) each
        z = torch.sigmoid(z)
        return (scan.linear(1 - z, z * n, state[0]),)
