"""Cheap learners in NumPy, for `which_arrays.py` and `which_series.py`: ridge regression on tanh of random features,
tuned as cells are: settings drawn at random, as Optuna's first ten are, of which the best on validation counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnbench.which.tuning import RATES

WIDTHS, TRIALS, SEEDS = (16, 32, 64), 4, 3
DEFAULT = (32, 3e-3)

Settings = list[tuple[int, float]]
"""Of each trial (width, penalty)."""

Part = tuple[np.ndarray, np.ndarray]
"""(n, I) inputs and (n,) targets."""

Fitted = Callable[[np.ndarray], np.ndarray]


def drawn(file: int, split: int) -> Settings:
    """The same for both learners."""
    rng = np.random.default_rng((file, 11, split))
    return [DEFAULT, *((int(rng.choice(WIDTHS)), float(np.exp(rng.uniform(*np.log(RATES)))))
                       for _ in range(TRIALS - 1))]  # fmt: skip


def ridge(train: Part, width: int, penalty: float, noise: float, rng: np.random.Generator) -> Fitted:
    """(n, I) inputs → (n,) answers; as which_cheap.Ridge. noise: standard deviation of what inputs carry of it."""
    x, y = train
    mixed = rng.normal(size=(x.shape[1], width // 4)) / np.sqrt(x.shape[1])

    def features(x: np.ndarray) -> np.ndarray:
        x = x + noise * rng.normal(size=x.shape) if noise else x
        return np.concatenate((np.ones((len(x), 1)), x, np.tanh(x @ mixed)), axis=1)

    known = features(x)
    costs = np.full(known.shape[1], penalty * len(known))
    costs[0] = 1e-6
    solved = np.linalg.solve(known.T @ known + np.diag(costs), known.T @ y)
    return lambda x: features(x) @ solved


def fits(
    train: Part, valid: Part, test: np.ndarray, settings: Settings, noise: float, key: tuple[int, ...],
    score: Callable[[np.ndarray, np.ndarray], float],
) -> list[np.ndarray]:  # fmt: skip
    """(SEEDS) answers to the test rows, with the settings that are best on validation, the earlier of equals.

    score: answers and targets → a number, the higher the better.
    """
    rng = np.random.default_rng((*key, 12))
    tried = [score(ridge(train, *each, noise, rng)(valid[0]), valid[1]) for each in settings]
    best = settings[int(np.argmax(tried))]
    return [ridge(train, *best, noise, rng)(test) for _ in range(SEEDS)]
