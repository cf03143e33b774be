"""The h values that follow a sequence, one after another: each answer is read as the next step's past. Squared error.

    o_{T+1} = model(x_1 … x_T);   x_{T+j+1} = K x_{T+j} + F ŷ_{T+j};   o_{T+j+1} = model(…, x_{T+j+1})

F writes an answer where the past of its target is read, in the unit in which it is read there; K keeps what a step
ahead is known to be: columns known ahead move up, those that never change stay, all else is 0. A model is trained
through all h steps, on its own answers: so it learns from how far they lead it astray. Targets are those of
`Forecast`, (B, h·K).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rnnbench.objectives.forecast import Forecast


@dataclass(frozen=True)
class Recursive(Forecast):
    """own: of each target the input that reads it; unit: by what an answer less its shift is divided there, 0 where
    nothing is read. kept: (from, to), inputs of a step whose values are those of other inputs at the step before."""

    own: tuple[int, ...] = field(default=(), kw_only=True)  # (K,)
    unit: tuple[float, ...] = field(default=(), kw_only=True)  # (K,)
    kept: tuple[tuple[int, int], ...] = field(default=(), kw_only=True)

    @property
    def output_size(self) -> int:
        """K, of one step ahead."""
        return self.series

    def moving(self, inputs: int) -> tuple[Tensor, Tensor, Tensor]:
        """(I, I), (K, I) and (I,): the next step's inputs are x @ first + output @ second + third, where what is
        answered is shift + scale · output."""
        keeps, feeds, offset = torch.zeros(inputs, inputs), torch.zeros(self.series, inputs), torch.zeros(inputs)
        for source, place in self.kept:
            keeps[source, place] = 1.0
        for k, (place, unit) in enumerate(zip(self.own, self.unit, strict=True)):
            if unit:
                feeds[k, place], offset[place] = self.scale[k] / unit, self.shift[k] / unit
        return keeps, feeds, offset
