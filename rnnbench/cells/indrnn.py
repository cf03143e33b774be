"""Independently recurrent network: Li, Li, Cook, Zhu & Gao 2018 (arXiv 1803.04831, sec. 3).

    h_t = φ(W x_t + u ∘ h_{t−1} + b),    φ = relu or tanh

A unit hears of itself alone; others come in through the next layer. `weight_hh` is u, (H,), drawn from U(0, 1): the
paper's range for relu ends at 2^(1/T), which is 1.01 at T = 100, and above 1 a unit grows at every step. The
paper clips u to that range in training; here nothing bounds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.errors import UsageError


@dataclass(frozen=True)
class IndRNNCell(Cell):
    """`nonlinearity` is φ: "relu" or "tanh"."""

    nonlinearity: Literal["relu", "tanh"] = "relu"

    gates = ("h",)

    def __post_init__(self) -> None:
        if self.nonlinearity not in ("relu", "tanh"):
            raise UsageError(
                "unknown nonlinearity", key="cell.nonlinearity", value=self.nonlinearity, allowed="relu, tanh"
            )

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (hidden_size, input_size), "weight_hh": (hidden_size,)}
        return shapes | ({"bias_ih": (hidden_size,)} if bias else {})

    def initial(self, role: str, parameter: Tensor, hidden_size: int) -> None:
        if role == "weight_hh":
            nn.init.uniform_(parameter, 0, 1)
        else:
            super().initial(role, parameter, hidden_size)

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        φ = torch.relu if self.nonlinearity == "relu" else torch.tanh
        return (φ(gates_x + p["weight_hh"] * h),)
