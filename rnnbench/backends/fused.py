"""LSTM, GRU and RNN by the compiled kernel of csrc/: one layer over all steps is one node of autograd.

The derivatives are written by hand (csrc/cells.h, csrc/backward.h; docs/kernel.md). They cannot be differentiated
again: asking for that is an error, in one line. CPU, float32 and float64; threads are torch's
(`torch.set_num_threads`).
"""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from rnnbench.backends import kernel, workspace
from rnnbench.backends.base import Stack, carry
from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell

Inputs = tuple[Tensor, Tensor, Tensor | None, Tensor, Tensor, Tensor | None, Tensor | None]
"""x (T, B, I), h0, c0 (B, H), weight_ih, weight_hh, bias_ih, bias_hh."""


def unsupported(cell: Cell, device: torch.device, dtype: torch.dtype) -> str | None:
    if _number(cell) is None:
        return "no kernel for this cell"
    if device.type != "cpu":
        return f"no kernel for {device.type}"
    if dtype not in (torch.float32, torch.float64):
        return f"no kernel for {str(dtype).removeprefix('torch.')}"
    if kernel.library() is None:
        return "the kernel was not compiled when rnnbench was installed"
    return None


def preferred(cell: Cell, dtype: torch.dtype, shape: tuple[int, int, int, int]) -> bool:
    """False for a few steps of one large layer without gradients: packing the weights then costs more than it saves.

    Measured, speed-up over torch.nn at (B, T, I, H) without gradients, one thread, float32: (1, 20, 512, 1024) LSTM
    0.79, GRU 0.76, RNN 0.65; (1, 50, 256, 512) 1.16, 1.11, 1.08; (4, 20, 512, 1024) 0.98, 1.58, 1.75. Steps with
    gradients were faster at every size tried, from 1.07 to 10.8 (docs/kernel.md).
    """
    T, B, _, H = shape
    return not (cell.torch_mode and not torch.is_grad_enabled() and T * B < 32 and H >= 512)


def forward(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    return carry(run_layer, stack, x, state)


def run_layer(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    number = _number(cell)
    assert number is not None
    c0 = state[1] if len(state) > 1 else None
    dtype = p["weight_ih"].dtype
    if torch.is_autocast_enabled("cpu"):  # the kernel has no shorter arithmetic to gain from: it keeps the weights'
        x, state, c0 = x.to(dtype), tuple(s.to(dtype) for s in state), None if c0 is None else c0.to(dtype)
    inputs: Inputs = (x, state[0], c0, p["weight_ih"], p["weight_hh"], p.get("bias_ih"), p.get("bias_hh"))
    for tensor in inputs:
        if tensor is not None and tensor.dtype != dtype:
            raise RuntimeError(f"input and state must be {dtype} as the weights are, got {tensor.dtype}")
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in inputs):
        output, h, c = _Layer.apply(number, reverse, *inputs)
    else:
        output, h, c, _ = _forward(number, reverse, inputs, keep=False)
    return output, (h,) if c is None else (h, c)


def _number(cell: Cell) -> int | None:
    """The kernel's number of this very cell; a subclass may have other equations, so it has none."""
    if type(cell) is RNNCell:
        return kernel.CELLS.index(f"rnn_{cell.nonlinearity}")
    names: dict[type, str] = {LSTMCell: "lstm", GRUCell: "gru", GRUResetBeforeCell: "gru_reset_before"}
    name = names.get(type(cell))
    return None if name is None else kernel.CELLS.index(name)


def _forward(number: int, reverse: bool, tensors: Inputs, keep: bool) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
    """Output (T, B, H), last h, last c and what the backward pass reads, (T, B, S, H), or (B, S, H) if not `keep`."""
    inputs = _readable(tensors)
    x, _, c0, _, w_hh, _, _ = inputs
    T, B, _ = x.shape
    H = w_hh.shape[1]
    slots = kernel.saved_slots(number)
    output = workspace.empty((T, B, H), x.dtype)
    saved = workspace.empty((T, B, slots, H) if keep else (B, slots, H), x.dtype)
    layer = _layer(number, reverse, inputs, output, saved)
    layer.saved_t = B * slots * H if keep else 0
    _call("fused_forward", layer, backward=0)
    last = 0 if reverse else T - 1
    h = output[last].clone()
    c = None if c0 is None else (saved[last] if keep else saved)[:, 4].clone()  # after i, f, g, o
    return output, h, c, saved


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, number: int, reverse: bool, *tensors: Any) -> Any:
        output, h, c, saved = _forward(number, reverse, tensors, keep=True)
        ctx.number, ctx.reverse = number, reverse
        ctx.save_for_backward(*tensors, output, saved)
        ctx.set_materialize_grads(False)
        return output, h, c

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor | None, d_h: Tensor | None, d_c: Tensor | None) -> Any:
        *tensors, output, saved = ctx.saved_tensors
        wanted = ctx.needs_input_grad[2:]
        if d_out is None and d_h is None and d_c is None:
            return (None,) * 9
        inputs = _readable(tensors)
        layer = _layer(ctx.number, ctx.reverse, inputs, output, saved)
        layer.saved_t = saved[0].numel()
        if d_out is not None:
            d_out = _rows(d_out)
            layer.d_out, layer.d_out_t, layer.d_out_b = d_out.data_ptr(), d_out.stride(0), d_out.stride(1)
        d_h, d_c = _dense(d_h), _dense(d_c)
        layer.d_hn, layer.d_cn = _pointer(d_h), _pointer(d_c)

        names = ("d_x", "d_h0", "d_c0", "d_w_ih", "d_w_hh", "d_b_ih", "d_b_hh")
        gradients = []
        for name, tensor, is_wanted in zip(names, inputs, wanted, strict=True):
            gradients.append(
                workspace.empty(tuple(tensor.shape), tensor.dtype) if is_wanted and tensor is not None else None
            )
            setattr(layer, name, _pointer(gradients[-1]))
        _call("fused_backward", layer, backward=1)
        return (None, None, *gradients)


