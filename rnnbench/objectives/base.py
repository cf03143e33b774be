"""What is learned: which outputs a model has, which loss it is trained by, what its answers are.

Shapes: B examples, T steps, K outputs. Outputs are (B, K), read from the steps of a whole sequence, or, of an objective
`per_step`, (B, T, K).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor

from rnnbench.data.batch import Batch

Reduction = Literal["none", "sum", "mean"]
Readout = Literal["last", "mean", "max", "all"]


class Objective(ABC):
    """A frozen dataclass with the sizes of what is learned."""

    answers: ClassVar[Literal["labels", "values", "keys"]]  # what `predict` gives: which metrics fit
    per_step: ClassVar[bool] = False
    readout: ClassVar[Readout] = "last"  # of which steps the head reads; "all" with `per_step`
    target_follows: ClassVar[bool] = False  # it is a later input: nothing that reads backwards may learn it
    metrics: ClassVar[tuple[str, ...]]  # files of `metrics/`, the first selects the best step

    @property
    @abstractmethod
    def output_size(self) -> int:
        """K"""

    @property
    @abstractmethod
    def target_shape(self) -> tuple[int, ...]:
        """Of one example's target; of objectives `per_step`, of one step's."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What targets may be, in words."""

    @abstractmethod
    def wrong(self, targets: Tensor) -> Tensor:
        """Which targets are not allowed: bool, as targets."""

    @abstractmethod
    def losses(self, outputs: Tensor, targets: Tensor, reduction: Reduction = "none") -> Tensor:
        """The loss of each thing that is learned, or their sum or mean."""

    @abstractmethod
    def predict(self, outputs: Tensor) -> Tensor:
        """What the model says: probabilities of labels (…, K) or keys (…, K), or values as targets have them."""

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """The training loss, a scalar: the mean over all that counts."""
        if batch.whole:
            return self.losses(outputs, batch.targets, "mean")
        total, number = self.total(outputs, batch)
        return total / number

    def total(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, float]:
        """(sum, number) of the losses that count: totals of batches add up."""
        if batch.whole:
            return self.losses(outputs, batch.targets, "sum"), self.number(batch.targets)
        return batch.total(self.losses(outputs, batch.targets), per_step=self.per_step)

    def number(self, targets: Tensor) -> float:
        """Of things learned in these targets."""
        return float(targets.numel())

    @property
    def thing_shape(self) -> tuple[int, ...]:
        """Of the losses of one example, or step: what may be observed apart."""
        return self.target_shape

    def take(self, batch: Batch, device: torch.device, dtype: torch.dtype) -> Batch:
        """The batch as `loss` wants it: steps aligned, what does not count blank, on that device and in that dtype."""
        shape = (*batch.inputs.shape[: 2 if self.per_step else 1], *self.target_shape)
        targets = batch.targets
        if targets.shape != shape:
            targets = (targets[:, : shape[1]] if self.per_step else targets).reshape(shape)
        return batch._replace(targets=self.typed(targets)).blanked(per_step=self.per_step).to(device, dtype)

    def typed(self, targets: Tensor) -> Tensor:
        """In a dtype that the loss takes."""
        return targets
