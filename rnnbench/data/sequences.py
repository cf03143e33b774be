"""Next-step prediction over many sequences of unlike length, stored end to end instead of padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.base import MOST_STEPS
from rnnbench.data.batch import Batch
from rnnbench.data.examples import shuffled


@dataclass(frozen=True)
class Sequences:
    """Predict frame t + 1 from frames ≤ t, in pieces: `Source` for training and `Held` for evaluation.

    Piece p feeds frames start_p … start_p + steps_p − 1 and asks for each one's successor. Padding is zero.
    """

    frames: Tensor  # (total + 1, K) bytes, the sequences end to end; the last row is zero: padding
    starts: Tensor  # (P,)
    steps: Tensor  # (P,)
    size: int  # number of sequences
    seed: int = 0

    @classmethod
    def of(cls, rolls: Sequence[np.ndarray], *, seq_len: int | None = None, seed: int = 0) -> Sequences:
        """All pieces of these (length, K) rolls: whole, or cut to at most `seq_len` steps. None is lost in a cut."""
        starts, steps, position = [], [], 0
        for roll in rolls:
            longest = len(roll) - 1 if seq_len is None else seq_len
            for start in range(0, len(roll) - 1, max(1, longest)):
                starts.append(position + start)
                steps.append(min(longest, len(roll) - 1 - start))
            position += len(roll)
        frames = np.concatenate((*rolls, np.zeros((1, rolls[0].shape[1])))).astype(np.uint8)
        return cls(torch.from_numpy(frames), torch.tensor(starts), torch.tensor(steps), size=len(rolls), seed=seed)

    def __len__(self) -> int:
        return len(self.starts)

    def epoch_steps(self, batch_size: int) -> int:
        return max(1, len(self) // batch_size)

    def batch(self, step: int, batch_size: int) -> Batch:
        return self._take(shuffled(step, batch_size, n=len(self), seed=self.seed))

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """Longest first, so that little is padded."""
        order, start = self.steps.argsort(descending=True, stable=True), 0
        while start < len(order):
            size = max(1, min(batch_size, MOST_STEPS // int(self.steps[order[start]])))
            yield self._take(order[start : start + size])
            start += size

    def _take(self, piece: Tensor) -> Batch:
        steps = self.steps[piece]  # (B,)
        t = torch.arange(int(steps.max()))  # (T,)
        inside = t < steps[:, None]  # (B, T)
        place = self.starts[piece, None] + t
        padding = len(self.frames) - 1
        inputs = self.frames[torch.where(inside, place, padding)].float()  # (B, T, K)
        targets = self.frames[torch.where(inside, place + 1, padding)].float()
        return Batch(inputs, targets, lengths=steps, blank=True)

    def key_counts(self) -> tuple[Tensor, int]:
        """How often each of the K keys sounds among the targets, (K,), and the number of targets."""
        total = int(self.steps.sum())
        first = self.steps.cumsum(0) - self.steps  # of each piece, among all targets
        place = torch.arange(total) + (self.starts + 1 - first).repeat_interleave(self.steps)
        return self.frames[place].sum(dim=0, dtype=torch.float64), total
