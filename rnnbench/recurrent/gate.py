"""The one gate between tensors and the kernel: nothing else gives it an address.

Tensors must be plain ones with numbers in the CPU's memory, of one dtype and of the shapes that go together: the kernel
sees addresses alone. What torch keeps as a note (negated, all zero) or in another order is copied first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from rnnbench.machine import denormals
from rnnbench.recurrent import kernel, workspace
from rnnbench.recurrent.packing import Packing

Inputs = tuple[Tensor, Tensor, Tensor | None, Tensor, Tensor, Tensor | None, Tensor | None]
"""x (T, B, I) or packed (N, I), h0, c0 (B, H), weight_ih, weight_hh, bias_ih, bias_hh."""
NAMES = ("input", "initial h", "initial c", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
DTYPES = {torch.float32: 0, torch.float64: 1, torch.bfloat16: 2}
"""By their numbers in csrc/fused.h."""
GATES = tuple(len(cell.gates) for cell in kernel.CELLS)
CARRIES_C = tuple(len(cell.state) > 1 for cell in kernel.CELLS)


def check(number: int, tensors: Inputs, packing: Packing | None) -> None:
    """Raises RuntimeError, in one line, for tensors that do not fit or are not in this memory."""
    if not 0 <= number < len(GATES) or (tensors[2] is not None) is not CARRIES_C[number]:
        carrying = ", ".join(str(n) for n, carries in enumerate(CARRIES_C) if carries)
        raise RuntimeError(
            f"expected a cell of 0 to {len(GATES) - 1}, and an initial c for {carrying} alone; got {number}"
        )
    x, h0, dtype = tensors[0], tensors[1], tensors[3].dtype
    if dtype not in DTYPES:
        raise RuntimeError(f"no kernel for {str(dtype).removeprefix('torch.')}: float32, float64 and bfloat16 alone")
    inputs, B, H = x.shape[-1], h0.shape[0], h0.shape[-1]
    G = GATES[number] * H
    rows: tuple[int, ...] = (x.shape[0], B)
    if not rows[0]:
        raise RuntimeError("expected at least one time step")
    if packing is not None:
        rows = (_check_sizes(packing.batch_sizes, B),)
    shapes = ((*rows, inputs), (B, H), (B, H), (G, inputs), (G, H), (G,), (G,))
    for i, (tensor, shape) in enumerate(zip(tensors, shapes, strict=True)):
        if tensor is None:
            continue
        if not tensor.is_cpu:
            raise RuntimeError(f"expected all tensors on the same device, cpu, found {NAMES[i]} on {tensor.device}")
        if tensor.dtype != dtype:
            raise RuntimeError(f"input and state must be {dtype} as the weights are, got {NAMES[i]} of {tensor.dtype}")
        if tensor.shape != shape:
            raise RuntimeError(f"expected {NAMES[i]} of shape {tuple(shape)}, got {tuple(tensor.shape)}")


def check_backward(
    number: int, tensors: Inputs, output: Tensor, saved: Tensor, arriving: Sequence[Tensor | None]
) -> None:
    """The same for what a backward pass is given besides; `tensors` are checked."""
    x, h0, c0 = tensors[:3]
    rows, H = x.shape[:-1], h0.shape[-1]
    last = (1, *h0.shape)
    shapes = ((*rows, H), (*rows, kernel.saved_slots(number), H), (*rows, H), last, None if c0 is None else last)
    for tensor, shape in zip((output, saved, *arriving), shapes, strict=True):
        if tensor is not None and (tensor.shape != shape or tensor.dtype != x.dtype or not tensor.is_cpu):
            raise RuntimeError(
                f"expected {shape}, {x.dtype}, got {tuple(tensor.shape)}, {tensor.dtype}, {tensor.device}"
            )


def _check_sizes(sizes: Tensor, batch: int) -> int:
    """How many rows they ask for. Raises RuntimeError for sizes that are none of `batch` sequences, longest first."""
    if sizes.dtype != torch.int64 or not sizes.is_cpu or sizes.dim() != 1 or not sizes.is_contiguous():
        raise RuntimeError("expected batch_sizes of int64 on the CPU, one for each step")
    found = sizes.tolist()
    if not found or found[0] != batch or found[-1] < 1 or any(b > a for a, b in pairwise(found)):
        raise RuntimeError(
            f"expected batch_sizes that begin with {batch} and never rise, down to 1 or more, got {found}"
        )
    return sum(found)


def forward(
    number: int, reverse: bool, tensors: Inputs, packing: Packing | None, keep: bool = True
) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
    """Output (T, B, H), last h, last c (1, B, H), what backward reads (T, B, S, H), or (B, S, H) if not `keep`.

    Packed, (N, ·) stands for (T, B, ·).
    """
    inputs = _readable(tensors)
    x, h0, c0 = inputs[:3]
    B, H = h0.shape
    rows = x.shape[:-1]
    slots = kernel.saved_slots(number)
    output = x.new_empty((*rows, H))
    saved = workspace.empty((*rows, slots, H) if keep else (B, slots, H), x.dtype)
    h = h0.new_empty((1, B, H))
    c = None if c0 is None else h0.new_empty((1, B, H))
    _call(_layer(number, reverse, packing, inputs, output, h, c, saved, keep), backward=False)
    return output, h, c, saved


def backward(
    number: int,
    reverse: bool,
    tensors: Inputs,
    packing: Packing | None,
    output: Tensor,
    saved: Tensor,
    arriving: Sequence[Tensor | None],
    wanted: Sequence[bool],
) -> list[Tensor | None]:
    """The gradients of `tensors`, those `wanted`, from those `arriving` of output, last h and last c."""
    inputs = _readable((*tensors[:5], None, None))  # no gradient hangs on a bias
    output, saved = output.contiguous(), saved.contiguous()
    d_out, d_h, d_c = None if arriving[0] is None else _rows(arriving[0]), *map(_dense, arriving[1:])
    d_x, d_h0, d_c0, d_w_ih, d_w_hh, d_b_ih, d_b_hh = gradients = [
        t.new_empty(t.shape) if is_wanted and t is not None else None
        for t, is_wanted in zip(tensors, wanted, strict=True)
    ]
    layer = _layer(
        number, reverse, packing, inputs, output, None, None, saved, True,
        _address(d_out), *_strides(d_out),
        _address(d_h), _address(d_c), *map(_ours, (d_x, d_w_ih, d_w_hh, d_b_ih, d_b_hh, d_h0, d_c0)),
    )  # fmt: skip
    _call(layer, backward=True)
    return gradients


def _readable(tensors: Inputs) -> Inputs:
    """The inputs as the kernel can read them, copied only if they must be."""
    x, *others = tensors
    return _rows(x), *map(_dense, others)  # type: ignore[return-value]


def _layer(
    number: int,
    reverse: bool,
    packing: Packing | None,
    inputs: Inputs,
    output: Tensor,
    h: Tensor | None,
    c: Tensor | None,
    saved: Tensor,
    keep: bool,
    *gradients: int | None,
) -> kernel.Layer:
    """Field by field in the order of kernel.Layer: setting fields one by one takes as long as a small layer's step."""
    x, h0, c0, w_ih, w_hh, b_ih, b_hh = inputs
    T, B = x.shape[:2] if packing is None else packing.shape
    batch, first = (None, None) if packing is None else (packing.batch_sizes, packing.first)
    return kernel.Layer(
        number, kernel.isa_number(), DTYPES[x.dtype], reverse, torch.get_num_threads(), denormals.kept(),
        T, B, x.shape[-1], w_hh.shape[1], _address(batch), _address(first),
        _address(x), *_strides(x),
        *map(_address, (w_ih, w_hh, b_ih, b_hh, h0, c0, output)), _ours(h), _ours(c), _address(saved), keep,
        *gradients,
    )  # fmt: skip


