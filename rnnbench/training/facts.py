"""What a record says of a training: what was learned, and how long it took."""

from __future__ import annotations

import math
from typing import Any

from rnnbench.machine.clocks import step_statistics
from rnnbench.objectives.metrics import chosen
from rnnbench.training.loop import Training
from rnnbench.training.progress import Progress


def task_facts(training: Training) -> dict[str, Any]:
    """What was learned, and what the first metric is to be held against: figures of its own alone."""
    parts, metric = training.parts, training.metrics[0]
    its_own = metric.name == chosen(parts)[0].name
    natural = {m.name: m.without_learning(parts.objective) for m in training.metrics}
    return {
        "metric": metric.name,
        "unit": metric.unit,
        "higher_is_better": metric.better == "higher",
        "chance": {name: value for name, value in natural.items() if value is not None} | dict(parts.chance),
        "published": dict(parts.published) if its_own else {},
        "baselines": dict(parts.baselines) if its_own else {},
        "seq_len": parts.seq_len,
        "train_size": parts.train.size,
    }


def curve(training: Training) -> float | None:
    """How soon it was learned, in the unit of the first metric: the mean of its validation score over the evaluations
    that the budget has room for, those before training left out. A run that stopped earlier keeps its last one."""
    name, every = f"valid_{training.metrics[0].name}", training.budget.eval_every
    found = [float(value) for row in training.progress.history[1:] if (value := row[name]) is not None]
    if not found:
        return None
    left = 0 if training.last_step is None else math.ceil(training.last_step / every) - len(found)
    return (sum(found) + max(0, left) * found[-1]) / (len(found) + max(0, left))


def timing(progress: Progress) -> dict[str, Any]:
    """How long it took, and whether that may be compared."""
    return {
        "train_seconds": progress.train_seconds,
        "step_ms": step_statistics(progress.step_seconds),
        "seconds_to_threshold": progress.solved_seconds,
        "steps_to_threshold": progress.solved_step,
        "contended": progress.contended or len(progress.kinds) > 1,  # either way in no claim about time
        "mixed": len(progress.kinds) > 1,
        "kinds": progress.kinds,
    }
