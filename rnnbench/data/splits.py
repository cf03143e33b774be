"""Which examples train, which choose, which judge: indices alone, from what is known of examples but their values.

in_time      ten test blocks one after another, each trained on all that lies before it
stratified   random, each class in each part by its share
grouped      groups whole: up to twenty are left out one by one, of more a random fifth
given        a test set that is given: each split trains on a random 80 % of all else

Validation lies inside what a split trains on, cut in the same way. Split j is the same however many are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rnnbench.errors import TooLittleData

BLOCKS = 10
HELD = 0.2
"""Share of the examples, or groups, that a random test set holds; of what is left that of validation."""

MOST_LEFT_OUT = 20
"""Up to so many groups each is left out once; of more, HELD of them at random."""

SHORTEST_BLOCK = 5
"""Steps of a test block, at the least, whatever the horizon."""

LEAST = 10
"""Examples that a split trains on, at the least."""

LEAST_OF_A_CLASS = 5
"""Examples that a class has in all, at the least, to be judged: of fewer all train."""

Indices = np.ndarray
"""(n,) int64, sorted."""


@dataclass(frozen=True)
class Split:
    """Indices of examples, none in two of the three."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray

    @property
    def rho(self) -> float:
        """n_test / n_train, by which splits of one data set are correlated (Nadeau and Bengio 2003)."""
        return len(self.test) / (len(self.train) + len(self.valid))


@dataclass(frozen=True)
class Splits:
    """As many as there are, or as anybody asks for: `most` is None where they are drawn at random.

    rho: by which the variance of a mean over them is corrected, see statistics/correlated.py; 0: independent.
    """

    kind: str  # time, random, groups or given
    most: int | None
    rho: float
    draw: Callable[[int], Split]

    def __getitem__(self, index: int) -> Split:
        return self.draw(index)