def _call(layer: kernel.Layer, backward: bool) -> None:
    library = kernel.library()
    assert library is not None
    _holder, layer.workspace = workspace.room(library.fused_workspace(layer, backward))
    (library.fused_backward if backward else library.fused_forward)(layer)  # the holder lives until here


def _rows(x: Tensor) -> Tensor:
    """x with a dense last axis: transposed batches are read where they lie, anything else is copied."""
    x = _real(x)
    return x if x.stride(-1) == 1 or x.shape[-1] == 1 else x.contiguous()


def _strides(x: Tensor | None) -> tuple[int, int]:
    """In elements, from one step to the next and from one sequence, or packed row, to the next."""
    if x is None:
        return 0, 0
    return (x.stride(0), x.stride(1)) if x.dim() == 3 else (0, x.stride(0))


def _dense(tensor: Tensor | None) -> Tensor | None:
    if tensor is None:
        return None
    tensor = _real(tensor)
    return tensor if tensor.is_contiguous() else tensor.contiguous()


def _real(tensor: Tensor) -> Tensor:
    """With its numbers in memory, and not a note that they are to be negated or are all zero."""
    if tensor._is_zerotensor():
        return tensor.clone()
    return tensor.resolve_neg() if tensor.is_neg() else tensor


def has_memory(tensor: Tensor | None) -> bool:
    """False for one that stands for many (is_grads_batched) or none."""
    try:
        return tensor is None or tensor.untyped_storage() is not None
    except (RuntimeError, NotImplementedError):
        return False


def _address(tensor: Tensor | None) -> int | None:
    """Where its numbers are. Raises RuntimeError for a tensor that has none, or whose memory was taken away."""
    if tensor is None:
        return None
    address = tensor.data_ptr()  # raises for what has no memory of its own
    room = tensor.untyped_storage().nbytes()
    dense = tensor.is_contiguous() and address and room >= tensor.nbytes + tensor.storage_offset() * 8
    if not dense and tensor.numel() and (not address or room < _bytes_needed(tensor)):  # a closer look
        raise RuntimeError(f"a tensor of shape {tuple(tensor.shape)} has no memory: the kernel cannot read it")
    return address


def _ours(tensor: Tensor | None) -> int | None:
    """Of a tensor that was just made here."""
    return None if tensor is None else tensor.data_ptr()


def _bytes_needed(tensor: Tensor) -> int:
    """Of its storage, up to its last number: a storage may have been made smaller than the tensor that it holds."""
    last = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return (int(tensor.storage_offset()) + last + 1) * tensor.element_size()
