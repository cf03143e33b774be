"""The plain recurrent network: Elman 1990, eq. of torch.nn.RNN.

h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh),    φ = tanh or relu
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.errors import UsageError


@dataclass(frozen=True)
class RNNCell(Cell):
    """`nonlinearity` is φ: "tanh" or "relu"."""

    nonlinearity: Literal["tanh", "relu"] = "tanh"

    gates = ("h",)

    def __post_init__(self) -> None:
        if self.nonlinearity not in ("tanh", "relu"):
            raise UsageError(
                "unknown nonlinearity", key="cell.nonlinearity", value=self.nonlinearity, allowed="tanh, relu"
            )

    @property
    def torch_mode(self) -> str:
        return f"RNN_{self.nonlinearity.upper()}"

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state  # (B, H)
        φ = torch.tanh if self.nonlinearity == "tanh" else torch.relu
        return (φ(gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh"))),)
