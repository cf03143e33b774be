"""Scores of answers made by hand, counted as the program counts a model's."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from rnnbench.data.base import Held, Parts
from rnnbench.data.batch import Batch
from rnnbench.objectives.metrics import chosen

CPU = torch.device("cpu")


def scores(
    parts: Parts,
    held: Held,
    answer: Callable[[Batch], Tensor],
    *,
    metric: str | None = None,
    batch_size: int = 256,
    dtype: torch.dtype = torch.float32,
) -> dict[str, float]:
    """ "loss" and each metric of a set when `answer(batch)` gives the outputs."""
    counts = [each.begin(parts.objective) for each in chosen(parts, metric)]
    total = number = 0.0
    for batch in held.batches(batch_size):
        batch = parts.objective.take(batch, CPU, dtype)
        outputs = answer(batch)
        loss = parts.objective.total(outputs, batch)
        total, number = total + float(loss[0]), number + loss[1]
        for count in counts:
            count.update(outputs, batch, loss)
    return {"loss": total / number} | {count.name: count.compute() for count in counts}


def score(parts: Parts, batch: Batch, outputs: Tensor, name: str) -> tuple[float, float]:
    """(sum, number) of a batch, of a metric that is a mean."""
    (metric,) = (each for each in chosen(parts) if each.name == name)
    total, number = metric.begin(parts.objective).total(outputs, batch, parts.objective.total(outputs, batch))
    return float(total), float(number)
