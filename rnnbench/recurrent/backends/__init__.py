"""How a cell is carried through time: one module a backend, with the interface of `base`."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, State
from rnnbench.errors import UsageError
from rnnbench.recurrent.backends import eager, fused, kernel, torch_nn
from rnnbench.recurrent.backends.base import Stack

BACKENDS: dict[str, ModuleType] = {"fused": fused, "torch": torch_nn, "eager": eager}
"""By name, fastest first."""

NAMES = ("auto", *sorted(BACKENDS))


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
        return next(n for n in able if shape is None or _preferred(n, cell, shape))
    if name not in BACKENDS:
        raise UsageError("no such backend", key="backend", value=name, allowed=", ".join(NAMES))
    reason = BACKENDS[name].unsupported(cell, device, dtype)
    if reason is not None:
        choices = ", ".join(("auto", *available(cell, device, dtype)))
        raise UsageError(reason, key="backend", value=name, allowed=choices)
    return name


def _preferred(name: str, cell: Cell, shape: tuple[int, int, int, int]) -> bool:
    rule = getattr(BACKENDS[name], "preferred", None)
    return rule is None or bool(rule(cell, shape))


@cache
def say_what_is_missing() -> None:
    """One line on stderr, once a process."""
    print(f"rnnbench: the fused CPU kernel {kernel.why_missing()}; slower backends take over", file=sys.stderr)


def forward(name: str, stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    """The stack over the sequence by the backend of that name: x (T, B, I) → (T, B, D·H), state (L·D, B, H) each."""
    output, state = BACKENDS[name].forward(stack, x, state)
    return output, state
