"""Which of K keys sound at each step: each by itself, the negative log-likelihood of a frame being the sum over keys.

    NLL = Σ over frames and keys of −y·ln p − (1 − y)·ln(1 − p), divided by the number of frames

Targets are (B, T, K), between 0 and 1, outputs (B, T, K), the log-odds of p.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from rnnbench.objectives.base import Objective, Reduction


@dataclass(frozen=True)
class Keys(Objective):
    keys: int  # K

    answers = "keys"
    per_step = True
    readout = "all"
    target_follows = True
    metrics = ("nats",)
    allowed = "numbers 0 to 1"

    @property
    def output_size(self) -> int:
        return self.keys

    @property
    def target_shape(self) -> tuple[int, ...]:
        return (self.keys,)

    @property
    def thing_shape(self) -> tuple[int, ...]:
        return ()

    def wrong(self, targets: Tensor) -> Tensor:
        return ~((targets >= 0) & (targets <= 1))

    def typed(self, targets: Tensor) -> Tensor:
        return targets if targets.is_floating_point() else targets.float()

    def number(self, targets: Tensor) -> float:
        return float(targets.numel() // self.keys)

    def losses(self, outputs: Tensor, targets: Tensor, reduction: Reduction = "none") -> Tensor:
        nats = F.binary_cross_entropy_with_logits(outputs, targets, reduction="none").sum(-1)  # (B, T)
        if reduction == "none":
            return nats
        return nats.sum() if reduction == "sum" else nats.sum() / nats.numel()

    def predict(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid()
