"""Sequences of unequal lengths: which rows of their steps lie where.

Packed, as torch's PackedSequence packs them: sorted by length, longest first; then the rows of step 0 of all sequences,
of step 1 of those that have one, and so on. (T, B, ·) becomes (N, ·), N = Σ lengths: what stands in the padding is
never read, and backwards in time each sequence starts at its own end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


@dataclass(frozen=True)
class Packing:
    """batch_sizes (T,) int64 on the CPU: how many sequences have each step; never rising, at least 1. Nobody else's.

    batch: B, the first of them.
    """

    batch_sizes: Tensor
    batch: int

    @cached_property
    def first(self) -> Tensor:
        """Rows before those of each step: (T,)."""
        return self.batch_sizes.cumsum(0) - self.batch_sizes

    @property
    def shape(self) -> tuple[int, int]:
        """(T, B)"""
        return len(self.batch_sizes), self.batch

    def columns(self, reverse: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Where packed rows stand when each sequence is a column that begins with its first step, or its last.

        → the row of each place (T, B), behind its end that of its end; of each row the place, step and sequence (N,);
        the last step of each sequence (B,).
        """
        there = np.arange(self.batch) < self.batch_sizes.numpy()[:, None]  # (T, B)
        ends = there.sum(0) - 1
        steps, sequences = np.nonzero(there)  # row by row: as packed rows lie
        own = np.minimum(np.arange(len(there))[:, None], ends)  # (T, B)
        rows = self.first.numpy()[ends - own if reverse else own] + np.arange(self.batch)
        return rows, ends[sequences] - steps if reverse else steps, sequences, ends


class Padded:
    """Sequences padded to T steps, and how they are packed. What differentiates indexing differentiates both ways."""

    def __init__(self, lengths: list[int], steps: int, device: torch.device):
        """lengths: (B), from 1 to `steps`."""
        self.steps, self.batch = steps, len(lengths)
        n = np.asarray(lengths)
        order = np.argsort(-n, kind="stable")  # (B,)
        there = n[order] > np.arange(n.max())[:, None]  # (longest, B)
        step, place = np.nonzero(there)  # row by row: as packed rows lie
        back = np.full(steps * len(n), len(step))  # the row behind the last one is zero
        back[step * len(n) + order[place]] = np.arange(len(step))
        self.packing = Packing(torch.from_numpy(there.sum(1)), len(n))
        self._step, self._sequence, self._back, self.order, self.unsorted = (
            torch.from_numpy(index).to(device) for index in (step, order[place], back, order, np.argsort(order))
        )

    def pack(self, x: Tensor) -> Tensor:
        """(T, B, ·) → (N, ·)"""
        return x[self._step, self._sequence]

    def unpack(self, rows: Tensor) -> Tensor:
        """(N, ·) → (T, B, ·), zero in the padding."""
        padded = torch.cat((rows, rows.new_zeros(1, rows.shape[-1]))).index_select(0, self._back)
        return padded.view(self.steps, self.batch, -1)


def numbers_in(lengths: Tensor) -> list[int]:
    """Also within torch.func's transforms, where torch 2.6 has no list of a tensor's numbers."""
    return [int(n) for n in lengths] if torch._C._are_functorch_transforms_active() else lengths.tolist()


def checked_lengths(lengths: Any, steps: int, batch: int) -> list[int]:
    """Raises ValueError, naming the sequence, where one is not between 1 and `steps`, or where they are no integers."""
    if isinstance(lengths, list | tuple) and all(type(n) is int for n in lengths):
        shape, dtype, numbers = (len(lengths),), torch.int64, list(lengths)  # by no operator that a trace would see
    else:
        lengths = torch.as_tensor(lengths)
        if lengths.is_meta:
            raise ValueError("expected lengths with numbers in them, got a meta tensor")
        shape, dtype, numbers = tuple(lengths.shape), lengths.dtype, numbers_in(lengths)
    if shape != (batch,) or dtype not in INTEGERS:
        found = f"{shape}, {dtype}"
        raise ValueError(f"expected lengths of shape ({batch},), integers, one for each sequence, got {found}")
    for number, length in enumerate(numbers):
        if not 1 <= length <= steps:
            raise ValueError(f"expected lengths from 1 to {steps}, sequence {number} has {length}")
    return numbers
