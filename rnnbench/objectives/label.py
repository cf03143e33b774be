"""One label for a whole sequence: cross-entropy of K classes.

Targets are (B,) labels 0 … K − 1, outputs (B, K).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from rnnbench.objectives.base import Objective, Reduction


@dataclass(frozen=True)
class Label(Objective):
    classes: int  # K

    answers = "labels"
    metrics = ("accuracy",)
    target_shape = ()

    @property
    def output_size(self) -> int:
        return self.classes

    @property
    def allowed(self) -> str:
        return f"whole numbers 0 to {self.classes - 1}"

    def wrong(self, targets: Tensor) -> Tensor:
        return ~((targets >= 0) & (targets < self.classes) & (targets == targets.long()))

    def typed(self, targets: Tensor) -> Tensor:
        return targets.long()

    def losses(self, outputs: Tensor, targets: Tensor, reduction: Reduction = "none") -> Tensor:
        return F.cross_entropy(outputs, targets, reduction=reduction)

    def predict(self, outputs: Tensor) -> Tensor:
        return outputs.softmax(-1)
