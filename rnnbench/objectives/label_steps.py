"""A label at each step: cross-entropy of K classes.

Targets are (B, T) labels 0 … K − 1, outputs (B, T, K).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from rnnbench.objectives.base import Reduction
from rnnbench.objectives.label import Label


@dataclass(frozen=True)
class LabelSteps(Label):
    per_step = True
    readout = "all"

    def losses(self, outputs: Tensor, targets: Tensor, reduction: Reduction = "none") -> Tensor:
        nats = F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction=reduction)
        return nats.view(targets.shape) if reduction == "none" else nats
