"""Ways through one long row of symbols: in shuffled windows, or along parallel streams with the state carried on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnbench.data.base import MOST_STEPS, generator
from rnnbench.data.batch import Batch
from rnnbench.data.examples import shuffled
from rnnbench.errors import UsageError


def window(row: Tensor, starts: Tensor, seq_len: int) -> tuple[Tensor, Tensor]:
    """Inputs (B, T) from these starts, and their successors; the row's end is followed by its beginning."""
    index = (starts[:, None] + torch.arange(seq_len + 1)) % len(row)
    symbols = row[index].long()
    return symbols[:, :-1], symbols[:, 1:]


@dataclass(frozen=True)
class Windows:
    """Training on windows of T steps in shuffled order, each from a zero state."""

    row: Tensor  # (N,)
    seq_len: int
    seed: int

    @property
    def size(self) -> int:
        return len(self.row)

    @property
    def count(self) -> int:
        return (len(self.row) - 1) // self.seq_len

    def epoch_steps(self, batch_size: int) -> int:
        return max(1, self.count // batch_size)

    def batch(self, step: int, batch_size: int) -> Batch:
        starts = shuffled(step, batch_size, n=self.count, seed=self.seed) * self.seq_len
        return Batch(*window(self.row, starts, self.seq_len))


@dataclass(frozen=True)
class Streams:
    """Training along B parallel streams, T steps at a time, the state carried on: `fresh` at each pass's first window.

    Each pass lays the row on a circle, begins at a place of its own and cuts B streams of equal length; what is left
    at a stream's end, less than one window, sits that pass out.
    """

    row: Tensor  # (N,)
    seq_len: int
    seed: int

    @property
    def size(self) -> int:
        return len(self.row)

    def epoch_steps(self, batch_size: int) -> int:
        return max(1, len(self.row) // batch_size // self.seq_len)

    def batch(self, step: int, batch_size: int) -> Batch:
        length = len(self.row) // batch_size
        if length < self.seq_len:
            most = len(self.row) // self.seq_len
            problem = f"the text has no {batch_size} streams of {self.seq_len} characters"
            raise UsageError(problem, key="batch_size", value=batch_size, allowed=f"1 to {most}")
        epoch, k = divmod(step, length // self.seq_len)
        offset = torch.randint(len(self.row), (), generator=generator(self.seed, "offset", epoch))
        starts = offset + torch.arange(batch_size) * length + k * self.seq_len
        return Batch(*window(self.row, starts, self.seq_len), fresh=k == 0)


CHARACTERS_PER_STREAM = 2000
MOST_STREAMS = 512


@dataclass(frozen=True)
class HeldOut:
    """Evaluation: every symbol but the row's first is predicted exactly once, whatever the batch size.

    The row is cut into parallel streams, one for every 2,000 symbols and 512 at most, of lengths that differ by no more
    than one. They run T steps at a time, from the previous window's state if `carry`, else from a zero state.
    """

    row: Tensor  # (N,)
    seq_len: int
    carry: bool

    def batches(self, batch_size: int) -> Iterator[Batch]:
        predicted = len(self.row) - 1
        count = min(max(1, predicted // CHARACTERS_PER_STREAM), MOST_STREAMS)
        ends = torch.arange(count + 1) * predicted // count  # (streams + 1,)
        starts, steps = ends[:-1], ends.diff()  # (streams,)
        shortest, longest = int(steps.min()), int(steps.max())
        T = min(self.seq_len, MOST_STEPS // count) if self.carry else self.seq_len  # carried on, T changes no answer
        for begin in range(0, shortest, T):
            # The last window takes the one step more of the longer streams: no stream is ever without a step.
            end = begin + T if begin + T < shortest else longest
            inputs, targets = window(self.row, starts + begin, end - begin)
            lengths = (steps - begin).clamp(max=end - begin)
            padded = bool((lengths < end - begin).any())
            side_by_side = count if self.carry else max(1, MOST_STEPS // (end - begin))
            for rows in (slice(first, first + side_by_side) for first in range(0, count, side_by_side)):
                shown = lengths[rows] if padded else None
                yield Batch(inputs[rows], targets[rows], shown, fresh=not self.carry or begin == 0)
