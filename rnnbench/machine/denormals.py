"""Denormal numbers, flushed to zero or kept, in every thread that computes.

A float32 below 2⁻¹²⁶ ≈ 1.2e-38 is denormal, and x86 processors take some hundred cycles for each. Gradients that fade
over many steps get there. `torch.set_flush_denormal` switches the calling thread alone: threads that torch's pool has
already keep what they have, and threads made later begin with what their maker has. So each thread is asked here, by a
parallel region of the OpenMP runtime that torch itself uses, and gets back afterwards what it had.
"""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")

(_TINY,) = struct.unpack("<d", bytes([1, 0, 0, 0, 0, 0, 0, 0]))
"""The smallest denormal of float64, 5e-324: equal to zero where denormals count as zero. By its bits: Python would read
the number as zero, and write that into its cache, where this module is first loaded by a thread that flushes."""


class _Here(threading.local):
    """Of the calling thread of Python, which has a pool of its own: of two that compute at a time neither is to ask, or
    give back, what is the other's."""

    keep = False
    asked: _Switch | None = None


_here = _Here()


def kept() -> bool:
    """Whether the fused kernel, which flushes denormals by itself, is to leave that: within `flushing(False)`."""
    return _here.keep


def flushed_here() -> bool:
    """Whether the calling thread flushes denormals to zero."""
    return _TINY == 0.0


def in_every_thread(ask: Callable[[], T], threads: int | None = None) -> list[T]:
    """What `ask` gives in each of so many threads of the pool that torch computes with on CPU, by default of as many as
    it uses now; in this one alone where there is no such runtime."""
    region = getattr(ctypes.CDLL(None), "GOMP_parallel", None)
    if region is None:
        return [ask()]
    answers: list[T] = []

    def body(_: object) -> None:
        answers.append(ask())

    count = ctypes.c_uint(threads or torch.get_num_threads())
    region(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(body), None, count, ctypes.c_uint(0))
    return answers


class _Switch:
    """What `flushing` asks for, and what each thread did before it was asked."""

    def __init__(self, on: bool) -> None:
        self.on, self.before, self.most = on, dict[int, bool](), 0
        self.ask()
        self.mine = self.before[threading.get_native_id()]

    def ask(self) -> None:
        """Of as many threads as torch uses now."""

        def switch() -> None:
            self.before.setdefault(threading.get_native_id(), flushed_here())
            torch.set_flush_denormal(self.on)

        self.most = max(self.most, torch.get_num_threads())
        in_every_thread(switch)

    def undo(self) -> None:
        """A thread that came to the pool since does what the one that asks did."""
        most = max(self.most, torch.get_num_threads())
        in_every_thread(lambda: torch.set_flush_denormal(self.before.get(threading.get_native_id(), self.mine)), most)


@contextmanager
def flushing(on: bool) -> Iterator[None]:
    """Inside, all threads flush denormals to zero, or none does; afterwards each does what it did before.

    Where the number of threads changes inside, `threads.use` sees to it that the new ones do the same.
    """
    outside, switch = (_here.keep, _here.asked), _Switch(on)
    _here.keep, _here.asked = not on, switch
    try:
        yield
    finally:
        switch.undo()
        _here.keep, _here.asked = outside
        if _here.asked is not None:  # it has these threads to give back too
            _here.asked.most = max(_here.asked.most, switch.most)


def again() -> None:
    """Within `flushing`, ask the threads that have come since."""
    if _here.asked is not None:
        _here.asked.ask()
