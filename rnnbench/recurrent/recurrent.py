"""A cell as a module: what torch.nn.LSTM, GRU and RNN are to their cells, for every cell.

Constructor, parameter names, shapes, gate order, initial distribution and calling convention are torch.nn's, so a
state_dict loads in both directions and the same seed gives the same weights. On top of that, `backend` chooses how the
cell is carried through time, `forget_bias` sets the forget gate's initial bias (recurrent/forget_bias.py), and a call
may say the `lengths` of padded sequences. What differs from torch.nn, and why, is in docs/drop_in.md.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from numbers import Real
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.recurrent import backends, forward_only, op, options, seen
from rnnbench.recurrent import forget_bias as forget_biases
from rnnbench.recurrent.backends.base import Stack
from rnnbench.recurrent.drop_in import DropIn
from rnnbench.recurrent.forget_bias import ForgetBias
from rnnbench.recurrent.packing import Packing, Padded, checked_lengths


class Recurrent(DropIn):
    """`num_layers` layers of a cell, in one or both directions.

    Parameters are registered as torch.nn names them: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then the same
    with `_reverse`, then layer 1. The cell draws their initial values: all of U(−1/√H, 1/√H) for torch.nn's.

    dropout: probability, applied to the output of every layer but the last while training.
    layer_norm, residual, recurrent_dropout, zoneout: recurrent/options.py.
    computes_in: "bfloat16" rounds input, state and weights to it on their way to the backend; parameters, gradients,
        output and last state stay in their own dtype. None: all in that one.
    forget_bias: when given, the forget gate's two biases start at this value and 0; "chrono" spreads it over the times
        up to `longest`, the number of steps of the longest sequence, which nothing else needs.

    Raises TypeError for sizes that are no integers or flags that are no booleans; ValueError for sizes that are not
    positive, a dropout outside [0, 1], a forget_bias on a cell without a forget gate or without biases, or "chrono"
    without `longest`; UsageError for "chrono" with a `longest` below 3, for options that this cell cannot have, and for
    a backend that is unknown or cannot run this cell with them.

    >>> import rnnbench, torch
    >>> from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
    >>> layer = rnnbench.Recurrent(GRUResetBeforeCell(), input_size=2, hidden_size=64, num_layers=2)
    >>> output, h = layer(torch.rand(10, 3, 2))  # (T, B, I)
    >>> tuple(output.shape), tuple(h.shape)
    ((10, 3, 64), (2, 3, 64))
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
        layer_norm: bool = False,
        residual: bool = False,
        recurrent_dropout: float = 0.0,
        zoneout: float = 0.0,
        computes_in: Literal["bfloat16"] | None = None,
    ):
        nn.Module.__init__(self)  # not RNNBase's, which makes the parameters of torch's own cells
        num_layers = operator.index(num_layers)
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
            if not isinstance(size, int):
                raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")  # torch.nn's words
            if size < 1:
                raise ValueError(f"{name} must be greater than zero, got {size}")
        for name, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")
        rate = float(dropout)  # first: TypeError for None, as with torch.nn
        if not isinstance(dropout, float | Real) or isinstance(dropout, bool) or not 0 <= rate <= 1:
            raise ValueError(f"dropout should be a number in range [0, 1], got {dropout}")
        if dropout and num_layers == 1:
            warnings.warn("dropout acts between layers: with num_layers=1 it does nothing", stacklevel=2)
        forget_biases.check(forget_bias, longest, cell, bias)
        options.check(cell, num_layers, layer_norm, residual, recurrent_dropout, zoneout, computes_in)
        self.cell = cell
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = rate
        self.bidirectional = bidirectional
        self.backend = backend
        self.forget_bias, self.longest = forget_bias, longest
        self.layer_norm, self.residual = layer_norm, residual
        self.recurrent_dropout, self.zoneout = recurrent_dropout, zoneout
        self.computes_in = computes_in

        self._names: list[list[dict[str, str]]] = []  # [layer][direction]: role → parameter name
        directions = 2 if bidirectional else 1
        for layer in range(num_layers):
            width = input_size if layer == 0 else directions * cell.state_sizes(hidden_size)[0]
            self._names.append([])
            for suffix in ("", "_reverse")[:directions]:
                shapes = cell.parameter_shapes(width, hidden_size, bias)
                names = {role: f"{role}_l{layer}{suffix}" for role in shapes}
                for role, shape in shapes.items():
                    self.register_parameter(names[role], nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
                self._names[-1].append(names)
        if layer_norm:
            self.norms = nn.ModuleList(
                nn.LayerNorm(directions * cell.state_sizes(hidden_size)[0], device=device, dtype=dtype)
                for _ in range(num_layers - 1)
            )
        self._resolve_backend()
        self._remember_as_torch_does()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Let the cell draw every parameter, then set the forget gate's bias if one was asked for."""
        roles = {name: role for layer in self._names for names in layer for role, name in names.items()}
        for norm in self._norms():
            norm.reset_parameters()
        for name, parameter in self.named_parameters():
            if not name.startswith("norms."):
                self.cell.initial(roles.get(name, name), parameter, self.hidden_size)
        if self.forget_bias is None:
            return
        for directions in self._layers():
            for p in directions:
                forget_biases.start(self.forget_bias, self.longest, self.cell, self.hidden_size, p)

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Tensor | tuple[Tensor, ...] | None = None,
        lengths: Tensor | Sequence[int] | None = None,
    ) -> tuple[Any, Any]:
        """As torch.nn: (T, B, I), (B, T, I) with `batch_first`, unbatched (T, I) or packed → output, last state.

        The state is h, or a tuple such as (h, c) for a cell that carries more; each tensor is (L·D, B, H), unbatched
        (L·D, H), zero when not given. Output is (T, B, D·H), with the axes of the input; with projections h and output
        are P wide instead of H.

        lengths: (B,) integers from 1 to T, how many steps of each sequence are real. What stands behind them is never
            read, the output there is zero, the last state is that of each sequence's last real step, and the reverse
            direction starts there.

        Raises, as torch.nn does, ValueError for an input that is not 2-D or 3-D or not of the weights' dtype, and
        RuntimeError for no steps or sizes that do not fit; ValueError for lengths that cannot be.
        """
        if lengths is None and type(input) is Tensor and not torch.is_grad_enabled():
            found = self._forward_only(input, hx)
            if found is not None:
                return found
        if not isinstance(input, Tensor):
            if isinstance(input, PackedSequence):
                if lengths is not None:
                    raise ValueError("expected no lengths beside a PackedSequence, which has its own")
                return self._forward_packed(input, hx)
            if self.is_traced_by_fx(input):
                return self.as_leaf(input, hx, lengths)
        if input.dim() not in (2, 3):
            raise ValueError(f"Expected input to be 2D or 3D, got {input.dim()}D instead")
        batched = input.dim() == 3
        x = input if batched else input.unsqueeze(1)
        if batched and self.batch_first:
            x = x.transpose(0, 1)
        self._check_input(x)
        if x.shape[0] == 0:
            raise RuntimeError("expected at least one time step")
        if lengths is not None:
            return self._forward_lengths(x, hx, lengths, batched)
        output, state = self._run(x, self._initial_state(x, x.shape[1], hx, batched), None)
        return self._as_given(output, batched), self._as_state(state, batched)

    def _forward_only(self, x: Tensor, hx: Any) -> tuple[Tensor, Any] | None:
        """The shortest way, where `backend` leaves it open and nothing is out of the ordinary."""
        if self.backend not in ("auto", "fused") or (self.training and self.dropout):
            return None
        options = self.layer_norm, self.residual, self.recurrent_dropout, self.zoneout
        if any(options) or self.computes_in or torch.is_autocast_enabled("cpu") or x.dim() != 3:
            return None
        if self.backend == "auto":
            T, B = (x.shape[1], x.shape[0]) if self.batch_first else x.shape[:2]
            if not backends.BACKENDS["fused"].preferred(self.cell, (T, B, self.input_size, self.hidden_size)):
                return None
        found = self._parameters
        layers = [[[found.get(name) for name in names.values()] for names in directions] for directions in self._names]
        return forward_only.run(self.cell, layers, x, hx, self.hidden_size, self.batch_first)

    @property
    def used_backend(self) -> str:
        """The backend that runs: `backend` itself, or what "auto" stands for on this device and dtype."""
        return self._resolve_backend()

    def _run(self, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
        T, B = x.shape[:2] if packing is None else packing.shape
        layers = self._layers()
        if self.recurrent_dropout and self.training:
            layers = [[options.unheard(p, self.recurrent_dropout) for p in directions] for directions in layers]
        cell = options.zoned(self.cell, self.zoneout, self.training)
        stack = Stack(cell, layers, self.dropout, self.training, self._norms(), self.residual)
        name = self._resolve_backend((T, B, self.input_size, self.hidden_size))
        return backends.forward(name, stack, x, state, packing, self.computes_in)

    def _forward_packed(self, packed: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        x, batch_sizes, order, back = packed
        if x.dim() != 2:
            raise RuntimeError(f"input must have 2 dimensions, got {x.dim()}")
        if batch_sizes.dim() != 1 or not len(batch_sizes):
            raise RuntimeError(f"expected batch_sizes, one for each step, got {tuple(batch_sizes.shape)}")
        self._check_input(x)
        packing = Packing(batch_sizes.resolve_neg().clone(), int(batch_sizes[0]))  # users may change theirs
        state = self._initial_state(x, packing.batch, hx, batched=True)
        if order is not None:
            state = tuple(s.index_select(1, order) for s in state)
        output, state = self._run(x, state, packing)
        if back is not None:
            state = tuple(s.index_select(1, back) for s in state)
        return PackedSequence(output, batch_sizes, order, back), self._as_state(state, batched=True)

    def _forward_lengths(self, x: Tensor, hx: Any, lengths: Any, batched: bool) -> tuple[Tensor, Any]:
        T, B = x.shape[:2]
        state = self._initial_state(x, B, hx, batched)
        if not batched:
            lengths = torch.as_tensor(lengths).reshape(-1)
        numbers = checked_lengths(lengths, T, B)
        if B == 0 or (min(numbers) == T and seen.way((x,)) == "kernel"):  # a trace would keep to the branch it saw
            output, state = self._run(x, state, None)
            return self._as_given(output, batched), self._as_state(state, batched)
        padded = Padded(numbers, T, x.device)
        state = tuple(s.index_select(1, padded.order) for s in state)
        output, state = self._run(padded.pack(x), state, padded.packing)
        state = tuple(s.index_select(1, padded.unsorted) for s in state)
        return self._as_given(padded.unpack(output), batched), self._as_state(state, batched)

    def _as_given(self, output: Tensor, batched: bool) -> Tensor:
        if not batched:
            return output.squeeze(1)
        return op.batch_first(output) if self.batch_first else output

    def _layers(self) -> list[list[Parameters]]:
        return [[{r: self._parameter(n) for r, n in names.items()} for names in layer] for layer in self._names]

    def _norms(self) -> Any:
        return self._modules.get("norms", ())  # there where they were asked for

    def _parameter(self, name: str) -> Tensor:
        found = self._parameters.get(name)
        if found is not None:
            return found
        found = getattr(self, name)  # one that is computed: torch.nn.utils.parametrize
        if found is None:
            raise TypeError(f"expected a tensor as {name}, got None")
        return found

    def _check_input(self, x: Tensor) -> None:
        weight = self._first_weight()
        if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: model.to({x.dtype})"
            )
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.shape[-1]}"
            )

    def _first_weight(self) -> Tensor:
        return self._parameter(next(iter(self._names[0][0].values())))

    def _resolve_backend(self, shape: tuple[int, int, int, int] | None = None) -> str:
        weight = self._first_weight()
        cell, between = options.zoned(self.cell, self.zoneout), self.layer_norm or self.residual
        dtype = weight.dtype if self.computes_in is None else getattr(torch, self.computes_in)
        return backends.choose(self.backend, cell, weight.device, dtype, shape, between)

    def _initial_state(self, x: Tensor, batch: int, hx: Any, batched: bool) -> State:
        count = self.num_layers * (2 if self.bidirectional else 1)
        shapes = [(count, batch, size) for size in self.cell.state_sizes(self.hidden_size)]
        if hx is None:
            h = x.new_zeros(shapes[0])
            return tuple(h if shape == shapes[0] else x.new_zeros(shape) for shape in shapes)  # nobody writes to them
        given = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        if len(given) != len(self.cell.state):
            raise RuntimeError(f"expected a state of {' and '.join(self.cell.state)}, got {len(given)} tensors")
        state = given if batched else tuple(s.unsqueeze(1) for s in given)
        for name, tensor, shape in zip(self.cell.state, state, shapes, strict=True):
            if tuple(tensor.shape) != shape:
                raise RuntimeError(f"expected initial {name} of shape {shape}, got {tuple(tensor.shape)}")
        return state
