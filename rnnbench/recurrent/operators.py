"""`torch.ops.rnnbench.layer`, `layer_forward`, `layer_backward`: the kernel for those who look at torch's operations.

    layer            one layer, differentiable: what stands in a compiled graph
    layer_forward    → output, last h, last c (empty where the cell has none), what the backward pass reads
    layer_backward   → the gradients of input, initial h and c, weights and biases; empty where not wanted

The arguments are the kernel's (rnnbench/recurrent/gate.py); batch_sizes (T,) is there where sequences are packed.
`layer` is put together in rnnbench/recurrent/op.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from rnnbench.recurrent import gate, kernel, seen
from rnnbench.recurrent.gate import Inputs
from rnnbench.recurrent.packing import Packing

_TENSORS = "Tensor x, Tensor h0, Tensor? c0, Tensor w_ih, Tensor w_hh, Tensor? b_ih, Tensor? b_hh, Tensor? batch_sizes"
LIBRARY = torch.library.Library("rnnbench", "DEF")
LIBRARY.define(f"layer({_TENSORS}, int cell, bool reverse) -> (Tensor, Tensor, Tensor)")
LIBRARY.define(f"layer_forward({_TENSORS}, int cell, bool reverse) -> (Tensor, Tensor, Tensor, Tensor)")
LIBRARY.define(
    f"layer_backward(Tensor? d_out, Tensor? d_h, Tensor? d_c, {_TENSORS}, Tensor output, Tensor saved, int cell, "
    "bool reverse, bool[] wanted) -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)"
)


def forward(
    number: int, reverse: bool, inputs: Inputs, packing: Packing | None
) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
    """As gate.forward, through the operator."""
    sizes = None if packing is None else packing.batch_sizes
    output, h, c, saved = torch.ops.rnnbench.layer_forward(*inputs, sizes, number, reverse)
    return output, h, None if inputs[2] is None else c, saved


def backward(
    number: int,
    reverse: bool,
    inputs: Inputs,
    packing: Packing | None,
    output: Tensor,
    saved: Tensor,
    arriving: Sequence[Tensor | None],
    wanted: Sequence[bool],
) -> list[Tensor | None]:
    """As gate.backward, through the operator."""
    sizes = None if packing is None else packing.batch_sizes
    found = torch.ops.rnnbench.layer_backward(*arriving, *inputs, sizes, output, saved, number, reverse, list(wanted))
    there = [w and t is not None for w, t in zip(wanted, inputs, strict=True)]
    return [gradient if is_there else None for gradient, is_there in zip(found, there, strict=True)]


def packing_of(sizes: Tensor | None, h0: Tensor) -> Packing | None:
    return None if sizes is None else Packing(sizes.resolve_neg().clone(), h0.shape[0])


def _forward(*arguments: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    *inputs, sizes, number, reverse = arguments
    packing, tensors = packing_of(sizes, inputs[1]), cast(Inputs, tuple(inputs))
    _refuse_tangents(tensors)
    gate.check(number, tensors, packing)
    output, h, c, saved = gate.forward(number, reverse, tensors, packing)
    return output, h, output.new_empty(0) if c is None else c, saved


def _fake_forward(*arguments: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, h0, c0, _, _, _, _, _, number, _ = arguments
    rows, H = x.shape[:-1], h0.shape[-1]
    c = x.new_empty(0) if c0 is None else x.new_empty(1, *c0.shape)
    return x.new_empty(*rows, H), x.new_empty(1, *h0.shape), c, x.new_empty(*rows, kernel.saved_slots(number), H)


def _backward(*arguments: Any) -> tuple[Tensor, ...]:
    d_out, d_h, d_c, *inputs, sizes, output, saved, number, reverse, wanted = arguments
    packing, tensors = packing_of(sizes, inputs[1]), cast(Inputs, tuple(inputs))
    gate.check(number, tensors, packing)
    gate.check_backward(number, tensors, output, saved, (d_out, d_h, None if inputs[2] is None else d_c))
    found = gate.backward(number, reverse, tensors, packing, output, saved, (d_out, d_h, d_c), wanted)
    return tuple(output.new_empty(0) if gradient is None else gradient for gradient in found)


def _fake_backward(*arguments: Any) -> tuple[Tensor, ...]:
    _, _, _, *inputs, _, output, _, _, _, wanted = arguments
    there = [w and t is not None for w, t in zip(wanted, inputs, strict=True)]
    return tuple(output.new_empty(t.shape if is_there else 0) for t, is_there in zip(inputs, there, strict=True))


def _refuse_tangents(tensors: Inputs) -> None:
    """Forward mode goes by `layer`, which knows what to do with it: here a tangent would be lost without a word."""
    if seen.way(tensors) == "equations":
        raise RuntimeError("rnnbench.layer_forward has no derivatives of its own: call torch.ops.rnnbench.layer")


def _no_second_derivative(ctx: Any, *arriving: Tensor | None) -> Any:
    raise RuntimeError("this operator has no derivative: torch.ops.rnnbench.layer is the one that is differentiated")


def _one_by_one(operator: Any) -> Callable[..., Any]:
    """The rule for vmap: each of the batch by itself, since the kernel reads one set of weights at a time."""

    def rule(info: Any, in_dims: Any, *arguments: Any) -> Any:
        def at(i: int) -> list[Any]:
            return [
                a if dim is None or not isinstance(a, Tensor) else a.select(dim, i)
                for a, dim in zip(arguments, in_dims, strict=True)
            ]

        results = [operator(*at(i)) for i in range(info.batch_size)]
        return tuple(torch.stack(parts) for parts in zip(*results, strict=True)), (0,) * len(results[0])

    return rule


def _forward_flops(x: Any, h0: Any, c0: Any, w_ih: Any, *others: Any, **options: Any) -> int:
    """Two for each product: (rows, I) by (I, G·H), and (rows, H) by (H, G·H)."""
    return 2 * math.prod(x[:-1]) * w_ih[0] * (x[-1] + h0[-1])


def _backward_flops(
    d_out: Any, d_h: Any, d_c: Any, x: Any, h0: Any, c0: Any, w_ih: Any, *others: Any, **options: Any
) -> int:
    """The state's gradients always; those of input and weights, each as large a product, where they are wanted."""
    wanted = others[-1] if isinstance(others[-1], (list, tuple)) else options["wanted"]
    rows, inputs, H = math.prod(x[:-1]), x[-1], h0[-1]
    return 2 * rows * w_ih[0] * (H + inputs * (wanted[0] + wanted[3]) + H * wanted[4])


for _name, _run, _shapes, _flops in (
    ("layer_forward", _forward, _fake_forward, _forward_flops),
    ("layer_backward", _backward, _fake_backward, _backward_flops),
):
    LIBRARY.impl(_name, _run, "CPU")
    torch.library.register_fake(f"rnnbench::{_name}", _shapes, lib=LIBRARY)
    torch.library.register_vmap(f"rnnbench::{_name}", _one_by_one(getattr(torch.ops.rnnbench, _name)), lib=LIBRARY)
    torch.library.register_autograd(f"rnnbench::{_name}", _no_second_derivative, lib=LIBRARY)
    register_flop_formula(getattr(torch.ops.rnnbench, _name))(_flops)
