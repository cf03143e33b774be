"""A layer that the fused kernel carries, beside its reference in float64, and every tensor that the two give."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.cells.base import Cell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.recurrent.layers import Recurrent

CELLS = (LSTMCell(), GRUCell(), GRUResetBeforeCell(), RNNCell("tanh"), RNNCell("relu"))


TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}


def name(cell: Cell) -> str:
    return type(cell).__name__ + getattr(cell, "nonlinearity", "")


def error(a: Tensor, b: Tensor) -> float:
    a, b = a.detach().double(), b.detach().double()
    return float((a - b).norm() / b.norm().clamp_min(1e-30))


def everything(model: Recurrent, x: Tensor, state: list[Tensor], upstream: list[Tensor]) -> list[Tensor]:
    """Output, last states, and the gradients of input, initial states and parameters."""
    dtype = next(model.parameters()).dtype
    x = x.detach().to(dtype).clone().requires_grad_()
    state = [s.detach().to(dtype).clone().requires_grad_() for s in state]
    output, last = model(x, tuple(state) if len(state) > 1 else state[0])
    results = [output, *(last if isinstance(last, tuple) else (last,))]
    torch.autograd.backward(results, [u.to(dtype) for u in upstream])
    gradients = [t.grad for t in (x, *state, *model.parameters())]
    assert all(g is not None for g in gradients)
    return [*results, *(g for g in gradients if g is not None)]


def problem(cell: Cell, shape: tuple, dtype: torch.dtype) -> tuple[Recurrent, Recurrent, Tensor, list, list]:
    """The fused layer, its reference with the same weights, an input, states, and gradients to send back."""
    T, B, inputs, H, layers, bidirectional, bias, batch_first = shape
    torch.manual_seed(T + H)
    options = {"bias": bias, "bidirectional": bidirectional, "batch_first": batch_first}
    model = Recurrent(cell, inputs, H, layers, dtype=dtype, backend="fused", **options)
    reference = Recurrent(
        cell, inputs, H, layers, dtype=torch.float64, backend="torch" if cell.torch_mode else "eager", **options
    )
    reference.load_state_dict(model.state_dict())
    lead, D = ((B, T) if batch_first else (T, B)), 2 if bidirectional else 1
    x = torch.randn(*lead, inputs, dtype=dtype)
    state = [torch.randn(layers * D, B, H, dtype=dtype) for _ in cell.state]
    upstream = [torch.randn(*lead, D * H, dtype=dtype), *(torch.randn_like(s) for s in state)]
    return model, reference, x, state, upstream
