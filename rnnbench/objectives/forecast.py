"""The h values that follow a sequence, all at once (directly, not one fed back for the next): squared error.

Targets are (B, h·K), the K values at T + 1, then those at T + 2, … T + h; outputs (B, h·K).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rnnbench.objectives.value import Value


@dataclass(frozen=True)
class Forecast(Value):
    """naive_error: mean |y_t − y_{t−m}| over the training series, in the unit of the targets, which MASE divides by
    (`metrics.mase.naive_error`); None where no season m makes sense. relative: targets are
    less a level of each example, so that a share of a value means nothing."""

    size: int = field(init=False, default=1)  # h·K
    horizon: int = 1  # h
    naive_error: float | None = None
    series: int = 1  # K
    relative: bool = False

    metrics = ("mae",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", self.horizon * self.series)
