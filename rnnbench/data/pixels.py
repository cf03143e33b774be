"""Images read as sequences of pixels: what the datasets of images share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from rnnbench.errors import UsageError, in_one_line


@dataclass(frozen=True)
class Pixels:
    """Images (N, P) of numbers 0 … `largest` → sequences (N, T, P / T): (p / largest − mean) / std.

    T = P is pixel by pixel, the square root of P row by row. order: which pixel comes when; None: as they are.
    """

    seq_len: int  # T
    largest: float
    mean: float = 0.0
    std: float = 1.0
    order: tuple[int, ...] | None = None  # (P,)

    def __call__(self, pixels: ArrayLike | Tensor) -> Tensor:
        """pixels: (N, P), a tensor, an array or lists. Raises UsageError where they are not."""
        try:
            pixels = torch.as_tensor(pixels)
        except (TypeError, ValueError, RuntimeError) as error:
            raise UsageError(f"pixels are no numbers (N, P): {in_one_line(error)}") from error
        P = len(self.order) if self.order is not None else self.seq_len
        if pixels.dim() != 2 or pixels.shape[1] % P or not pixels.numel():
            said = f"{P} or a multiple" if self.order is None else P
            raise UsageError(f"pixels are {tuple(pixels.shape)}, not (N, P) with P = {said}")
        if self.order is not None:
            pixels = pixels[:, list(self.order)]
        normal = pixels.to(torch.float32, copy=True).div_(self.largest).sub_(self.mean).div_(self.std)
        return normal.view(len(pixels), self.seq_len, -1)


def steps(seq_len: int | None, size: int) -> int:
    """T of images of `size` pixels; None: pixel by pixel. Raises UsageError where it does not divide them."""
    T = size if seq_len is None else seq_len
    if T < 1 or size % T:
        allowed = ", ".join(str(d) for d in range(1, size + 1) if size % d == 0)
        raise UsageError(f"does not divide the {size} pixels of an image", key="seq_len", value=T, allowed=allowed)
    return T


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
