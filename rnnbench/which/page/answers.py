"""What cells and the naive baseline said of test rows, brought together from the journal.

Of a split: targets (n, …), and by whom what was said, averaged over seeds. Labels are said as probabilities (n, K), or
where each step has one as the label itself (n, T), of the first seed; values (n, …) in the file's unit, forecasts
(n, h·K) less the level of what each window shows and, of several series, in naive errors of each
(data/table/windows.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from rnnbench.which.journal import Journal
from rnnbench.which.pairs import State

NAIVE = 2
"""Who said it: 0 and 1 are the cells."""


@dataclass(frozen=True)
class Said:
    """One split. `of`: by cell, and NAIVE where that is kept."""

    split: int
    examples: np.ndarray  # (n,) indices of its test examples
    target: np.ndarray
    of: dict[int, np.ndarray]
    targets: dict[int, np.ndarray] = field(default_factory=dict)  # of forecasts: less the level of what each was shown

    @property
    def labels(self) -> dict[int, np.ndarray]:
        """By whom the label that was said, as target is."""
        return {who: each.argmax(-1) if each.ndim > self.target.ndim else each for who, each in self.of.items()}

    def errors(self, who: int) -> np.ndarray:
        """What was said less what is so, NaN where that is not known."""
        return self.of[who].reshape(self.target.shape) - self.targets.get(who, self.target)


def said_of(state: State, splits: list[int], seeds: int, tests: dict[int, np.ndarray]) -> list[Said]:
    """Of each of these splits for which both cells' answers are kept; tests: its test examples."""
    found = []
    for split in splits:
        kept = {who: list(_kept(state, split, who, seeds)) for who in (0, 1)}
        if not all(kept.values()):
            continue
        target = kept[0][0]["target"]
        of = {who: _mean([arrays["prediction"] for arrays in each]) for who, each in kept.items()}
        targets = {who: each[0]["target"] for who, each in kept.items()}
        naive = state.journal.arrays({"split": split, "slot": "naive", "seed": 0})
        if "prediction" in naive:
            of[NAIVE], targets[NAIVE] = naive["prediction"], naive.get("target", target)
        found.append(Said(split, tests[split], target, of, targets))
    return found


def _kept(state: State, split: int, slot: int, seeds: int) -> Iterator[dict[str, np.ndarray]]:
    for seed in range(seeds):
        found = _arrays(state.journal, split, slot, seed)
        if found is not None:
            yield found


def _arrays(journal: Journal, split: int, slot: int | str, seed: int) -> dict[str, np.ndarray] | None:
    found = journal.arrays({"split": split, "slot": slot, "seed": seed})
    return found if {"prediction", "target"} <= set(found) else None


def _mean(said: list[np.ndarray]) -> np.ndarray:
    if np.issubdtype(said[0].dtype, np.integer):
        return said[0]
    return np.mean(np.stack(said), axis=0)
