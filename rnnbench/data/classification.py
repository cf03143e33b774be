"""One label for a whole sequence: what the datasets of images read pixel by pixel share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnbench.data.base import Batch, Task, Totals
from rnnbench.errors import UsageError


@dataclass(frozen=True)
class ClassificationTask(Task):
    """Targets are (B,) int64 labels, outputs (B, K) after the last step."""

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(outputs, batch.targets)

    def totals(self, outputs: Tensor, batch: Batch) -> Totals:
        n = float(len(outputs))
        right = outputs.argmax(-1) == batch.targets
        return {
            "loss": (F.cross_entropy(outputs, batch.targets, reduction="sum"), n),
            "accuracy": (right.sum(), n),
        }


def chance(train_labels: Tensor, test_labels: Tensor, classes: int) -> dict[str, float]:
    """What class frequencies alone give: answer the commonest training label; or, for the loss, their frequencies.

    Each class counts once more than it was seen, so that one that a small training set lacks does not cost infinity.
    """
    counts = torch.bincount(train_labels, minlength=classes).double() + 1
    nats = -(counts / counts.sum()).log()  # (K,)
    return {
        "loss": nats[test_labels].mean().item(),
        "accuracy": (test_labels == counts.argmax()).double().mean().item(),
    }


def in_steps(pixels: Tensor, seq_len: int | None) -> Tensor:
    """Images (N, P) as sequences (N, T, P / T): T = P is pixel by pixel, the square root of P row by row."""
    n, size = pixels.shape
    T = size if seq_len is None else seq_len
    if T < 1 or size % T:
        allowed = ", ".join(str(d) for d in range(1, size + 1) if size % d == 0)
        raise UsageError(f"does not divide the {size} pixels of an image", key="seq_len", value=T, allowed=allowed)
    return pixels.view(n, T, size // T)
