"""Ridge regression, of labels logistic regression: linear in window statistics, the example's length among them.

The ridge's penalty is chosen among powers of ten by leaving out each training example in turn.
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

PENALTIES = tuple(10.0**p for p in range(-3, 5))
ROWS = 20_000
"""That the ridge reads in a second; of labels fewer, by the classes."""


class Linear(Baseline):
    title = "linear model"
    kind = "simple"
    tasks = ("label", "value", "tagging", "forecast")

    def learn(self, case: Case) -> tuple[Say, str]:
        if case.table.task in ("label", "tagging"):
            return _logistic(case)
        return _forecast(case) if case.table.task == "forecast" else _value(case)


def _logistic(case: Case) -> tuple[Say, str]:
    from sklearn.linear_model import LogisticRegression

    index, told = sampled(case, int(case.seconds * ROWS / 2 / max(1, case.classes) / steps_each(case)))
    X, y = known_labels(case, index)
    model = one_class(y) or _scaled(LogisticRegression(max_iter=100)).fit(X, y)
    return probabilities(case, model, len(y)), told


def _value(case: Case) -> tuple[Say, str]:
    index, told = sampled(case, int(case.seconds * ROWS))
    X, y = known_values(case, index)
    models = [_ridge(X, column) for column in y.T]
    return in_chunks(lambda index: np.stack([m(statistics(case, index)) for m in models], axis=1), (len(models),)), told


def _forecast(case: Case) -> tuple[Say, str]:
    """One ridge for each step ahead and target, all at once where every target is known."""
    ahead = Ahead(case)
    outputs = ahead.h * ahead.K
    index, told = sampled(case, int(case.seconds * ROWS / (1 + outputs / 50)))

    def read(index: np.ndarray) -> np.ndarray:
        steps = ahead.steps(index)[:, :64].reshape(len(index), -1)[:, :400]
        return np.concatenate((ahead.window(index), steps), axis=1)

    X, z = read(index), ahead.targets(index).reshape(len(index), outputs)
    whole = ~np.isnan(z).any(axis=1)
    if whole.sum() >= max(20, 0.5 * len(z)):
        model = _ridge(X[whole], z[whole])
    else:
        each = [_ridge(X, column) for column in z.T]

        def model(X: np.ndarray) -> np.ndarray:
            return np.stack([one(X) for one in each], axis=1)

    return in_chunks(lambda index: ahead.restored(index, model(read(index))), (ahead.h, ahead.K)), told


def _ridge(X: np.ndarray, y: np.ndarray) -> Any:
    """X → ŷ of the same shape as y, (n,) or (n, outputs); rows of unknown y are left out."""
    from sklearn.linear_model import RidgeCV

    known = ~np.isnan(y) if y.ndim == 1 else ~np.isnan(y).any(axis=1)
    if known.sum() < 3:
        middle = np.nan_to_num(np.nanmean(y[known], axis=0)) if known.any() else np.zeros(y.shape[1:])
        return lambda X: np.broadcast_to(middle, (len(X), *y.shape[1:]))
    return _scaled(RidgeCV(PENALTIES)).fit(X[known], y[known]).predict


def _scaled(model: Any) -> Any:
    """Missing statistics are their training mean; each in units of its deviation, an outlier no further than 10."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        FunctionTransformer(np.clip, kw_args={"a_min": -10, "a_max": 10}),
        model,
    )
