"""This project's C++ kernel: of LSTM, GRU and RNN one layer over all steps is one node of autograd.

The derivatives are written by hand (csrc/cells.h, csrc/backward.h; docs/kernel.md). They cannot be differentiated
again: asking for that is an error, in one line. CPU, float32 and float64; threads are torch's
(`torch.set_num_threads`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._compile import _disable_dynamo
from torch.autograd import forward_ad

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.machine import denormals
from rnnbench.recurrent import kernel, workspace
from rnnbench.recurrent.backends.base import Backend, Stack, carry

Inputs = tuple[Tensor, Tensor, Tensor | None, Tensor, Tensor, Tensor | None, Tensor | None]
"""x (T, B, I), h0, c0 (B, H), weight_ih, weight_hh, bias_ih, bias_hh."""
NAMES = ("input", "initial h", "initial c", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
VMAP, FORWARD_MODE = "torch.func and vmap", "forward-mode differentiation"


class Fused(Backend):
    rank = 1

    def unsupported(self, cell: Cell, device: torch.device, dtype: torch.dtype) -> str | None:
        if _number(cell) is None:
            return "no kernel for this cell"
        if device.type != "cpu":
            return f"no kernel for {device.type}"
        if dtype not in (torch.float32, torch.float64):
            return f"no kernel for {str(dtype).removeprefix('torch.')}"
        if kernel.library() is None:
            return f"the kernel {kernel.why_missing()}"
        return None

    def preferred(self, cell: Cell, shape: tuple[int, int, int, int]) -> bool:
        """False under a transformation that cannot see into the kernel, and for a few steps of one large layer without
        gradients: packing the weights then costs more than it saves.

        Measured, speed-up over torch.nn at (B, T, I, H) without gradients, one thread, float32: (1, 20, 512, 1024) LSTM
        0.79, GRU 0.76, RNN 0.65; (1, 50, 256, 512) 1.16, 1.11, 1.08; (4, 20, 512, 1024) 0.98, 1.58, 1.75. Steps with
        gradients were faster at every size tried, from 1.07 to 10.8 (docs/kernel.md).
        """
        if _transformation() is not None:
            return False
        T, B, _, H = shape
        return not (cell.torch_mode and not torch.is_grad_enabled() and T * B < 32 and H >= 512)

    def forward(self, stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
        return carry(run_layer, stack, x, state)


def run_layer(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    """As base.RunLayer. Raises RuntimeError, in one line, for tensors that do not fit or are not in this memory."""
    if torch.compiler.is_compiling():  # addresses are nothing that a compiler could follow
        return _uncompiled(cell, x, state, p, reverse)
    return _run_layer(cell, x, state, p, reverse)


def _run_layer(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    number = _number(cell)
    assert number is not None
    c0 = state[1] if len(state) > 1 else None
    dtype = p["weight_ih"].dtype
    if torch.is_autocast_enabled("cpu"):  # the kernel has no shorter arithmetic to gain from: it keeps the weights'
        x, state, c0 = x.to(dtype), tuple(s.to(dtype) for s in state), None if c0 is None else c0.to(dtype)
    inputs: Inputs = (x, state[0], c0, p["weight_ih"], p["weight_hh"], p.get("bias_ih"), p.get("bias_hh"))
    _check(inputs, len(cell.gates), dtype)
    _refuse_transformations(inputs)
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in inputs):
        output, h, c = _Layer.apply(number, reverse, *inputs)
    else:
        output, h, c, _ = _forward(number, reverse, inputs, keep=False)
    return output, (h,) if c is None else (h, c)


_uncompiled = _disable_dynamo(_run_layer)  # torch.compiler.disable, less a second of importing what it is part of


def _check(tensors: Inputs, gates: int, dtype: torch.dtype) -> None:
    """All in the CPU's memory, of one dtype, of the shapes that x and h0 ask for: the kernel only sees addresses."""
    x, h0 = tensors[:2]
    (_, B, inputs), H = x.shape, h0.shape[-1]
    G = gates * H
    shapes = (x.shape, (B, H), (B, H), (G, inputs), (G, H), (G,), (G,))
    for i, (tensor, shape) in enumerate(zip(tensors, shapes, strict=True)):
        if tensor is None:
            continue
        if not tensor.is_cpu:
            raise RuntimeError(f"expected all tensors on the same device, cpu, found {NAMES[i]} on {tensor.device}")
        if tensor.dtype != dtype:
            raise RuntimeError(f"input and state must be {dtype} as the weights are, got {NAMES[i]} of {tensor.dtype}")
        if tensor.shape != shape:
            raise RuntimeError(f"expected {NAMES[i]} of shape {tuple(shape)}, got {tuple(tensor.shape)}")


def _transformation() -> str | None:
    """What is at work on torch's operations here: the kernel is none of them, so it would be left out."""
    if torch.compiler.is_compiling():
        return None  # goes around the kernel: `_uncompiled`
    if torch._C._is_tracing():
        return "torch.jit.trace"
    if torch._C._are_functorch_transforms_active():
        return VMAP
    if forward_ad._current_level >= 0:
        return FORWARD_MODE
    return None