def in_time(when: np.ndarray, horizon: int = 1, blocks: int = BLOCKS, what: str = "steps to forecast") -> Splits:
    """The second half of time in `blocks` test blocks that follow each other; before each all that may train.

        train | gap | valid | gap | block j                 gap = window + horizon − 1 examples of one series

    when: (N, 2) position of each example's first input and of its last target. What trains ends (its last target)
    before the first input of what it is followed by, so that no step stands on two sides; a test example has all its
    `horizon` targets within its block. Validation is the last fifth of what comes before the block's gap. what: the
    examples in the words of their task.

    Raises TooLittleData where a block would have fewer steps than the horizon, or a part nothing.
    """
    first, last = when[:, 0], when[:, 1]
    steps = _different(last)  # positions at which a target ends
    edges = steps[np.linspace(len(steps) // 2, len(steps), blocks + 1).astype(int)[:-1]] if len(steps) else steps
    ends = np.append(edges, steps[-1] + 1 if len(steps) else 0)
    shortest = max(horizon, SHORTEST_BLOCK)
    if len(steps) < 2 * blocks or (np.diff(ends) < shortest).any():
        raise TooLittleData(
            f"{len(steps)} {what}: their second half makes no {blocks} test blocks of {shortest} each",
            allowed=f"{2 * blocks * shortest} or more",
        )

    def draw(index: int) -> Split:
        test = np.flatnonzero((last - horizon + 1 >= ends[index]) & (last < ends[index + 1]))
        before = np.flatnonzero(last < first[test].min()) if len(test) else test
        train, valid = _end_of(before, first, last)
        return _whole(Split(train, valid, test), f"test block {index + 1} of {blocks}")

    drawn = [draw(index) for index in range(blocks)]
    return Splits("time", blocks, float(np.mean([split.rho for split in drawn])), drawn.__getitem__)


def _end_of(before: Indices, first: np.ndarray, last: np.ndarray) -> tuple[Indices, Indices]:
    """(train, valid) of examples that all lie before a test block: the last fifth of their time validates."""
    if not len(before):
        return before, before
    steps = _different(last[before])
    begin = steps[min(len(steps) - 1, int(len(steps) * (1 - HELD)))]
    valid = before[last[before] >= begin]
    return before[last[before] < first[valid].min()], valid


def _different(positions: np.ndarray) -> np.ndarray:
    """The positions that occur, rising: counted, since there may be millions of them."""
    low = int(positions.min(initial=0))
    return np.flatnonzero(np.bincount(positions - low)) + low


def stratified(labels: np.ndarray | None, n: int, seed: int) -> Splits:
    """Random splits of n examples: a fifth tests, of the rest a fifth validates, of each class as of the whole.

    labels: (n,) classes, None where values are learned. A class of fewer than
    LEAST_OF_A_CLASS trains, and is judged by nobody.
    """
    classes = np.zeros(n, dtype=np.int64) if labels is None else labels

    def draw(index: int) -> Split:
        rng = np.random.default_rng((seed, 1, index))
        test, rest = _share(np.arange(n), classes, rng)
        valid, train = _share(rest, classes, rng)
        return _whole(Split(train, valid, test), f"{n} examples")

    return Splits("random", None, draw(0).rho, draw)


def grouped(groups: np.ndarray, seed: int) -> Splits:
    """Groups whole, in validation too. groups: (N,) of each example. Raises TooLittleData for fewer than three."""
    names = np.unique(groups)
    if len(names) < 3:
        raise TooLittleData(f"{len(names)} groups: training, validation and test need one each", allowed="3 or more")
    each = len(names) <= MOST_LEFT_OUT

    def draw(index: int) -> Split:
        rng = np.random.default_rng((seed, 2, index))
        test = names[[index]] if each else _some(names, rng)
        rest = np.setdiff1d(names, test)
        valid = _some(rest, rng)
        parts = (np.setdiff1d(rest, valid), valid, test)
        return _whole(Split(*(np.flatnonzero(np.isin(groups, part)) for part in parts)), f"{len(names)} groups")

    if each:
        return Splits("groups", len(names), 0.0, draw)
    return Splits("groups", None, HELD / (1 - HELD), draw)


def given(
    official: np.ndarray,
    seed: int,
    *,
    labels: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    when: np.ndarray | None = None,
) -> Splits:
    """The same test set each time; what is left trains, a random 80 % of it in each split, and validates.

    official: (N,) bool. Validation: groups whole where there are groups, the end in time where time orders examples,
    else stratified. Where time orders them, what trains ends before the test set begins, unless that follows it.
    rho is that of random splits which leave as much out: 0.2 / 0.8.
    """
    test, rest = np.flatnonzero(official), np.flatnonzero(~official)

    def draw(index: int) -> Split:
        rng = np.random.default_rng((seed, 3, index))
        if when is not None:
            train, valid = _end_of(rest, when[:, 0], when[:, 1])
            train = np.sort(rng.permutation(train)[: max(1, round((1 - HELD) * len(train)))])
            return _whole(Split(train, valid, test), "what trains beside the test set")
        if groups is not None and len(np.unique(groups[rest])) > 2:
            names = np.unique(groups[rest])
            used = np.setdiff1d(names, _some(names, rng))
            valid_groups = _some(used, rng)
            train = rest[np.isin(groups[rest], np.setdiff1d(used, valid_groups))]
            return _whole(Split(train, rest[np.isin(groups[rest], valid_groups)], test), "what trains")
        classes = np.zeros(len(official), dtype=np.int64) if labels is None else labels
        _, used = _share(rest, classes, rng)
        valid, train = _share(used, classes, rng)
        return _whole(Split(train, valid, test), f"{len(rest)} examples beside the test set")

    return Splits("given", None, HELD / (1 - HELD), draw)


def _share(index: Indices, classes: np.ndarray, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """(HELD of each class, the rest), both sorted. classes: (N,) of all examples.

    A class that has fewer than LEAST_OF_A_CLASS of all, or two or fewer of these, gives none; another at least one.
    """
    judged = np.bincount(classes) >= LEAST_OF_A_CLASS
    taken = []
    for label in np.unique(classes[index]):
        members = rng.permutation(index[classes[index] == label])
        few = not judged[label] or len(members) < 3
        taken.append(members[: 0 if few else max(1, round(HELD * len(members)))])
    held = np.sort(np.concatenate(taken)) if taken else index[:0]
    return held, np.setdiff1d(index, held)


def _some(names: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(names)[: max(1, round(HELD * len(names)))]


def _whole(split: Split, what: str) -> Split:
    """The same, or TooLittleData where one of the three is empty, or all but empty."""
    for part, least in (("train", LEAST), ("valid", 1), ("test", 1)):
        found = len(getattr(split, part))
        if found < least:
            raise TooLittleData(f"{what}: {found} examples are left for the {part} part", allowed=f"{least} or more")
    return split
