"""Problems of plain arrays for tests: scores that are what a test says they are, and learners that cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from rnnbench.data import splits as cut
from rnnbench.data.splits import Splits
from rnnbench.which.budget import Plan
from rnnbench.which.problem import Fit, Length, Scored, Settings, Space, Watch

LENGTH = Length(16, 1)
PLAN = Plan(pairs=10, trials=4, seeds=2, examples=0, batch=0, length=LENGTH)

Score = Callable[[int, int, Settings, int], float]
"""slot, split, settings, seed → the score on validation and test."""


def by_settings(slot: int, split: int, settings: Settings, seed: int) -> float:
    """Best at a rate of .003, worse away from it; with a grain of noise that the arguments alone decide."""
    noise = np.random.default_rng([slot, split, seed, settings["width"]]).normal()
    return float(0.8 - 0.1 * abs(np.log10(settings["lr"] / 3e-3)) + 0.01 * noise)


@dataclass
class Arrays:
    score: Score = by_settings
    splits: Splits = field(default_factory=lambda: cut.stratified(np.arange(100) % 2, 100, 0))
    better: Literal["higher", "lower"] = "higher"
    space: Space = field(default_factory=Space)
    metric: str = "accuracy"
    naive: float = 0.5
    judged: list[tuple[int, int, int]] = field(default_factory=list)  # slot, split, seed, each time the test is scored

    def fit(
        self, slot: int, split: int, settings: Settings, seed: int, length: Length, watch: Watch | None, judge: bool
    ) -> Fit:
        value = self.score(slot, split, settings, seed)
        for rung in length.rungs:
            if watch is not None and not watch(rung, value):
                return Fit(value, None, rung, rung, 0.01)
        if judge:
            self.judged.append((slot, split, seed))
        return Fit(value, value if judge else None, 16, 16, 0.01)

    def baselines(self, split: int) -> list[Scored]:
        return [Scored("majority", "naive", self.naive, self.naive), Scored("linear model", "simple", 0.6, 0.6)]