def _refuse_transformations(tensors: Sequence[Tensor | None]) -> None:
    name = _transformation()
    if name == FORWARD_MODE and all(t is None or forward_ad.unpack_dual(t).tangent is None for t in tensors):
        return
    if name is not None:
        raise RuntimeError(f"backend=fused does not support {name}: use backend='eager' or 'torch' for that")


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
    _call(_layer(number, reverse, inputs, output, saved, B * slots * H if keep else 0), backward=False)
    last = 0 if reverse else T - 1
    h = output[last].clone()
    c = None if c0 is None else (saved[last] if keep else saved)[:, 4].clone()  # after i, f, g, o
    return output, h, c, saved


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, number: int, reverse: bool, *tensors: Any) -> Any:
        output, h, c, saved = _forward(number, reverse, tensors, keep=True)
        kept = (*tensors, output, saved)
        ctx.number, ctx.reverse, ctx.dtype = number, reverse, output.dtype
        ctx.shapes = [None if t is None else t.shape for t in kept]
        ctx.save_for_backward(*kept)
        ctx.set_materialize_grads(False)
        return output, h, c

    @staticmethod
    def backward(ctx: Any, d_out: Tensor | None, d_h: Tensor | None, d_c: Tensor | None) -> Any:
        if torch.is_grad_enabled():  # create_graph=True: what follows would silently be missing from that graph
            raise RuntimeError("backend=fused cannot be differentiated twice: use backend='eager' or 'torch' for that")
        *tensors, output, saved = _check_unpacked(ctx)
        wanted = ctx.needs_input_grad[2:]
        if d_out is None and d_h is None and d_c is None:
            return (None,) * 9
        _refuse_transformations((d_out, d_h, d_c))
        if any(d is not None and not torch._C._has_storage(d) for d in (d_out, d_h, d_c)):  # is_grads_batched=True
            raise RuntimeError(f"backend=fused does not support {VMAP}: use backend='eager' or 'torch' for that")
        inputs, output, saved = _readable(tensors), output.contiguous(), saved.contiguous()
        d_out, d_h, d_c = None if d_out is None else _rows(d_out), _dense(d_h), _dense(d_c)
        d_x, d_h0, d_c0, d_w_ih, d_w_hh, d_b_ih, d_b_hh = gradients = [
            workspace.empty(t.shape, t.dtype) if is_wanted and t is not None else None
            for t, is_wanted in zip(inputs, wanted, strict=True)
        ]
        layer = _layer(
            ctx.number, ctx.reverse, inputs, output, saved, saved[0].numel(),
            _pointer(d_out), *((0, 0) if d_out is None else d_out.stride()[:2]),
            *map(_pointer, (d_h, d_c, d_x, d_w_ih, d_w_hh, d_b_ih, d_b_hh, d_h0, d_c0)),
        )  # fmt: skip
        _call(layer, backward=True)
        return (None, None, *gradients)


def _check_unpacked(ctx: Any) -> Any:
    """The saved tensors, shaped and typed as they were saved: hooks (torch.autograd.graph) may bring back anything."""
    tensors = ctx.saved_tensors
    for tensor, shape in zip(tensors, ctx.shapes, strict=True):
        if tensor is None and shape is None:
            continue
        if tensor is None or tensor.shape != shape or tensor.dtype != ctx.dtype or not tensor.is_cpu:
            found = "nothing" if tensor is None else f"{tuple(tensor.shape)}, {tensor.dtype}, {tensor.device}"
            raise RuntimeError(f"a saved tensor of {tuple(shape or ())}, {ctx.dtype}, cpu was unpacked as {found}")
    return tensors


def _readable(tensors: Inputs) -> Inputs:
    """The inputs as the kernel can read them, copied only if they must be."""
    x, *others = tensors
    return _rows(x), *map(_dense, others)  # type: ignore[return-value]


def _layer(
    number: int, reverse: bool, inputs: Inputs, output: Tensor, saved: Tensor, saved_t: int, *gradients: int | None
) -> kernel.Layer:
    """Field by field in the order of kernel.Layer: setting fields one by one takes as long as a small layer's step."""
    x, h0, c0, w_ih, w_hh, b_ih, b_hh = inputs
    return kernel.Layer(
        number, kernel.isa_number(), x.dtype == torch.float64, reverse, torch.get_num_threads(), denormals.kept(),
        *x.shape, w_hh.shape[1],
        x.data_ptr(), *x.stride()[:2],
        *map(_pointer, (w_ih, w_hh, b_ih, b_hh, h0, c0, output, saved)), saved_t,
        *gradients,
    )  # fmt: skip


def _call(layer: kernel.Layer, backward: bool) -> None:
    library = kernel.library()
    assert library is not None
    room = workspace.empty((library.fused_workspace(layer, backward) + kernel.ALIGNMENT,), torch.uint8)
    start = room.data_ptr()
    layer.workspace = start + -start % kernel.ALIGNMENT
    (library.fused_backward if backward else library.fused_forward)(layer)  # `room` lives until here


def _rows(x: Tensor) -> Tensor:
    """x with a dense last axis: transposed batches are read where they lie, anything else is copied."""
    x = _real(x)
    return x if x.stride(-1) == 1 or x.shape[-1] == 1 else x.contiguous()


def _dense(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else _real(tensor).contiguous()


def _real(tensor: Tensor) -> Tensor:
    """With its numbers in memory, and not a note that they are to be negated or are all zero."""
    return tensor.clone() if tensor._is_zerotensor() else tensor.resolve_neg()


def _pointer(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()
