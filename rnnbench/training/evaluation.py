"""How good a model is on a whole set."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from rnnbench.data.base import Held
from rnnbench.objectives.base import Objective
from rnnbench.objectives.metrics.base import Metric
from rnnbench.training.model import Carried, SequenceModel
from rnnbench.training.predictions import Kept

EVALUATION_BATCH = 256


@torch.no_grad()
def evaluate(
    model: SequenceModel,
    objective: Objective,
    metrics: Sequence[Metric],
    held: Held,
    device: torch.device,
    dtype: torch.dtype,
    batch_size: int,
    kept: Kept | None = None,
) -> dict[str, float]:
    """ "loss" and each metric of a whole set, summed in float64 over its batches. kept: is shown each batch, too."""
    model.eval()
    counts = [metric.begin(objective) for metric in metrics]
    total = number = 0.0
    state: Carried = None
    for batch in held.batches(max(batch_size, EVALUATION_BATCH)):
        batch = objective.take(batch, device, dtype)
        outputs, state = model(batch, None if batch.fresh else state)
        loss = objective.total(outputs, batch)
        total += float(loss[0])
        number += loss[1]
        for count in counts:
            count.update(outputs, batch, loss)
        if kept is not None:
            kept.add(outputs, batch)
    model.train()
    return {"loss": total / number} | {count.name: count.compute() for count in counts}
