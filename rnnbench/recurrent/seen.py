"""Who looks at a call: what may be computed where torch does not see it, and what must be shown to it.

kernel      nobody: plain tensors with numbers in memory; straight to the kernel
operator    a compiler, fake tensors, a mode (flops, make_fx): one operator with shapes, backward and a count
library     what leaves this process (torch.export, ONNX, torch.jit.trace), and tensors of a class of their own: what
            torch.nn would do
equations   derivatives of another kind (torch.func, forward mode): the cell's equations, step by step
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import Parameter

PLAIN = {Tensor, Parameter, type(None)}
Way = Literal["kernel", "operator", "library", "equations"]


def way(tensors: Sequence[Tensor | None]) -> Way:
    """The way that a call with these tensors takes here and now."""
    if torch.compiler.is_compiling():
        return "library" if _exporting() else "operator"
    if torch.jit.is_tracing():  # type: ignore[attr-defined]
        return "library"
    if torch._C._are_functorch_transforms_active():  # no public name says so
        return "equations"
    watched = torch._C._len_torch_dispatch_stack() > 0  # nor this
    if not {type(tensor) for tensor in tensors} <= PLAIN:
        return "operator" if watched else "library"
    level_open = forward_ad._current_level >= 0  # nor this, without asking every tensor
    if level_open and any(map(_has_tangent, tensors)):
        return "equations"
    return "operator" if watched else "kernel"


def _exporting() -> bool:
    """Of a compiler at work. torch 2.6 cannot say, and compiles no layer as one graph: there it is an export."""
    return not hasattr(torch.compiler, "is_exporting") or torch.compiler.is_exporting()


def nobody() -> bool:
    """Whether the way of plain tensors is "kernel" here and now, whichever they are."""
    return not (
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()  # type: ignore[attr-defined]
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack()
        or forward_ad._current_level >= 0
    )


def _has_tangent(tensor: Tensor | None) -> bool:
    return tensor is not None and forward_ad.unpack_dual(tensor).tangent is not None
