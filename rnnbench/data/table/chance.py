"""What a test part scores without learning: the commonest training label, the mean, the last value."""

from __future__ import annotations

import numpy as np

from rnnbench.data.splits import Split
from rnnbench.data.table.examples import labels_of, values_of
from rnnbench.data.table.levels import several
from rnnbench.data.table.table import Examples, Table, filled
from rnnbench.data.table.windows import Gathered
from rnnbench.objectives.value import Value


def chance(table: Table, examples: Examples, split: Split, objective: Value | None, test: Gathered) -> dict[str, float]:
    """Metric → its value for the commonest label of training examples, or their mean; of "loss" for their shares."""
    if objective is None:
        return _of_labels(_labels(table, examples, split.train), _labels(table, examples, split.test), table)
    answers = test.scaled(values_of(table, examples, split.test).astype(np.float64)).reshape(len(split.test), -1)
    errors = answers - np.array(objective.shift)
    return _errors(errors, table) | {"loss": float(np.nanmean((errors / objective.scale) ** 2))}


def naive(table: Table, examples: Examples, split: Split, test: Gathered) -> dict[str, dict[str, float]]:
    """Of forecasts: "last value", and "a season ago" where windows hold one → metric → value.

    An unknown last value is that of the last row where it is known, as it is filled for models.
    """
    stop = examples.stop[split.test]
    assert table.target.values is not None
    answers = values_of(table, examples, split.test).astype(np.float64)  # (n, h, K)
    found = {"last value": np.zeros(1, np.int64)}
    if table.season > 1:
        found["value a season ago"] = table.season - 1 - np.arange(table.horizon) % table.season
    scores = {}
    for name, back in found.items():
        rows = stop[:, None] - 1 - back
        if (rows < table.starts[examples.sequence[split.test], None]).any():
            continue
        errors = test.scaled(answers) - test.scaled(_seen(table)[rows].astype(np.float64))
        scores[name] = _errors(errors, table)
    return scores


def _seen(table: Table) -> np.ndarray:
    assert table.target.values is not None
    return filled(table.target.values, table.starts)


def _errors(errors: np.ndarray, table: Table) -> dict[str, float]:
    mae, rmse = float(np.nanmean(np.abs(errors))), float(np.sqrt(np.nanmean(errors**2)))
    if several(table):
        return {"mase": mae}
    return {"mae": mae, "rmse": rmse} if table.task == "forecast" else {"rmse": rmse}


def _labels(table: Table, examples: Examples, index: np.ndarray) -> np.ndarray:
    if table.task == "label":
        return labels_of(table, examples, index)
    assert table.target.labels is not None
    spans = zip(examples.start[index], examples.stop[index], strict=True)
    labels = np.concatenate([table.target.labels[a:b] for a, b in spans])
    return labels[labels >= 0]


def _of_labels(train: np.ndarray, test: np.ndarray, table: Table) -> dict[str, float]:
    """Each class counts once more than it was seen, so that one that training lacks does not cost infinity."""
    counts = np.bincount(train, minlength=len(table.target.classes)) + 1
    nats = -np.log(counts / counts.sum())
    return {"loss": float(nats[test].mean()), "accuracy": float((test == counts.argmax()).mean())}
