"""A stack forward alone, in a call that nobody looks at and that leaves nothing for a backward pass: the shortest way.

What a call costs beside its arithmetic decides how fast a cell takes one step at a time. So each tensor is looked at
once, here, and the kernel gets addresses: of states and results of all layers at once, with no operator in between.
What is not as plain as that goes the general way (rnnbench/recurrent/op.py), which also says what is wrong with it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from rnnbench.cells.base import Cell
from rnnbench.machine import denormals
from rnnbench.recurrent import kernel, seen, workspace
from rnnbench.recurrent.gate import DTYPES, GATES
from rnnbench.recurrent.op import number_of

_PLAIN = (Parameter, Tensor)
_BYTES = {dtype: dtype.itemsize for dtype in DTYPES}
_LAYER = struct.Struct("@6i4q3P2q10Pq" + "P2q9P" + "P")
"""kernel.Layer: fields of the forward pass, of the backward pass, and its room. Quicker to fill than ctypes' own."""
_NO_GRADIENTS = (0,) * 12


def run(
    cell: Cell,
    layers: Sequence[Sequence[Sequence[Parameter | Any]]],
    x: Tensor,
    hx: Any,
    hidden_size: int,
    batch_first: bool,
) -> tuple[Tensor, Any] | None:
    """Output and last state as `Recurrent.forward` gives them; None where something is not plain. No errors of its own.

    layers: of each layer its directions, of each of these its parameters in the order of ROLES. x (T, B, I), or
    (B, T, I) if `batch_first`. hx: None, h, or (h, c), each (L·D, B, H). To be called where no gradients are recorded.
    """
    number, dtype = number_of(cell), x.dtype
    size = _BYTES.get(dtype)
    library = kernel.library()
    if not seen.nobody() or number is None or size is None or library is None or x.dim() != 3 or type(x) is not Tensor:
        return None
    (T, B, width), (x_t, x_b, x_i) = x.shape, x.stride()
    if batch_first:
        T, B, x_t, x_b = B, T, x_b, x_t
    H, D = hidden_size, len(layers[0])
    shape, has_c = (len(layers) * D, B, H), len(cell.state) == 2
    h = c = hx
    if hx is None:
        h = c = x.new_zeros(shape)  # nobody writes to them
    elif has_c:
        if type(hx) is not tuple or len(hx) != 2:
            return None
        h, c = hx
    last = (T - 1) * x_t + (B - 1) * x_b + width
    if not T or not B or (x_i != 1 and width != 1) or not _has_numbers(x, dtype, size, last):
        return None
    if not _lies(h, shape, dtype, size) or (has_c and not _lies(c, shape, dtype, size)):
        return None

    rows, step, gates = GATES[number] * H, B * H * size, (GATES[number] * H,)
    for directions in layers:
        shapes = ((rows, width), (rows, H), gates, gates)
        for p in directions:
            if not all(_lies(w, wanted, dtype, size) for w, wanted in zip(p, shapes, strict=False)):
                return None
        width = D * H

    h_end = torch.empty_like(h)
    c_end = torch.empty_like(h) if has_c else None
    at_h, at_c = h.data_ptr(), c.data_ptr() if has_c else 0
    at_h_end, at_c_end = h_end.data_ptr(), 0 if c_end is None else c_end.data_ptr()
    about, how = (number, kernel.isa_number(), DTYPES[dtype]), (torch.get_num_threads(), denormals.kept())
    saved, width = B * kernel.saved_slots(number) * H * size, x.shape[2]
    saved += -saved % workspace.ALIGNMENT
    _holder, start = workspace.room(saved + _room((*about, 0, *how), T, B, width, H, D * H if len(layers) > 1 else 0))
    for directions in layers:
        outputs = []
        for reverse, p in enumerate(directions):
            output = torch.empty_like(h) if T == len(h) == 1 else x.new_empty((T, B, H))
            weights = [w.data_ptr() for w in p]
            library.forward_of_bytes(
                _LAYER.pack(
                    *about, reverse, *how, T, B, width, H, 0, 0, x.data_ptr(), x_t, x_b,
                    *weights, *((0, 0) if len(p) == 2 else ()),
                    at_h, at_c, output.data_ptr(), at_h_end, at_c_end, start, 0,
                    *_NO_GRADIENTS, start + saved,
                )
            )  # fmt: skip
            outputs.append(output)
            at_h, at_c, at_h_end, at_c_end = at_h + step, at_c + step, at_h_end + step, at_c_end + step
        x = output if D == 1 else torch.cat(outputs, dim=-1)
        width, x_t, x_b = D * H, B * D * H, D * H
    return x.transpose_(0, 1) if batch_first else x, h_end if c_end is None else (h_end, c_end)


def _lies(tensor: Any, shape: tuple[int, ...], dtype: torch.dtype, size: int) -> bool:
    """Whether it is a dense tensor of this shape and dtype, with its numbers in this memory."""
    return (
        type(tensor) in _PLAIN
        and tensor.shape == shape
        and tensor.is_contiguous()
        and _has_numbers(tensor, dtype, size, tensor.numel())
    )


def _has_numbers(tensor: Tensor, dtype: torch.dtype, size: int, last: int) -> bool:
    """Whether so many numbers of this dtype are in this memory from its first on, as they are meant."""
    return (
        tensor.dtype is dtype
        and tensor.is_cpu
        and not tensor.is_neg()
        and not tensor._is_zerotensor()
        and tensor.untyped_storage().nbytes() >= (tensor.storage_offset() + last) * size
    )


@lru_cache(maxsize=256)
def _room(facts: tuple[int, ...], T: int, B: int, width: int, H: int, above: int) -> int:
    """Bytes of workspace for the layer that needs most; above: how wide the input of those above the first is, or 0."""
    library = kernel.library()
    assert library is not None
    widths = (width, above) if above else (width,)
    return max(int(library.fused_workspace(kernel.Layer(*facts, T, B, w, H), False)) for w in widths)
