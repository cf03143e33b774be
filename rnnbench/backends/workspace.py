"""Memory that is used again: touching fresh pages costs more time than the numbers written to them.

A block is anonymous memory that a tensor borrows through Python's buffer protocol. Whoever holds the tensor, a view of
it or the autograd graph that saved it holds the block; when the last of them is gone, the block is free and the next
tensor of about its size gets it. So nobody has to give anything back, and nothing is handed out twice.
"""

from __future__ import annotations

import math
import mmap
import sys
import threading
from contextlib import suppress

import torch
from torch import Tensor

SMALLEST = 1 << 18  # bytes; below, the allocator's own reuse does
UNUSED_ROUNDS = 64  # a free block that so many requests passed by is returned to the system


class _Pool:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.blocks: list[mmap.mmap] = []
        self.last_used: list[int] = []
        self.round = 0

    def borrow(self, size: int) -> mmap.mmap:
        with self.lock:
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
            if found is None:
                found = _fresh(size)
                self.blocks.append(found)
                self.last_used.append(self.round)
            return found


_FREE = 2  # references to a block that only the pool holds, as getrefcount counts: the list's and its own argument
_POOL = _Pool()


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
        return torch.empty(shape, dtype=dtype)
    step = 1 << max(needed.bit_length() - 4, 12)  # sizes in steps of an eighth or less: near sizes share blocks
    block = _POOL.borrow(-(-needed // step) * step)
    return torch.frombuffer(block, dtype=dtype, count=count).view(shape)
