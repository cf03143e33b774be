"""How a cell is carried through time: one file a backend, with the interface of `base`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from rnnbench import registry
from rnnbench.cells.base import Cell, State
from rnnbench.errors import UsageError
from rnnbench.recurrent import kernel
from rnnbench.recurrent.backends.base import Backend, Stack

_FOUND = [(name, registry.get(__name__, name, Backend)) for name in registry.names(__name__)]
BACKENDS: dict[str, Backend] = dict(sorted(_FOUND, key=lambda found: found[1].rank))
"""Those of this folder by name, fastest first."""

NAMES = ("auto", *sorted(BACKENDS))


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
    name: str, cell: Cell, device: torch.device, dtype: torch.dtype, shape: tuple[int, int, int, int] | None = None
) -> str:
    """The backend that `name` stands for: itself, or for "auto" the fastest there is.

    shape: (T, B, I, H) of the call at hand; without it, what is fastest in general.

    Raises UsageError when it is unknown or cannot run this cell here.
    """
    if name == "auto":
        if device.type == "cpu" and kernel.library() is None:
            say_what_is_missing()
        able = (n for n, backend in BACKENDS.items() if backend.unsupported(cell, device, dtype) is None)
        return next(n for n in able if shape is None or BACKENDS[n].preferred(cell, shape))
    reason = named(name).unsupported(cell, device, dtype)
    if reason is not None:
        choices = ", ".join(("auto", *available(cell, device, dtype)))
        raise UsageError(reason, key="backend", value=name, allowed=choices)
    return name


@cache
def say_what_is_missing() -> None:
    """One line on stderr, once a process."""
    print(f"rnnbench: the fused CPU kernel {kernel.why_missing()}; slower backends take over", file=sys.stderr)


def forward(name: str, stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    """The stack over the sequence by the backend of that name: x (T, B, I) → (T, B, D·H), state (L·D, B, H) each."""
    return named(name).forward(stack, x, state)
