"""Recurrent layers: drop-in for torch.nn.LSTM, GRU and RNN, and the same for every other cell.

Constructor, parameter names, shapes, gate order, initial distribution and calling convention are torch.nn's, so a
state_dict loads in both directions and the same seed gives the same weights. On top of that, `backend` chooses how the
cell is carried through time and `forget_bias` sets the forget gate's initial bias (recurrent/forget_bias.py).
"""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.recurrent import backends
from rnnbench.recurrent import forget_bias as forget_biases
from rnnbench.recurrent.backends.base import Stack
from rnnbench.recurrent.forget_bias import ForgetBias


class Recurrent(nn.Module):
    """`num_layers` layers of a cell, in one or both directions.

    Parameters are registered as torch.nn names them: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then the same
    with `_reverse`, then layer 1. All are drawn from U(−1/√H, 1/√H).

    dropout: probability, applied to the output of every layer but the last while training.
    forget_bias: when given, the forget gate's two biases start at this value and 0; "chrono" spreads it over the times
        up to `longest`, the number of steps of the longest sequence, which nothing else needs.

    Raises TypeError for sizes that are no integers or flags that are no booleans; ValueError for sizes that are not
    positive, a dropout outside [0, 1], a forget_bias on a cell without a forget gate or without biases, or "chrono"
    without `longest`; UsageError for "chrono" with a `longest` below 3, and for a backend that is unknown or cannot run
    this cell.
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        backend: str = "auto",
        forget_bias: ForgetBias | None = None,
        longest: int | None = None,
    ):
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
            if not isinstance(size, int):
                raise TypeError(f"{name} must be an integer, got {size!r}")
            if size < 1:
                raise ValueError(f"{name} must be a positive integer, got {size}")
        for name, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name} must be True or False, got {flag!r}")
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(f"dropout must be a number in [0, 1], got {dropout}")
        if dropout and num_layers == 1:
            warnings.warn("dropout acts between layers: with num_layers=1 it does nothing", stacklevel=2)
        forget_biases.check(forget_bias, longest, cell, bias)
        self.cell = cell
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.backend = backend
        self.forget_bias = forget_bias
        self.longest = longest

        self._names: list[list[dict[str, str]]] = []  # [layer][direction]: role → parameter name
        directions = 2 if bidirectional else 1
        for layer in range(num_layers):
            width = input_size if layer == 0 else directions * hidden_size
            self._names.append([])
            for suffix in ("", "_reverse")[:directions]:
                shapes = cell.parameter_shapes(width, hidden_size, bias)
                names = {role: f"{role}_l{layer}{suffix}" for role in shapes}
                for role, shape in shapes.items():
                    self.register_parameter(names[role], nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
                self._names[-1].append(names)
        self._resolve_backend()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every parameter from U(−1/√H, 1/√H), then set the forget gate's bias if one was asked for."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)
        if self.forget_bias is None:
            return
        for directions in self._layers():
            for p in directions:
                forget_biases.start(self.forget_bias, self.longest, self.cell, self.hidden_size, p)

    def forward(self, input: Tensor, hx: Tensor | tuple[Tensor, ...] | None = None) -> tuple[Tensor, Any]:
        """As torch.nn: (T, B, I), (B, T, I) with `batch_first`, or unbatched (T, I) → output, last state.

        The state is h, or a tuple such as (h, c) for a cell that carries more; each tensor is (L·D, B, H), unbatched
        (L·D, H), zero when not given. Output is (T, B, D·H), with the axes of the input.

        Raises TypeError for a PackedSequence and, as torch.nn does, ValueError for an input that is not 2-D or 3-D or
        not of the weights' dtype, and RuntimeError for no steps or sizes that do not fit.
        """
        if isinstance(input, PackedSequence):
            raise TypeError("PackedSequence is not supported: pass the padded tensor and mask the loss by the lengths")
        if input.dim() not in (2, 3):
            raise ValueError(f"expected a 2-D or 3-D input, got {input.dim()}-D")
        batched = input.dim() == 3
        x = input if batched else input.unsqueeze(1)
        if batched and self.batch_first:
            x = x.transpose(0, 1)
        weight = self._first_weight()
        if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
            raise ValueError(f"expected an input of the weights' {weight.dtype}, got {x.dtype}")
        if x.shape[0] == 0:
            raise RuntimeError("expected at least one time step")
        if x.shape[-1] != self.input_size:
            raise RuntimeError(f"input.size(-1) must be input_size={self.input_size}, got {x.shape[-1]}")
        state = self._initial_state(x, hx, batched)

        stack = Stack(self.cell, self._layers(), self.dropout, self.training)
        output, state = backends.forward(self._resolve_backend((*x.shape, self.hidden_size)), stack, x, state)

        if not batched:
            output, state = output.squeeze(1), tuple(s.squeeze(1) for s in state)
        elif self.batch_first:
            output = output.transpose(0, 1)
        return output, state if len(self.cell.state) > 1 else state[0]

    def flatten_parameters(self) -> None:
        """Nothing to do: here for code that calls it on torch.nn's layers."""

    @property
    def used_backend(self) -> str:
        """The backend that runs: `backend` itself, or what "auto" stands for on this device and dtype."""
        return self._resolve_backend()

    @property
    def all_weights(self) -> list[list[nn.Parameter]]:
        """Each layer and direction's parameters, as torch.nn orders them."""
        return [[getattr(self, name) for name in names.values()] for layer in self._names for names in layer]

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        for name, default in (("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0.0),
                              ("bidirectional", False), ("forget_bias", None), ("longest", None)):  # fmt: skip
            if getattr(self, name) != default:
                parts.append(f"{name}={getattr(self, name)}")
        return ", ".join([*parts, f"backend={self.backend}"])

    def _layers(self) -> list[list[Parameters]]:
        return [[{r: getattr(self, n) for r, n in names.items()} for names in layer] for layer in self._names]

    def _first_weight(self) -> Tensor:
        weight: Tensor = getattr(self, next(iter(self._names[0][0].values())))
        return weight

    def _resolve_backend(self, shape: tuple[int, int, int, int] | None = None) -> str:
        weight = self._first_weight()
        return backends.choose(self.backend, self.cell, weight.device, weight.dtype, shape)

    def _initial_state(self, x: Tensor, hx: Tensor | tuple[Tensor, ...] | None, batched: bool) -> State:
        count = self.num_layers * (2 if self.bidirectional else 1)
        shape = (count, x.shape[1], self.hidden_size)
        if hx is None:
            return (x.new_zeros(shape),) * len(self.cell.state)  # nobody writes to a state
        given = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        if len(given) != len(self.cell.state):
            raise RuntimeError(f"expected a state of {' and '.join(self.cell.state)}, got {len(given)} tensors")
        state = given if batched else tuple(s.unsqueeze(1) for s in given)
        for name, tensor in zip(self.cell.state, state, strict=True):
            if tuple(tensor.shape) != shape:
                raise RuntimeError(f"expected initial {name} of shape {shape}, got {tuple(tensor.shape)}")
        return state


class LSTM(Recurrent):
    """torch.nn.LSTM, with `backend`, `forget_bias` and `longest`. No projections: proj_size must stay 0."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        backend: str = "auto",
        forget_bias: ForgetBias | None = None,
        longest: int | None = None,
    ):
        if proj_size != 0:
            raise ValueError(f"proj_size is not supported, got {proj_size}")
        super().__init__(LSTMCell(), input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
                         device, dtype, backend=backend, forget_bias=forget_bias, longest=longest)  # fmt: skip


class GRU(Recurrent):
    """torch.nn.GRU, with `backend`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        backend: str = "auto",
    ):
        super().__init__(GRUCell(), input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
                         device, dtype, backend=backend)  # fmt: skip


class RNN(Recurrent):
    """torch.nn.RNN, with `backend`; `nonlinearity` is "tanh" or "relu"."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        backend: str = "auto",
    ):
        super().__init__(RNNCell(nonlinearity), input_size, hidden_size, num_layers, bias, batch_first, dropout,
                         bidirectional, device, dtype, backend=backend)  # fmt: skip
        self.nonlinearity = nonlinearity
