"""What is asked of whom: a problem that can be split, and learners that are fitted on a split of it.

The plan, the tuning and the answer know a problem by this protocol alone. `table.py` is a user's file with recurrent
cells; simulations of error rates put cheap learners in their place (`tests/which/simulated.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from rnnbench.data.splits import Splits

Settings = Mapping[str, Any]
Watch = Callable[[int, float], bool]
"""Told a step and the best validation score so far; False: give this trial up."""


@dataclass(frozen=True)
class Space:
    """What is tuned, the same for both cells. windows: lengths to choose from, () where it is not free."""

    widths: tuple[int, ...] = (16, 32, 64)
    windows: tuple[int, ...] = ()
    both: bool = False  # whether a second direction may be used


@dataclass(frozen=True)
class Length:
    """How long a fit is: steps at most, and after how many each validation."""

    steps: int
    every: int

    @property
    def rungs(self) -> tuple[int, int]:
        """Steps at which half of the trials are given up: at a quarter and at a half."""
        quarter = max(1, self.steps // 4 // self.every) * self.every
        return quarter, 2 * quarter


@dataclass(frozen=True)
class Fit:
    """How a fit ended. `test` is None where the test rows were not looked at; diverged: no score is a number."""

    valid: float
    test: float | None
    best_step: int
    steps: int
    seconds: float
    parameters: int = 0
    diverged: bool = False
    curve: tuple[tuple[int, float], ...] = ()  # (step, validation score)
    answers: Mapping[str, np.ndarray] | None = None  # of the test rows, as rnnbench.load_predictions has them


@dataclass(frozen=True)
class Scored:
    """A baseline on one split."""

    name: str
    kind: Literal["naive", "simple", "shown"]  # shown: it sees what a cell does not, and is held against nobody
    valid: float
    test: float
    seconds: float = 0.0
    told: str = ""  # what its reader must know
    answers: Mapping[str, np.ndarray] | None = None  # its prediction of the test rows, as a fit's


class Problem(Protocol):
    @property
    def metric(self) -> str:
        """By which cells are compared."""

    @property
    def better(self) -> Literal["higher", "lower"]: ...

    @property
    def splits(self) -> Splits: ...

    @property
    def space(self) -> Space: ...

    def fit(
        self, slot: int, split: int, settings: Settings, seed: int, length: Length, watch: Watch | None, judge: bool
    ) -> Fit:
        """Fit cell 0 or 1 on a split; with `judge` its test rows are scored, once.

        Deterministic: the same arguments, the same bits. Both cells of one seed see the same rows in the same order.
        watch: asked at the rungs whether to go on.
        """

    def baselines(self, split: int) -> list[Scored]:
        """At least one that is naive."""


def derived(*key: int | str) -> int:
    """An independent seed, below 2³¹, for each key."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=8).digest(), "little") >> 33
