"""Denormal numbers, flushed to zero or kept, in every thread that computes.

A float32 below 2⁻¹²⁶ ≈ 1.2e-38 is denormal, and x86 processors take some hundred cycles for each. Gradients that fade
over many steps get there. `torch.set_flush_denormal` switches the calling thread alone: threads that torch's pool has
already keep what they have, and threads made later begin with what their maker has. So each thread is asked here, by a
parallel region of the OpenMP runtime that torch itself uses, and gets back afterwards what it had.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")

_TINY = 5e-324
"""The smallest denormal of float64: equal to zero where denormals count as zero."""

_keep = False


def kept() -> bool:
    """Whether the fused kernel, which flushes denormals by itself, is to leave that: within `flushing(False)`."""
    return _keep


def flushed_here() -> bool:
    """Whether the calling thread flushes denormals to zero."""
    return _TINY == 0.0


def in_every_thread(ask: Callable[[], T]) -> list[T]:
    """What `ask` gives in each of torch's threads on CPU, or in this one alone where there is no such runtime."""
    region = getattr(ctypes.CDLL(None), "GOMP_parallel", None)
    if region is None:
        return [ask()]
    answers: list[T] = []

    def body(_: object) -> None:
        answers.append(ask())

    region(
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(body), None, ctypes.c_uint(torch.get_num_threads()), ctypes.c_uint(0)
    )
    return answers


@contextmanager
def flushing(on: bool) -> Iterator[None]:
    """Inside, all threads flush denormals to zero, or none does; afterwards each does what it did before.

    A thread that comes to the pool inside does afterwards what this one does.
    """
    global _keep
    kept_before, _keep = _keep, not on
    before = dict(in_every_thread(lambda: _switched(on)))
    mine = before[threading.get_native_id()]
    try:
        yield
    finally:
        _keep = kept_before
        in_every_thread(lambda: torch.set_flush_denormal(before.get(threading.get_native_id(), mine)))


def _switched(on: bool) -> tuple[int, bool]:
    """The thread's number and what it did before."""
    before = flushed_here()
    torch.set_flush_denormal(on)
    return threading.get_native_id(), before
