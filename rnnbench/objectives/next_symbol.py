"""The next symbol at each step: cross-entropy of a vocabulary, which `bits` and `nats` count.

Targets are (B, T) int64, the inputs one step on, outputs (B, T, K).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from rnnbench.objectives.base import Reduction
from rnnbench.objectives.label_steps import LabelSteps


@dataclass(frozen=True)
class NextSymbol(LabelSteps):
    target_follows = True
    metrics = ("bits",)

    def losses(self, outputs: Tensor, targets: Tensor, reduction: Reduction = "none") -> Tensor:
        """Summed over a text as over strings of unlike length: by torch.sum, whatever is left out."""
        nats = super().losses(outputs, targets)
        if reduction == "none":
            return nats
        return nats.sum() if reduction == "sum" else nats.sum() / nats.numel()
