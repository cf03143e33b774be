"""How a cell is carried through time: one file a backend, with the interface of `base`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, bfloat16

from rnnbench import registry
from rnnbench.cells.base import Cell, State
from rnnbench.errors import UsageError, tell
from rnnbench.recurrent import kernel
from rnnbench.recurrent.backends.base import Backend, Stack
from rnnbench.recurrent.packing import Packing

_FOUND = [(name, registry.get(__name__, name, Backend)) for name in registry.names(__name__)]
BACKENDS: dict[str, Backend] = dict(sorted(_FOUND, key=lambda found: found[1].rank))
"""Those of this folder by name, fastest first."""

NAMES = ("auto", *sorted(BACKENDS))
SHORTER = {"bfloat16": bfloat16}
"""What layers may compute in beside their weights' dtype."""


def named(name: str, allowed: Sequence[str] = NAMES) -> Backend:
    """Raises UsageError where there is none of this name, or at this import path."""
    if name not in BACKENDS and "." not in name:
        raise UsageError("no such backend", key="backend", value=name, allowed=", ".join(allowed))
    return BACKENDS[name] if name in BACKENDS else registry.get(__name__, name, Backend, "backend")


def several(value: str) -> list[str]:
    """The names between commas, each of a backend that there is; all of this folder for "". Raises UsageError."""
    asked = value.split(",") if value else list(BACKENDS)
    for name in asked:
        named(name, list(BACKENDS))
    return asked


def available(cell: Cell, device: torch.device, dtype: torch.dtype) -> list[str]:
    """Names of the backends that run this cell on this device in this dtype, fastest first."""
    return [name for name, backend in BACKENDS.items() if backend.unsupported(cell, device, dtype) is None]


def choose(
    name: str,
    cell: Cell,
    device: torch.device,
    dtype: torch.dtype,
    shape: tuple[int, int, int, int] | None = None,
    between: bool = False,
) -> str:
    """The backend that `name` stands for: itself, or for "auto" the fastest there is.

    shape: (T, B, I, H) of the call at hand; without it, what is fastest in general.
    between: whether layers have more between them than dropout.

    Raises UsageError when it is unknown or cannot run this cell here.
    """
    if name == "auto":
        if device.type == "cpu" and kernel.library() is None:
            say_what_is_missing()
        able = (n for n in BACKENDS if _reason(BACKENDS[n], cell, device, dtype, between) is None)
        return next(n for n in able if shape is None or BACKENDS[n].preferred(cell, shape))
    reason = _reason(named(name), cell, device, dtype, between)
    if reason is not None:
        able = (n for n in BACKENDS if _reason(BACKENDS[n], cell, device, dtype, between) is None)
        raise UsageError(reason, key="backend", value=name, allowed=", ".join(("auto", *able)))
    return name


def _reason(backend: Backend, cell: Cell, device: torch.device, dtype: torch.dtype, between: bool) -> str | None:
    """Why it cannot run this."""
    if between and not backend.layer_by_layer:
        return "has no layer_norm and no residual"
    return backend.unsupported(cell, device, dtype)


def say_what_is_missing() -> None:
    """One line on stderr, once."""
    tell(f"the fused CPU kernel {kernel.why_missing()}; slower backends take over")


def say_what_is_unused(capability: str) -> None:
    """One line on stderr, once, where the kernel uses less than the processor has (`kernel.unused`)."""
    unused = kernel.unused(capability)
    if unused is not None:
        tell(unused)


def say_what_is_converted() -> None:
    """One line on stderr, once, where the kernel in use multiplies bfloat16 by way of float32."""
    if kernel.isa() != "avx512_bf16":
        tell(f"dtype=bfloat16: {kernel.isa()} instructions multiply none, each is converted: slower than dtype=float32")


def say_what_is_untimed(name: str) -> None:
    """One line on stderr, once, of a backend that no table of times speaks of."""
    tell(f"backend={name}: not yet timed on this device (docs/gpu.md)")


def forward(
    name: str, stack: Stack, x: Tensor, state: State, packing: Packing | None = None, computes_in: str | None = None
) -> tuple[Tensor, State]:
    """The stack over the sequence by the backend of that name; arguments and results as `Backend.forward`'s.

    computes_in: a shorter dtype that all of it is rounded to; results, and gradients, are again in their own.
    """
    if computes_in is None:
        return named(name).forward(stack, x, state, packing)
    own, shorter = x.dtype, SHORTER[computes_in]
    layers = [[{role: w.to(shorter) for role, w in p.items()} for p in directions] for directions in stack.layers]
    rounded = tuple(s.to(shorter) for s in state)
    output, last = named(name).forward(replace(stack, layers=layers), x.to(shorter), rounded, packing)
    return output.to(own), tuple(s.to(own) for s in last)
