"""What a model has to beat: an answer that needs no recurrent cell, fitted on training rows alone.

n examples, K targets, h steps ahead, C classes. Answers are in the unit of the file, or probabilities:

    value      (n, K)          forecast   (n, h, K)
    label      (n, C)          tagging    (Σ steps, C): rows start … stop − 1 of each example, one after another
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from rnnbench.data.splits import Split
from rnnbench.data.table.keys import Task
from rnnbench.data.table.table import Examples, Table

SECONDS = 2.0
"""That one baseline may take on one split, on a plain core."""

Indices = np.ndarray
"""(n,) int64, which of the examples."""

Say = Callable[[Indices], np.ndarray]
"""Examples → answers, float64."""


@dataclass(frozen=True)
class Said:
    """What a baseline says of the validation and the test examples of a split, in their order."""

    valid: np.ndarray
    test: np.ndarray
    told: str = ""  # what its reader must know: "learned from a sample of 20,000 of 264,490 examples"


@dataclass(frozen=True)
class Case:
    """What a baseline learns from."""

    table: Table
    examples: Examples
    train: Indices
    window: int | None  # the last steps that are seen of an example, of those that it has; None: all
    seed: int
    seconds: float
    _found: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, key: Any, find: Callable[[], Any]) -> Any:
        """What `find` finds of training rows, found once."""
        if key not in self._found:
            self._found[key] = find()
        return self._found[key]

    @property
    def rows(self) -> np.ndarray:
        """(R,) bool: rows that training examples see or answer with."""

        def seen() -> np.ndarray:
            edges = np.zeros(int(self.table.starts[-1]) + 1, np.int64)
            np.add.at(edges, self.start(self.train), 1)
            np.add.at(edges, self.examples.last[self.train], -1)
            return np.cumsum(edges[:-1]) > 0

        return self.once("rows", seen)

    @property
    def classes(self) -> int:
        return len(self.table.target.classes)

    def start(self, index: Indices) -> np.ndarray:
        """(n,) first row that is seen of each."""
        start, stop = self.examples.start[index], self.examples.stop[index]
        return start if self.window is None or self.table.task == "tagging" else np.maximum(start, stop - self.window)

    def sample(self, index: Indices, most: int) -> Indices:
        """At most so many of them, drawn by the seed."""
        if len(index) <= most:
            return index
        return np.sort(np.random.default_rng((self.seed, 7)).permutation(index)[:most])


class Baseline(ABC):
    """One file each, found by its name. Which of them a model is held against is decided on validation."""

    title: ClassVar[str]  # as it stands in a table: "last value"
    kind: ClassVar[Literal["naive", "simple"]]
    tasks: ClassVar[tuple[Task, ...]]
    competes: ClassVar[bool] = True  # False: it sees what a model does not, and is shown beside the others alone
    note: ClassVar[str] = ""  # then, what it sees

    def supports(self, task: Task) -> bool:
        return task in self.tasks

    def fits(self, table: Table) -> bool:
        """Whether there is one for this table."""
        return self.supports(table.task)

    def answer(
        self,
        table: Table,
        examples: Examples,
        split: Split,
        window: int | None = None,
        seed: int = 0,
        seconds: float = SECONDS,
    ) -> Said:
        """Learned from `split.train`, of so many steps of each example as a model sees (`window`).

        seconds: about what it may take: it learns from a sample where there is more than that allows. The sample's size
        follows from the data's alone, so that the same arguments give the same answers on every machine.
        """
        case = Case(table, examples, split.train, window, seed, seconds)
        with _one_thread() if self.kind == "simple" else nullcontext():
            say, told = self.learn(case)
            return Said(say(split.valid), say(split.test), told)

    @abstractmethod
    def learn(self, case: Case) -> tuple[Say, str]:
        """What answers, and what is to be told of how it was learned."""


def _one_thread() -> AbstractContextManager[Any]:
    """Trees of a few rows take a hundred times as long where threads wait for a core."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)
