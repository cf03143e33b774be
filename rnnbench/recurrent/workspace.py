"""Memory that is used again: touching fresh pages costs more time than the numbers written to them.

A block is anonymous memory that a tensor borrows through Python's buffer protocol. Whoever holds the tensor, a view of
it or the autograd graph that saved it holds the block; when the last of them is gone, the block is free and the next
tensor of about its size gets it. So nobody has to give anything back, and nothing is handed out twice.

That Python counts every holder is proven when this module is loaded (`_holders_are_counted`); where it is not so,
torch's allocator takes over. The pool never keeps a quarter more than was in use at one time, however many sizes are
asked for: a forward and a backward pass that take turns both keep their room.
"""

from __future__ import annotations

import ctypes
import math
import mmap
import os
import sys
import threading
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

SMALLEST = 1 << 18  # bytes; below, the allocator's own reuse does
UNUSED_ROUNDS = 512  # a free block that so many requests of any size passed by is returned to the system
LOOK = 64  # small requests between two looks for such blocks
LARGER = 4  # a free block may be so many times larger than what is asked for
ALIGNMENT = 64  # bytes
SPARE = 1.25  # what is kept at most, over what was in use at one time


class _Pool:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.blocks: list[mmap.mmap] = []
        self.last_used: list[int] = []
        self.round = 0
        self.most_used = 0  # bytes, at one time

    def borrow(self, size: int) -> mmap.mmap:
        with self.lock:
            self._let_go_of_unused()
            free = self._free()
            fitting = [i for i in free if size <= len(self.blocks[i]) <= LARGER * size]
            if fitting:
                best = min(fitting, key=lambda i: len(self.blocks[i]))
                self.last_used[best] = self.round
                return self.blocks[best]
            self._make_room(size, free)
            self.blocks.append(_fresh(size))
            self.last_used.append(self.round)
            return self.blocks[-1]

    def count_small(self) -> None:
        """A request that needs no block: where all are small, blocks of larger work before them would stay for ever."""
        self.round += 1
        if self.blocks and self.round % LOOK == 0:
            with self.lock:
                self._let_go_of_unused()

    def release(self) -> None:
        with self.lock:
            self._return(self._free())
            self.most_used = 0

    def _free(self) -> list[int]:
        """Which blocks nobody holds."""
        return [i for i in range(len(self.blocks)) if sys.getrefcount(self.blocks[i]) <= _FREE]

    def _let_go_of_unused(self) -> None:
        self.round += 1
        free = set(self._free())
        for i in range(len(self.blocks)):
            if i not in free:
                self.last_used[i] = self.round
        self._return([i for i in free if self.round - self.last_used[i] > UNUSED_ROUNDS])

    def _make_room(self, size: int, free: list[int]) -> None:
        """Return free blocks, the longest unused first, until a new one keeps little more than was once in use."""
        kept = sum(map(len, self.blocks))
        self.most_used = max(self.most_used, kept - sum(len(self.blocks[i]) for i in free) + size)
        gone = []
        for i in sorted(free, key=self.last_used.__getitem__):
            if kept + size <= SPARE * self.most_used:
                break
            kept -= len(self.blocks[i])
            gone.append(i)
        self._return(gone)

    def _return(self, numbers: list[int]) -> None:
        for i in sorted(numbers, reverse=True):
            del self.blocks[i], self.last_used[i]


_FREE = 2  # references to a block that only the pool holds, as getrefcount counts: the list's and its own argument
_POOL = _Pool()
if hasattr(os, "register_at_fork"):  # in the child, another thread of the parent may hold the lock for ever
    os.register_at_fork(after_in_child=_POOL.__init__)  # type: ignore[misc]


def release() -> None:
    """Return every block that nobody holds to the system."""
    _POOL.release()


def _fresh(size: int) -> mmap.mmap:
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE") and size >= 1 << 22:
        with suppress(OSError):  # a kernel without huge pages: only the first use is slower
            block.madvise(mmap.MADV_HUGEPAGE)  # fewer, larger page faults the first time
    return block


def _holders_are_counted() -> bool:
    """Whether a block's count tells, here, that a tensor, a view or the graph that saved one holds its memory."""
    if not hasattr(mmap, "MAP_ANONYMOUS") or not hasattr(sys, "getrefcount"):
        return False
    try:
        blocks = [_fresh(mmap.PAGESIZE)]
        counts = [sys.getrefcount(blocks[0])]
        tensor = torch.frombuffer(blocks[0], dtype=torch.float32, count=64)
        weight = torch.ones(64, device="cpu", requires_grad=True)
        view, product = tensor.view(8, 8)[1:], weight * tensor  # autograd saves `tensor` for the weight's gradient
        del tensor
        counts.append(sys.getrefcount(blocks[0]))
        del view
        counts.append(sys.getrefcount(blocks[0]))
        del product
        counts.append(sys.getrefcount(blocks[0]))
    except (OSError, RuntimeError, TypeError):
        return False
    return counts[0] == counts[3] == _FREE and counts[1] > _FREE and counts[2] > _FREE


_COUNTED = _holders_are_counted()


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """A dense CPU tensor with arbitrary contents, in memory that an earlier one has left if there is any."""
    count = math.prod(shape)
    needed = count * dtype.itemsize
    if needed < SMALLEST or not _COUNTED:
        _POOL.count_small()
        return torch.empty(shape, dtype=dtype, device="cpu")
    step = 1 << max(needed.bit_length() - 4, 12)  # sizes in steps of an eighth or less: near sizes share blocks
    try:
        block = _POOL.borrow(-(-needed // step) * step)
    except (OSError, OverflowError):  # no memory to be had: torch says so, as it does elsewhere
        return torch.empty(shape, dtype=dtype, device="cpu")
    return torch.frombuffer(block, dtype=dtype, count=count).view(shape)


class _Own(threading.local):
    """A small room of each thread: its calls of the kernel follow one another."""

    def __init__(self) -> None:
        self.block = ctypes.create_string_buffer(SMALLEST)
        self.start = ctypes.addressof(self.block)
        self.start += -self.start % ALIGNMENT


_OWN = _Own()


def room(size: int) -> tuple[Any, int]:
    """So many bytes to work in during one call of the kernel: who holds them, and their address, a multiple of 64."""
    if size <= SMALLEST - ALIGNMENT:
        _POOL.count_small()
        return _OWN.block, _OWN.start
    block = empty((size + ALIGNMENT,), torch.uint8)
    start = block.data_ptr()
    return block, start + -start % ALIGNMENT
