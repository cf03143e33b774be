"""What every recurrent cell is: a stack of gates, a state, and one step through time.

Symbols and shapes used by every cell file:

    T  sequence length      B  batch size       I  input size       H  hidden size       G  number of gates
    x_t  (B, I)             h_t  (B, H)         weight_ih  (G·H, I)                       weight_hh  (G·H, H)

The gates of one cell are stacked along the first axis of its weights in the order of `Cell.gates`, as torch.nn does, so
that the input's share of all gates, W_ih x_t + b_ih, is one matrix product for the whole sequence (`Cell.project`) and
only the recurrent share stays in the loop (`Cell.step`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

Parameters = Mapping[str, Tensor]
"""One layer and direction's tensors by role: weight_ih, weight_hh and, when there are biases, bias_ih, bias_hh; a cell
may have others."""

State = tuple[Tensor, ...]
"""What is carried from step to step, hidden state first; each (B, H), or as wide as `Cell.state_sizes` says."""


class Cell(ABC):
    """The equations of one recurrent cell.

    Subclasses are frozen dataclasses: their fields are the cell's own options (`nonlinearity` of the plain RNN) and
    become keys on the command line (`cell.nonlinearity=relu`).
    """

    gates: ClassVar[tuple[str, ...]]
    """Names of the gates in the order in which their rows stand in the weights."""

    state: ClassVar[tuple[str, ...]] = ("h",)
    """Names of the carried tensors; the first is the output."""

    forget_gate: ClassVar[str | None] = None
    """The gate that `forget_bias` sets, if the cell has one."""

    input_gate: ClassVar[str | None] = None
    """The gate beside it that `forget_bias=chrono` starts at the opposite bias, if the cell has one."""

    narrowest: ClassVar[int] = 1
    """The fewest inputs and units with which its gradients are well conditioned: a layer norm takes the size, and so
    almost all that there is, out of one number alone."""

    averages: ClassVar[bool] = True
    """Whether two of its states may be averaged number by number, as zoneout does."""

    def __init_subclass__(cls, **options: Any) -> None:
        """A cell that changes the equations of the one it derives from is no longer what torch.nn has, nor what that
        one computes over time."""
        super().__init_subclass__(**options)
        cls._forget("torch_mode", property(lambda self: None))
        cls._forget("over_time", Cell.over_time)

    @classmethod
    def _forget(cls, what: str, instead: Any) -> None:
        named_by = next(base for base in cls.__mro__ if what in vars(base))
        equations = ("gates", "state", "project", "step")  # which may also come from a mixin
        if any(getattr(cls, name, None) is not getattr(named_by, name, None) for name in equations):
            setattr(cls, what, instead)

    @property
    def torch_mode(self) -> str | None:
        """What torch.nn calls this very cell ("LSTM", "GRU", "RNN_TANH", "RNN_RELU"), or None if torch lacks it."""
        return None

    def parameter_shapes(self, input_size: int, hidden_size: int, bias: bool) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor of one layer and direction, by role, in torch.nn's order."""
        rows = len(self.gates) * hidden_size
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, input_size), "weight_hh": (rows, hidden_size)}
        if bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        return shapes

    def state_sizes(self, hidden_size: int) -> tuple[int, ...]:
        """The width of each carried tensor."""
        return (hidden_size,) * len(self.state)

    def initial(self, role: str, parameter: Tensor, hidden_size: int) -> None:
        """Draw a parameter's initial values, in place, from torch's generator: U(−1/√H, 1/√H), as torch.nn's."""
        bound = 1 / math.sqrt(hidden_size)
        nn.init.uniform_(parameter, -bound, bound)

    def project(self, x: Tensor, p: Parameters) -> Tensor:
        """The input's share of every gate, for all steps at once: (T, B, I) → (T, B, G·H)."""
        return F.linear(x, p["weight_ih"], p.get("bias_ih"))

    def over_time(self, gates_x: Tensor, state: State, p: Parameters) -> State | None:
        """All steps at once, for cells whose recurrence is linear: (T, B, G·H) → the state after each, (T, B, ·) each.

        None, as here: step by step. The same numbers as `step`'s, to rounding.
        """
        return None

    def reachable(self, state: State) -> State:
        """A state that steps can lead to, from any numbers of its shape: where checks draw their initial states."""
        return state

    @abstractmethod
    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        """One step: the projected input (B, G·H) and the state before it → the state after it."""
