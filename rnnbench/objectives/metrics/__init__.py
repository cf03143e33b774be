"""Metrics, one file each, chosen by `metric=`: several at once, of which the first selects the best step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnbench import registry
from rnnbench.data.base import Held, Parts
from rnnbench.errors import UsageError
from rnnbench.objectives.metrics.base import Metric, gathered

ROOM = "rnnbench.objectives.metrics"


def chosen(parts: Parts, asked: str | None = None) -> tuple[Metric, ...]:
    """The metrics of these names, commas between them; None: the dataset's own, or else its objective's.

    Raises UsageError for a name that is unknown or does not fit the objective, naming those that do, and for a metric
    that has no value on these parts.
    """
    own = parts.metrics or tuple(registry.get(ROOM, name, Metric) for name in parts.objective.metrics)
    if asked is None:
        return own
    names = [name.strip() for name in asked.split(",")]
    if len(set(names)) < len(names):
        raise UsageError("the same twice", key="metric", value=asked, allowed="each once")
    found = tuple(_named(name, parts, own) for name in names)
    for metric in found:
        for part in ("valid", "test"):
            if why := metric.undefined(_targets(parts, getattr(parts, part))):
                raise UsageError(f"has no value on the {part} part: {why}", key="metric", value=metric.name)
    return found


def fitting(parts: Parts, own: Sequence[Metric]) -> list[str]:
    """Names that `metric=` takes for this dataset: its own first."""
    room = [registry.get(ROOM, name, Metric) for name in registry.names(ROOM)]
    return list(dict.fromkeys([m.name for m in own] + [m.name for m in room if m.fits(parts.objective)]))


def _named(name: str, parts: Parts, own: Sequence[Metric]) -> Metric:
    known = {metric.name: metric for metric in own}
    if name in known:
        return known[name]
    if "." in name or name in registry.names(ROOM):
        metric = registry.get(ROOM, name, Metric, "metric")
        if metric.fits(parts.objective):
            return metric
    unfit = "does not fit what is learned here" if name in registry.names(ROOM) or "." in name else "no such metric"
    raise UsageError(unfit, key="metric", value=name, allowed=", ".join(fitting(parts, own)))


def _targets(parts: Parts, held: Held) -> np.ndarray:
    """All that count, (n,)."""
    import torch

    device, dtype = torch.device("cpu"), torch.get_default_dtype()
    unread: Held = getattr(held, "unread", held)  # where inputs can be left out
    batches = (parts.objective.take(batch, device, dtype) for batch in unread.batches(256))
    return np.concatenate([gathered(parts.objective, batch)[0] for batch in batches])
