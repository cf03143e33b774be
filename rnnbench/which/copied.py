"""Of a test set that was given: what both cells score with and without the rows whose very inputs stand in training.

The mean over rows, splits and seeds: the share of labels that are right, the mean absolute error, or the root of the
mean squared one, as the metric asks.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rnnbench.data.table.copies import same_inputs
from rnnbench.which.answered import Answered
from rnnbench.which.rows import ABSOLUTE, averaged, each_row


def copied(answered: Answered) -> dict[str, Any] | None:
    """{rows, copies, with, without}, of each cell a number; None where no row is a copy or answers were not kept."""
    problem, examples = answered.problem, answered.problem.examples
    if problem.splits.kind != "given" or problem.table.task == "forecast" or not answered.pairs:
        return None
    assert examples.official is not None
    same, test = same_inputs(problem.table, examples), problem.splits[0].test
    twice = np.isin(same[test], same[~examples.official])
    if not twice.any():
        return None
    splits = {pair.split for pair in answered.pairs}
    scores: dict[str, list[float]] = {"with": [], "without": []}
    for slot in (0, 1):
        fits = [e for e in answered.journal.of("fit") if e["slot"] == slot and e["split"] in splits]
        kept = [answered.journal.arrays(entry) for entry in fits]
        if not kept or any("prediction" not in arrays for arrays in kept):
            return None
        each = averaged([each_row(arrays["prediction"], arrays["target"], problem.metric) for arrays in kept])
        for name, rows in (("with", each), ("without", each[~twice])):
            scores[name].append(_score(rows, problem.better, problem.metric))
    return {"rows": len(test), "copies": int(twice.sum()), **scores}


def _score(rows: np.ndarray, better: str, metric: str) -> float:
    mean = float(np.nanmean(rows)) if len(rows) else math.nan
    return mean if better == "higher" or metric in ABSOLUTE else math.sqrt(mean)
