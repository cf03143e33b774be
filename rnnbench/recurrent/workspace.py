"""Memory that is used again: touching fresh pages costs more time than the numbers written to them.

A block is anonymous memory that a tensor borrows through Python's buffer protocol. Whoever holds the tensor, a view of
it or the autograd graph that saved it holds the block; when the last of them is gone, the block is free and the next
tensor of about its size gets it. So nobody has to give anything back, and nothing is handed out twice.
"""

from __future__ import annotations

import math
import mmap
import os
import sys
import threading
from contextlib import suppress

import torch
from torch import Tensor

SMALLEST = 1 << 18  # bytes; below, the allocator's own reuse does
UNUSED_ROUNDS = 512  # a free block that so many requests of any size passed by is returned to the system
LOOK = 64  # small requests between two looks for such blocks


class _Pool:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.blocks: list[mmap.mmap] = []
        self.last_used: list[int] = []
        self.round = 0

    def borrow(self, size: int) -> mmap.mmap:
        with self.lock:
            found = self._free(size)
            if found is None:
                found = _fresh(size)
                self.blocks.append(found)
                self.last_used.append(self.round)
            return found

    def count_small(self) -> None:
        """A request that needs no block: where all are small, blocks of larger work before them would stay for ever."""
        self.round += 1
        if self.blocks and self.round % LOOK == 0:
            with self.lock:
                self._free(0)

    def release(self) -> None:
        with self.lock:
            for i in range(len(self.blocks) - 1, -1, -1):
                if sys.getrefcount(self.blocks[i]) <= _FREE:
                    del self.blocks[i], self.last_used[i]

    def _free(self, size: int) -> mmap.mmap | None:
        """A free block of this size; free ones that nobody has wanted for long are let go on the way."""
        self.round += 1
        found = None
        for i in range(len(self.blocks) - 1, -1, -1):
            if sys.getrefcount(self.blocks[i]) > _FREE:
                self.last_used[i] = self.round
            elif found is None and len(self.blocks[i]) == size:
                found = self.blocks[i]
                self.last_used[i] = self.round
            elif self.round - self.last_used[i] > UNUSED_ROUNDS:
                del self.blocks[i], self.last_used[i]
        return found


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


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """A dense CPU tensor with arbitrary contents, in memory that an earlier one has left if there is any."""
    count = math.prod(shape)
    needed = count * dtype.itemsize
    if needed < SMALLEST or not hasattr(mmap, "MAP_ANONYMOUS"):
        _POOL.count_small()
        return torch.empty(shape, dtype=dtype)
    step = 1 << max(needed.bit_length() - 4, 12)  # sizes in steps of an eighth or less: near sizes share blocks
    try:
        block = _POOL.borrow(-(-needed // step) * step)
    except (OSError, OverflowError):  # no memory to be had: torch says so, as it does elsewhere
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(block, dtype=dtype, count=count).view(shape)
