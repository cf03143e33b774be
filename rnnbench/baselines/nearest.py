"""The nearest training example's label: Euclidean distance between examples stretched to one length.

p = a for its label, (1 − a) shared among the others by their share;  a: how often the nearest other training example
has the right label
"""

from __future__ import annotations

import numpy as np

from rnnbench.baselines._fitted import in_chunks, sampled
from rnnbench.baselines._statistics import Rows, commonest, middle_of, sums
from rnnbench.baselines._targets import labels
from rnnbench.baselines.base import Baseline, Case, Indices, Say

POINTS = 32
"""To which each example is stretched, of fewer steps to no more than the longest training example's."""

PAIRS = 10_000_000
"""Of examples that are compared in a second."""


class Nearest(Baseline):
    title = "nearest training example"
    kind = "simple"
    tasks = ("label",)

    def learn(self, case: Case) -> tuple[Say, str]:
        points = int(min(POINTS, (case.examples.stop[case.train] - case.start(case.train)).max()))
        asked = max(len(case.examples), len(case.train))
        index, told = sampled(case, int(min(case.seconds * PAIRS / asked, 5000)))
        raw, y, C = stretched(case, index, points), labels(case, index), case.classes
        shift, scale = raw.mean(axis=(0, 1)), np.maximum(raw.std(axis=(0, 1)), 1e-12)
        train = ((raw - shift) / scale).reshape(len(index), -1)
        right = y[_nearest(train, train, itself=True)] == y if len(y) > 1 else np.ones(1)
        a = (right.sum() + 1) / (len(y) + 2)
        shares = (np.bincount(y, minlength=C) + 1) / (len(y) + C)

        def say(index: np.ndarray) -> np.ndarray:
            near = y[_nearest(((stretched(case, index, points) - shift) / scale).reshape(len(index), -1), train)]
            said = np.tile(shares, (len(index), 1))
            said[np.arange(len(index)), near] = 0
            said *= (1 - a) / np.maximum(said.sum(axis=1, keepdims=True), 1e-300)
            said[np.arange(len(index)), near] = a
            return said

        return in_chunks(say, (C,)), told


def stretched(case: Case, index: Indices, points: int) -> np.ndarray:
    """(n, points, columns): means of equal pieces of each number, and shares of each category's commonest spellings."""
    rows = Rows(case, case.start(index), case.examples.stop[index])
    length = rows.after - rows.first
    edges = rows.first[:, None] + (length[:, None] * np.arange(points + 1)) // points  # (n, points + 1)
    a, b = edges[:, :-1], np.maximum(edges[:, 1:], edges[:, :-1] + 1)  # shorter ones: a step stands for several points
    found = []
    for column in case.table.inputs:
        if column.kind == "number":
            raw, middle = rows.number(column.index), middle_of(case, column.index)
            gone = np.isnan(raw)
            number = sums(~gone, a, b)
            found.append(sums(np.where(gone, 0.0, raw - middle), a, b) / np.maximum(number, 1))
        else:
            codes = rows.codes(column.index)
            found += [sums(codes == spelling, a, b) / (b - a) for spelling in commonest(case, column.index)]
    return np.stack(found, axis=2)


def _nearest(rows: np.ndarray, train: np.ndarray, itself: bool = False) -> np.ndarray:
    """(n,) which training example is nearest to each; `itself`: another than it."""
    found = []
    square = (train**2).sum(axis=1)
    for at in range(0, len(rows), 512):
        distance = square - 2 * rows[at : at + 512] @ train.T  # less what all of a row have in common
        if itself:
            distance[np.arange(len(distance)), at + np.arange(len(distance))] = np.inf
        found.append(distance.argmin(axis=1))
    return np.concatenate(found) if found else np.zeros(0, np.int64)
