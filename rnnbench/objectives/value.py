"""One value for a whole sequence, or K of them: squared error.

Targets are (B, K), for K = 1 also (B,); outputs (B, K). Where a `scale` is stated, a model answers in units of it:

    loss = mean ((y − shift) / scale − output)²,  ŷ = shift + scale · output

so that targets, answers and metrics stay in the unit of the data.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rnnbench.objectives.base import Objective, Reduction


@dataclass(frozen=True)
class Value(Objective):
    size: int = 1  # K
    shift: tuple[float, ...] = field(default=(), kw_only=True)  # (K,); (): 0
    scale: tuple[float, ...] = field(default=(), kw_only=True)  # (K,); (): 1

    answers = "values"
    metrics = ("rmse",)
    allowed = "finite numbers"

    @property
    def output_size(self) -> int:
        return self.size

    @property
    def target_shape(self) -> tuple[int, ...]:
        return (self.size,)

    def wrong(self, targets: Tensor) -> Tensor:
        return ~targets.isfinite()

    def losses(self, outputs: Tensor, targets: Tensor, reduction: Reduction = "none") -> Tensor:
        squares = (outputs - self._scaled(targets)).square()
        if reduction == "none":
            return squares
        return squares.sum() if reduction == "sum" else squares.mean()

    def predict(self, outputs: Tensor) -> Tensor:
        if not self.scale:
            return outputs
        shift, scale = _like(outputs, self.shift), _like(outputs, self.scale)
        return shift + scale * outputs

    def _scaled(self, targets: Tensor) -> Tensor:
        if not self.scale:
            return targets
        return (targets - _like(targets, self.shift)) / _like(targets, self.scale)


def _like(values: Tensor, numbers: tuple[float, ...]) -> Tensor:
    return torch.tensor(numbers, dtype=values.dtype, device=values.device)
