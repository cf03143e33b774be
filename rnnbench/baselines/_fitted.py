"""A simple model as it is fitted: what it reads, how many training examples it has time for, how it answers.

label, value     statistics of each example
tagging          what stands around each step
forecast         the window, and of each step ahead what is known of it: `_ahead.py`
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from rnnbench.baselines._ahead import Ahead
from rnnbench.baselines._statistics import statistics
from rnnbench.baselines._steps import around
from rnnbench.baselines._targets import labels, values
from rnnbench.baselines.base import Case, Indices, Say

CHUNK = 40_000
"""Values answered at once, which bounds memory."""


class Classifier(Protocol):
    classes_: np.ndarray

    def predict_proba(self, X: np.ndarray) -> np.ndarray: ...


Read = Callable[[Case, Indices], np.ndarray]


def in_chunks(say: Say, shape: tuple[int, ...], rows: float = 1.0) -> Say:
    """shape: of a row's answer; rows: that an example brings."""
    size = max(32, int(CHUNK / np.prod(shape) / rows))

    def chunked(index: np.ndarray) -> np.ndarray:
        parts = [say(index[at : at + size]) for at in range(0, len(index), size)]
        return np.concatenate(parts) if parts else np.zeros((0, *shape))

    return chunked


def sampled(case: Case, most: int) -> tuple[Indices, str]:
    """Training examples that there is time for, and what is told of it."""
    index = case.sample(case.train, max(most, 50))
    n, N = len(index), len(case.train)
    return index, "" if n == N else f"learned from a sample of {n:,} of {N:,} examples"


def known_labels(case: Case, index: Indices) -> tuple[np.ndarray, np.ndarray]:
    """(n, F) and (n,) of what has a label."""
    read: Read = around if case.table.task == "tagging" else statistics
    X, y = read(case, index), labels(case, index)
    return X[y >= 0], y[y >= 0]


def probabilities(case: Case, model: Classifier, n: int) -> Say:
    """A model fitted on n labels answers for all classes, none being impossible."""
    read: Read = around if case.table.task == "tagging" else statistics
    C = case.classes
    doubt = 1 / (n + C)

    def say(index: np.ndarray) -> np.ndarray:
        found = np.zeros((len(X := read(case, index)), C))
        found[:, model.classes_] = model.predict_proba(X)  # float32, which may add up to no more than about 1
        return (1 - doubt) * found / found.sum(axis=1, keepdims=True) + doubt / C

    return in_chunks(say, (C,), steps_each(case))


def steps_each(case: Case) -> float:
    """Rows that one example brings: its steps where each is tagged."""
    if case.table.task != "tagging":
        return 1.0
    return float(np.mean(case.examples.stop[case.train] - case.start(case.train)))


def known_values(case: Case, index: Indices) -> tuple[np.ndarray, np.ndarray]:
    """(n, F) and (n, K) of values of sequences."""
    return statistics(case, index), values(case, index)


class OneClass:
    """Where training rows have one class alone there is nothing to fit."""

    def __init__(self, label: int):
        self.classes_ = np.array([label])

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.ones((len(X), 1))


def one_class(y: np.ndarray) -> OneClass | None:
    return OneClass(int(y[0])) if len(set(y.tolist())) == 1 else None


__all__ = ["Ahead", "in_chunks", "known_labels", "known_values", "one_class", "probabilities", "sampled", "steps_each"]
