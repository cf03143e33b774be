"""What a model said of each example of a set, kept as far as it is small."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.batch import Batch, trailing
from rnnbench.objectives.base import Objective

MOST_NUMBERS = 2**20
"""Beyond so many answers only the loss of each example is kept; beyond so many examples nothing is."""


class Kept:
    """Shown a set's batches in order, it has the arrays of `rnnbench.load_predictions`."""

    def __init__(self, objective: Objective, most: int = MOST_NUMBERS):
        self.objective, self.most = objective, most
        self.numbers = 0
        self.losses: list[Tensor] = []
        self.lengths: list[Tensor] = []
        self.answers: list[Tensor] = []
        self.targets: list[Tensor] = []

    def add(self, outputs: Tensor, batch: Batch) -> None:
        """A batch, as `Objective.take` gives it. In a long row cut into windows, each window is an example."""
        B = len(outputs)
        losses = self.objective.losses(outputs, batch.targets).cpu()  # (B, …)
        out = batch.left_out(losses.shape, per_step=self.objective.per_step)
        if out is not None:
            losses = losses.masked_fill(out, torch.nan)
        self.losses.append(losses.reshape(B, -1).nanmean(1).float())  # NaN where nothing counts
        T = batch.inputs.shape[1]
        self.lengths.append(torch.full((B,), T) if batch.lengths is None else batch.lengths)
        if self.numbers > self.most:
            return
        said = answers(self.objective, outputs)
        self.numbers += said.numel() + batch.targets.numel()
        if self.numbers > self.most:
            self.answers, self.targets = [], []
            return
        targets = _blank(batch.targets.cpu(), batch.left_out(batch.targets.shape, per_step=self.objective.per_step))
        padding = batch.padding(T) if self.objective.per_step else None
        self.answers.append(_blank(said, padding))
        self.targets.append(targets)

    def arrays(self) -> dict[str, np.ndarray] | None:
        """loss (N,) float32 and length (N,); with them, unless they are too many, prediction and target. None: nothing
        is kept."""
        loss = torch.cat(self.losses)
        if len(loss) > self.most:
            return None
        kept = {"loss": loss.numpy(), "length": torch.cat(self.lengths).to(torch.int32).numpy()}
        if self.numbers <= self.most:
            kept |= {"prediction": _joined(self.answers), "target": _joined(self.targets)}
        return kept


def answers(objective: Objective, outputs: Tensor) -> Tensor:
    """Of one label a sequence the probabilities; of a label a step the most probable; else values. Float32 or int32."""
    if objective.answers == "labels" and objective.per_step:
        return outputs.argmax(-1).cpu().int()
    return objective.predict(outputs).cpu().float()


def nothing(values: Tensor) -> float | int:
    """What stands where nothing counts: NaN, or −1 of labels."""
    return float("nan") if values.is_floating_point() else -1


def _blank(values: Tensor, out: Tensor | None) -> Tensor:
    values = values.float() if values.is_floating_point() else values.int()
    return values if out is None else values.masked_fill(trailing(out, values.dim()), nothing(values))


def _joined(parts: list[Tensor]) -> np.ndarray:
    """All examples one after another, those of fewer steps filled up."""
    T = max(part.shape[1] if part.dim() > 1 else 0 for part in parts)
    filled = []
    for part in parts:
        if part.dim() > 1 and part.shape[1] < T:
            missing = part.new_full((len(part), T - part.shape[1], *part.shape[2:]), nothing(part))
            part = torch.cat((part, missing), dim=1)
        filled.append(part)
    return torch.cat(filled).numpy()