def _readable(tensors: Inputs) -> Inputs:
    """The inputs as the kernel can read them, copied only if they must be."""
    x, h0, c0, w_ih, w_hh, b_ih, b_hh = tensors
    states = h0.contiguous(), _dense(c0)
    return _rows(x), *states, w_ih.contiguous(), w_hh.contiguous(), _dense(b_ih), _dense(b_hh)


def _layer(number: int, reverse: bool, inputs: Inputs, output: Tensor, saved: Tensor) -> kernel.Layer:
    x, h0, c0, w_ih, w_hh, b_ih, b_hh = inputs
    layer = kernel.Layer(cell=number, isa=kernel.isa_number(), is_double=x.dtype == torch.float64, reverse=reverse)
    layer.threads = torch.get_num_threads()
    layer.T, layer.B, layer.I = x.shape
    layer.H = w_hh.shape[1]
    layer.x, layer.x_t, layer.x_b = x.data_ptr(), x.stride(0), x.stride(1)
    layer.w_ih, layer.w_hh, layer.b_ih, layer.b_hh = map(_pointer, (w_ih, w_hh, b_ih, b_hh))
    layer.h0, layer.c0, layer.out, layer.saved = map(_pointer, (h0, c0, output, saved))
    return layer


def _call(function: str, layer: kernel.Layer, backward: int) -> None:
    library = kernel.library()
    assert library is not None
    size = library.fused_workspace(ctypes.byref(layer), backward)
    room = workspace.empty((size + kernel.ALIGNMENT,), torch.uint8)
    start = room.data_ptr()
    layer.workspace = start + -start % kernel.ALIGNMENT
    getattr(library, function)(ctypes.byref(layer))  # `room` lives until here


def _rows(x: Tensor) -> Tensor:
    """x with a dense last axis: transposed batches are read where they lie, anything else is copied."""
    return x if x.stride(-1) == 1 or x.shape[-1] == 1 else x.contiguous()


def _dense(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.contiguous()


def _pointer(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()
