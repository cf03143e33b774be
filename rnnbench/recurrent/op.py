"""One layer in one direction over all steps as one operator: what the kernel computes, as torch sees it.

A plain call goes straight to the kernel: one node of autograd. Whoever looks at torch's operations
(rnnbench/recurrent/seen.py) is shown `torch.ops.rnnbench.layer`, made of `layer_forward` and `layer_backward`, which
have shapes without numbers, a rule for vmap and a count of their own and run the same kernel.

The derivatives are written by hand (csrc/cells/; docs/kernel.md) and the kernel has no second ones: where the backward
pass is to be differentiated, or many gradients are sent back at once, the layer is computed again by the cell's
equations, which autograd differentiates as often as it likes.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.recurrent import equations, gate, kernel, operators, seen
from rnnbench.recurrent.gate import Inputs
from rnnbench.recurrent.packing import Packing

ROLES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
NUMBERS = {cell: number for number, cell in enumerate(kernel.CELLS)}
TYPES = tuple({type(cell): None for cell in kernel.CELLS})  # no set: torch 2.6 compiles no look into one


def number_of(cell: Cell) -> int | None:
    """The kernel's number of this very cell; a subclass may have other equations, so it has none."""
    return NUMBERS.get(cell) if type(cell) in TYPES else None


def recurrent(
    cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool = False, packing: Packing | None = None
) -> tuple[Tensor, State]:
    """As base.RunLayer, straight by the kernel: for calls that nobody looks at (seen.way).

    Raises RuntimeError, in one line, for tensors that do not fit or are not in this memory.
    """
    number = number_of(cell)
    assert number is not None
    inputs = cast(Inputs, (x, state[0], state[1] if len(state) > 1 else None, *map(p.get, ROLES)))
    gate.check(number, inputs, packing)
    output, h, c = layer(number, reverse, packing, inputs, straight=True)
    return output, (h,) if c is None else (h, c)


def shown(
    cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool = False, packing: Packing | None = None
) -> tuple[Tensor, State]:
    """The same by the operator, for whoever looks at torch's operations."""
    inputs = (x, state[0], state[1] if len(state) > 1 else None, *map(p.get, ROLES))
    sizes = None if packing is None else packing.batch_sizes
    output, h, c = torch.ops.rnnbench.layer(*inputs, sizes, number_of(cell), reverse)
    return output, (h,) if len(state) == 1 else (h, c)


def layer(
    number: int, reverse: bool, packing: Packing | None, inputs: Inputs, straight: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in inputs):
        return cast(tuple[Tensor, Tensor, Tensor | None], _Layer.apply(number, reverse, packing, straight, *inputs))
    if straight:
        return gate.forward(number, reverse, inputs, packing, keep=False)[:3]
    return operators.forward(number, reverse, inputs, packing)[:3]


def batch_first(output: Tensor) -> Tensor:
    """(T, B, ·) → (B, T, ·), plainly computed as no view of another tensor: as with torch.nn, users may detach_ it."""
    made_by = output.grad_fn
    changes = getattr(made_by, "changes", None)
    keeps_none = made_by is None or made_by.name() in ("CatBackward0", "StackBackward0")  # of what they give
    if seen.way((output,)) != "kernel" or (changes is None and not keeps_none):
        return output.transpose(0, 1)
    output.transpose_(0, 1)
    if changes is not None:
        changes.before += 1  # this was none of its numbers
    return output


def _operator(*arguments: Any) -> tuple[Tensor, Tensor, Tensor]:
    """torch.ops.rnnbench.layer"""
    *tensors, sizes, number, reverse = arguments
    inputs, packing = cast(Inputs, tuple(tensors)), operators.packing_of(sizes, tensors[1])
    if seen.way(inputs) == "equations":
        output, state = _equations(number, inputs, reverse, packing)
        h, c = state[0], None if len(state) == 1 else state[1]
    else:
        output, h, c = layer(number, reverse, packing, inputs, straight=False)
    return output, h, output.new_empty(0) if c is None else c


operators.LIBRARY.impl("layer", _operator, "CompositeImplicitAutograd")


