"""Answers in the unit of the file, or probabilities, counted by a metric as a model's outputs are."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.base import Held
from rnnbench.data.table.windows import HeldOut
from rnnbench.objectives.base import Objective
from rnnbench.objectives.metrics.base import Metric
from rnnbench.objectives.value import Value

LEAST = 1e-12
"""Of a probability, before its logarithm is taken."""


def score(metric: Metric, objective: Objective, held: Held, said: np.ndarray) -> float:
    """The metric of what a baseline said of a part, in float64.

    said: in the examples' order, as `Baseline.answer` gives it. Raises ValueError where it is of other examples.
    """
    if isinstance(held, HeldOut):
        said, held = held.scaled(said), held.unread  # several series: each at a level of its own
    count = metric.begin(objective)
    answers = torch.from_numpy(np.ascontiguousarray(said, np.float64))
    at = 0
    for batch in held.batches(256):
        batch = objective.take(batch, torch.device("cpu"), torch.float64)
        B, T = batch.inputs.shape[:2]
        steps = torch.full((B,), T) if batch.lengths is None else batch.lengths
        number = int(steps.sum()) if objective.per_step else B
        own = answers[at : at + number]
        at += number
        if objective.per_step:
            padded = own.new_zeros(B, T, own.shape[-1])
            padded[torch.arange(T) < steps[:, None]] = own
            own = padded
        outputs = _outputs(objective, own)
        count.update(outputs, batch, objective.total(outputs, batch))
    if at != len(answers):
        raise ValueError(f"{len(answers)} answers for {at} examples or steps")
    return count.compute()


def _outputs(objective: Objective, said: Tensor) -> Tensor:
    """What a model would have put out to say this."""
    if objective.answers == "labels":
        return said.clamp(min=LEAST).log()
    said = said.flatten(1)
    if isinstance(objective, Value) and objective.scale:
        return (said - torch.tensor(objective.shift)) / torch.tensor(objective.scale)
    return said
