"""What the rows of a given test set say, which all splits share: the paired bootstrap over them.

Of each row what a fit gets for it, averaged over splits and seeds: 1 for a right label, the squared or absolute error
of values. Balanced accuracy draws within classes. Of metrics that are no mean over rows (AUC, F1, log loss) labels that
are right stand for them here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnbench.statistics import Probabilities
from rnnbench.statistics.bootstrap import paired_bootstrap
from rnnbench.statistics.checks import FloatArray
from rnnbench.which.answer import TINY, Pair, Rows, Terms
from rnnbench.which.pairs import State
from rnnbench.which.problem import Problem

ABSOLUTE = ("mae", "wape", "mase", "smape", "pinball")


def each_row(said: np.ndarray, target: np.ndarray, metric: str) -> FloatArray:
    """(n,) of each test example what it gets; of a label a step the share that is right."""
    if np.issubdtype(target.dtype, np.floating):
        errors = said.reshape(len(target), -1) - target.reshape(len(target), -1)
        errors = np.abs(errors) if metric in ABSOLUTE else errors**2
        return np.nanmean(errors, axis=1, dtype=np.float64)
    label = said.argmax(-1) if said.ndim > target.ndim else said
    right = np.where(target < 0, np.nan, label == target)
    return np.nanmean(right.reshape(len(target), -1), axis=1)


def bootstrapped(
    first: FloatArray,
    second: FloatArray,
    naive: FloatArray,
    labels: np.ndarray | None,
    metric: str,
    terms: Terms,
    simple: FloatArray | None = None,
) -> Rows:
    """Of both cells, the naive baseline and the best simple model, (n,) each. labels: (n,) classes to draw within, for
    balanced accuracy."""

    def draws(x: FloatArray, y: FloatArray) -> FloatArray:
        if terms.better == "higher":
            return paired_bootstrap(x, y, strata=labels if metric == "balanced_accuracy" else None)
        power = 1.0 if metric in ABSOLUTE else 0.5  # of the mean squared error to the root
        least = TINY * max(float(naive.mean()), 1e-300)
        return paired_bootstrap(
            x, y, lambda a, b: power * (np.log(np.maximum(b, least)) - np.log(np.maximum(a, least)))
        )

    d, margin = draws(first, second), terms.additive_margin
    above, below = float((d > margin).mean()), float((d < -margin).mean())

    def gains(of: FloatArray) -> float:
        return float((draws(of, naive) > 0).mean())

    return Rows(Probabilities(above, 1 - above - below, below), (gains(first), gains(second)),
                None if simple is None else gains(simple))  # fmt: skip


def rows_of(problem: Problem, state: State, pairs: Sequence[Pair], seeds: int, terms: Terms) -> Rows | None:
    """Of a test set that was given; None of others, and where what was said of its rows is not kept."""
    if problem.splits.kind != "given" or not pairs:
        return None
    cells: list[list[FloatArray]] = [[], []]
    naive, simple, target = [], [], None
    for pair in pairs:
        kept = state.journal.arrays({"split": pair.split, "slot": "naive", "seed": 0})
        if "prediction" not in kept:
            return None
        for slot in (0, 1):
            for entry in list(state.fits(pair.split, slot).values())[:seeds]:
                arrays = state.journal.arrays(entry)
                if "prediction" not in arrays:
                    return None
                target = arrays["target"]
                cells[slot].append(each_row(arrays["prediction"], target, problem.metric))
        assert target is not None
        its_own = kept.get("target", target)
        naive.append(each_row(kept["prediction"], its_own, problem.metric))
        simple += [each_row(kept["simple"], its_own, problem.metric)] if "simple" in kept else []
    assert target is not None
    labels = target if target.ndim == 1 and np.issubdtype(target.dtype, np.integer) else None
    every = averaged(simple) if len(simple) == len(pairs) else None
    return bootstrapped(averaged(cells[0]), averaged(cells[1]), averaged(naive), labels, problem.metric, terms, every)


def averaged(found: Sequence[FloatArray]) -> FloatArray:
    """Over fits, row by row."""
    return np.mean(np.stack(found), axis=0)