class _Layer(torch.autograd.Function):
    """`straight`: by the kernel, else by the operators, for whoever looks at them."""

    @staticmethod
    def forward(ctx: Any, number: int, reverse: bool, packing: Packing | None, straight: bool, *tensors: Any) -> Any:
        run = gate.forward if straight else operators.forward
        output, h, c, saved = run(number, reverse, tensors, packing)
        x, h0, c0, *ctx.weights = tensors
        w_ih, w_hh = (w.detach() for w in ctx.weights[:2]) if straight else ctx.weights[:2]  # `w.data = …` leaves these
        # Biases and output may be changed in place before the backward pass: it needs no bias, and finds the output
        # again.
        ctx.save_for_backward(x, h0, c0, w_ih, w_hh, output.data if straight else output, saved)
        ctx.number, ctx.reverse, ctx.packing, ctx.straight = number, reverse, packing, straight
        ctx.changes = _Changes(output) if straight else None
        ctx.before = _state_of(ctx.weights) if straight else None
        ctx.shapes = [None if t is None else t.shape for t in (x, h0, c0, w_ih, w_hh, output, saved)]
        ctx.dtype = output.dtype
        ctx.set_materialize_grads(False)
        return output, h, c

    @staticmethod
    def backward(ctx: Any, *arriving: Tensor | None) -> Any:
        *tensors, output, saved = _unpacked(ctx)
        inputs = cast(Inputs, (*tensors, *ctx.weights[2:]))
        wanted = ctx.needs_input_grad[4:]
        if all(d is None for d in arriving):
            return (None,) * 11
        way = seen.way((*arriving, *inputs))
        if torch.is_grad_enabled() or way in ("equations", "library") or not all(map(gate.has_memory, arriving)):
            return (None,) * 4 + _by_equations(ctx, inputs, arriving, wanted)
        if ctx.changes is not None and ctx.changes.seen:
            _refuse_changed_weights(ctx)
            output = gate.forward(ctx.number, ctx.reverse, inputs, ctx.packing)[0]
        run = gate.backward if way == "kernel" else operators.backward
        return (None,) * 4 + tuple(run(ctx.number, ctx.reverse, inputs, ctx.packing, output, saved, arriving, wanted))


_NOTHING = {dtype: torch.empty(0, dtype=dtype, device="cpu") for dtype in gate.DTYPES}


class _Changes:
    """Whether a tensor's numbers were changed since, without holding its memory: an empty one with its counter."""

    def __init__(self, tensor: Tensor):
        self.counter = tensor.detach()
        self.counter.data = _NOTHING[tensor.dtype]
        self.before = self.counter._version

    @property
    def seen(self) -> bool:
        return self.counter._version != self.before


def _state_of(tensors: list[Tensor | None]) -> list[Any]:
    """Where the numbers of each are and how often they were changed in place, which inference mode does not count."""
    return [None if t is None else (t.data_ptr(), None if t.is_inference() else t._version) for t in tensors]


def _unpacked(ctx: Any) -> Any:
    """The saved tensors, shaped and typed as they were saved: hooks (torch.autograd.graph) may bring back anything."""
    tensors = ctx.saved_tensors
    for tensor, shape in zip(tensors, ctx.shapes, strict=True):
        if tensor is None and shape is None:
            continue
        if tensor is None or tensor.shape != shape or tensor.dtype != ctx.dtype or not tensor.is_cpu:
            found = "nothing" if tensor is None else f"{tuple(tensor.shape)}, {tensor.dtype}, {tensor.device}"
            raise RuntimeError(f"a saved tensor of {tuple(shape or ())}, {ctx.dtype}, cpu was unpacked as {found}")
    return tensors


def _by_equations(ctx: Any, inputs: Inputs, arriving: Any, wanted: Any) -> tuple[Tensor | None, ...]:
    """The gradients of the layer computed anew, with a graph of their own where one is asked for."""
    _refuse_changed_weights(ctx)
    inputs = cast(Inputs, (*inputs[:3], *ctx.weights))  # which have a history
    graph = torch.is_grad_enabled()
    with torch.enable_grad():
        # views: a state that itself comes from the input must not be followed back to it
        views = cast(Inputs, tuple(None if t is None else t.view_as(t) for t in inputs))
        output, state = _equations(ctx.number, views, ctx.reverse, ctx.packing)
        ends = [(out, d) for out, d in zip((output, *state), arriving, strict=False) if d is not None]
        starts = [t for t, is_wanted in zip(views, wanted, strict=True) if is_wanted and t is not None]
        found = iter(
            torch.autograd.grad(
                [out for out, _ in ends], starts, [d for _, d in ends], create_graph=graph, allow_unused=True
            )
        )
    return tuple(next(found) if is_wanted else None for is_wanted in wanted)


def _equations(number: int, inputs: Inputs, reverse: bool, packing: Packing | None) -> tuple[Tensor, State]:
    x, h0, c0, *weights = inputs
    p = {role: w for role, w in zip(ROLES, weights, strict=True) if w is not None}
    return equations.run_layer(kernel.CELLS[number], x, (h0,) if c0 is None else (h0, c0), p, reverse, packing)


def _refuse_changed_weights(ctx: Any) -> None:
    if ctx.before is not None and _state_of(ctx.weights) != ctx.before:
        raise RuntimeError("a weight or bias that this gradient needs was changed after the forward pass")
