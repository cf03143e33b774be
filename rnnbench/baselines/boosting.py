"""Gradient-boosted trees of window statistics, the example's length among them: scikit-learn's histogram boosting.

A forecast of a few values has trees for each; of more, one set of trees that are told which step ahead is asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnbench.baselines._fitted import (
    Ahead,
    in_chunks,
    known_labels,
    known_values,
    one_class,
    probabilities,
    sampled,
    steps_each,
)
from rnnbench.baselines._statistics import statistics
from rnnbench.baselines.base import Baseline, Case, Say

TREES = 100
NUMBERS = 60_000_000
"""Rows × statistics × trees that are learned from in a second."""

TREE_SECONDS = 0.004
"""That a tree takes, however few rows there are."""

APART = 3
"""Values of a forecast that have trees of their own."""


class Boosting(Baseline):
    title = "gradient boosting"
    kind = "simple"
    tasks = ("label", "value", "tagging", "forecast")

    def learn(self, case: Case) -> tuple[Say, str]:
        if case.table.task in ("label", "tagging"):
            return _labels(case)
        return _forecast(case) if case.table.task == "forecast" else _values(case)


def _labels(case: Case) -> tuple[Say, str]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    per = case.classes if case.classes > 2 else 1
    F = known_labels(case, case.train[:1])[0].shape[1]
    trees = _trees(case, per)
    index, told = sampled(case, _rows(case, F, trees * per) // int(steps_each(case)))
    X, y = known_labels(case, index)
    model = one_class(y) or _made(HistGradientBoostingClassifier, case, trees, len(y)).fit(_learnable(X), y)
    return probabilities(case, model, len(y)), told


def _values(case: Case) -> tuple[Say, str]:
    K, F = len(case.table.target.names), statistics(case, case.train[:1]).shape[1]
    trees = _trees(case, K)
    index, told = sampled(case, _rows(case, F, trees * K))
    X, y = known_values(case, index)
    models = [_regressor(case, trees, X, column) for column in y.T]
    return in_chunks(lambda index: np.stack([m(statistics(case, index)) for m in models], axis=1), (K,)), told


def _forecast(case: Case) -> tuple[Say, str]:
    ahead = Ahead(case)
    outputs = ahead.h * ahead.K
    F = ahead.window(case.train[:1]).shape[1] + ahead.steps(case.train[:1]).shape[2]
    if outputs <= APART:
        trees = _trees(case, outputs)
        index, told = sampled(case, _rows(case, F, trees * outputs))
        X, z = _apart(ahead, index), ahead.targets(index).reshape(len(index), outputs)
        models = [_regressor(case, trees, X, column) for column in z.T]

        def say(index: np.ndarray) -> np.ndarray:
            X = _apart(ahead, index)
            return ahead.restored(index, np.stack([m(X) for m in models], axis=1))
    else:
        index, told = sampled(case, _rows(case, F + 2, TREES) // outputs)
        told = told and f"{told}, each for all its {outputs} values"
        model = _regressor(case, TREES, _together(ahead, index), ahead.targets(index).ravel())

        def say(index: np.ndarray) -> np.ndarray:
            return ahead.restored(index, model(_together(ahead, index)))

    return in_chunks(say, (ahead.h, ahead.K)), told


def _apart(ahead: Ahead, index: np.ndarray) -> np.ndarray:
    """(n, F): the window and all steps ahead."""
    return np.concatenate((ahead.window(index), ahead.steps(index).reshape(len(index), -1)), axis=1)


def _together(ahead: Ahead, index: np.ndarray) -> np.ndarray:
    """(n·h·K, F): the window, the step that is asked for and its target, and what is known of the step."""
    n, h, K = len(index), ahead.h, ahead.K
    window = np.repeat(ahead.window(index), h * K, axis=0)
    step = np.repeat(ahead.steps(index), K, axis=1).reshape(n * h * K, -1)
    which = np.stack(np.meshgrid(np.arange(n), np.arange(h), np.arange(K), indexing="ij")[1:], axis=-1).reshape(-1, 2)
    return np.concatenate((window, step, which.astype(np.float32)), axis=1)


def _trees(case: Case, outputs: int) -> int:
    """Rounds of boosting that there is time for: in each as many trees as outputs."""
    return int(np.clip(case.seconds / 2 / (TREE_SECONDS * outputs), 10, TREES))


def _rows(case: Case, features: int, trees: int) -> int:
    return int(case.seconds * NUMBERS / max(1, features) / max(1, trees))


def _regressor(case: Case, trees: int, X: np.ndarray, y: np.ndarray) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    known = ~np.isnan(y)
    if known.sum() < 3:
        middle = float(np.mean(y[known])) if known.any() else 0.0
        return lambda X: np.full(len(X), middle)
    return (
        _made(HistGradientBoostingRegressor, case, trees, int(known.sum())).fit(_learnable(X[known]), y[known]).predict
    )


def _learnable(X: np.ndarray) -> np.ndarray:
    """Columns of which nothing is known as zeros: no bins are made of nothing."""
    return np.where(np.isnan(X).all(axis=0), np.float32(0), X)


def _made(of: Any, case: Case, trees: int, n: int) -> Any:
    return of(
        max_iter=trees, min_samples_leaf=int(np.clip(n // 20, 2, 20)), early_stopping=False, random_state=case.seed
    )
