"""Examples side by side: what a model is shown at once, and what of it counts.

Shapes: B examples, T steps, I input features. Targets are (B, …) where something is learned of a whole sequence, and
(B, T, …) where something is learned at each step; an objective knows which.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """`fresh=False` means: the examples go on where the previous batch ended, so carry the state.

    What says what counts lies on the CPU: each step needs numbers from it, and would have to wait for a GPU.
    """

    inputs: Tensor  # (B, T, I) float, or (B, T) int64 symbols
    targets: Tensor  # (B, …) or (B, T, …): whatever the objective's loss compares with
    lengths: Tensor | None = None  # (B,) int64 on CPU: real steps of each example, the rest is padding; None: all T
    observed: Tensor | None = None  # bool on CPU, (B,), (B, T) or as targets: those that are known; None: all
    weight: Tensor | None = None  # (B,) float on CPU: how much an example counts, in loss and metrics; None: 1 each
    fresh: bool = True
    blank: bool = False  # whether who made it put zeros where nothing counts, so that `blanked` need not

    @property
    def whole(self) -> bool:
        """Whether all that is there counts, and alike."""
        return self.lengths is None and self.observed is None and self.weight is None

    def to(self, device: torch.device, dtype: torch.dtype) -> Batch:
        """On that device, real values in that dtype; symbols stay int64."""
        inputs, targets = (t.to(device, dtype if t.is_floating_point() else None) for t in self[:2])
        return self._replace(inputs=inputs, targets=targets)

    def padding(self, T: int) -> Tensor | None:
        """(B, T) bool: the steps beyond each example's length; None where all are of T steps."""
        return None if self.lengths is None else torch.arange(T) >= self.lengths[:, None]

    def left_out(self, shape: torch.Size, *, per_step: bool) -> Tensor | None:
        """Of things of this shape, (B, …) or `per_step` (B, T, …), those that do not count: bool, to be broadcast.

        None where all count.
        """
        found = self.padding(shape[1]) if per_step else None
        if self.observed is not None:
            seen = self.observed[:, : shape[1]] if per_step and self.observed.dim() > 1 else self.observed
            missing = trailing(~seen, len(shape))
            found = missing if found is None else missing | trailing(found, len(shape))
        return None if found is None else trailing(found, len(shape))

    def total(self, values: Tensor, *, per_step: bool) -> tuple[Tensor, float]:
        """(sum, number) of the values that count, each times its example's weight; the number is of the weights.

        What is left out, be it NaN, changes nothing.
        """
        out = self.left_out(values.shape, per_step=per_step)
        if out is not None:
            values = values.masked_fill(out.to(values.device), 0)
        if self.weight is None:
            return values.sum(), self._number(values.shape, out)
        weight = trailing(self.weight, values.dim()).expand(values.shape)
        counted = weight if out is None else weight.masked_fill(out, 0)
        return (values * weight.to(values.device)).sum(), float(counted.sum(dtype=torch.float64))

    def _number(self, shape: torch.Size, out: Tensor | None) -> float:
        if out is None:
            return float(shape.numel())
        if self.observed is None and self.lengths is not None:  # each step counts it: no second look at the mask
            return float(self.lengths.sum()) * shape[2:].numel()
        return float(shape.numel() - out.expand(shape).sum())

    def blanked(self, *, per_step: bool) -> Batch:
        """The same with zeros for padding and for targets that are not known: NaN there would pass into gradients,
        since 0 · NaN is NaN."""
        inputs, targets = self.inputs, self.targets
        if self.whole or self.blank:
            return self
        padding = self.padding(inputs.shape[1])
        if padding is not None:
            inputs = inputs.masked_fill(trailing(padding, inputs.dim()), 0)
        out = self.left_out(targets.shape, per_step=per_step)
        if out is not None:
            targets = targets.masked_fill(out, 0)
        return self._replace(inputs=inputs, targets=targets, blank=True)


def trailing(mask: Tensor, dim: int) -> Tensor:
    """(B, …) with axes of one added at the end, up to `dim` axes."""
    return mask if mask.dim() == dim else mask[(...,) + (None,) * (dim - mask.dim())]
