"""Equal tuning: every cell gets the same trials, on the same seeds, and what is best on validation is then run afresh.

The trials are one Latin hypercube over the logarithms of the ranges (McKay, Beckman, Conover 1979): with n trials each
nth of each range is tried once; of many such, one of low discrepancy (scipy's random-cd), so that no two keys rise
together. Cells are given the same points, so no cell is luckier in what it may choose from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnbench.errors import UsageError
from rnnbench.records import COLUMNS
from rnnbench.records.columns import INTEGER

RULE = (
    "Best is what reaches the threshold on validation with most seeds, then in fewest steps; without a threshold, or "
    "where none reaches it, what has the best mean validation score; of equals, the lowest mean validation loss. A "
    "diverged trial is the worst."
)


@dataclass(frozen=True)
class Tuning:
    """`space`: key → [low, high], searched log-uniformly. `seeds`: of the trials, never of the runs that count."""

    trials: int
    seeds: tuple[int, ...]
    space: Mapping[str, Any]
    design_seed: int = 0  # of the trials' values

    def __post_init__(self) -> None:
        if self.trials < 1 or not self.seeds:
            raise UsageError("too few", key="study.tuning.trials", value=self.trials, allowed="1 or more, and a seed")
        if not self.space:
            raise UsageError("nothing to choose", key="study.tuning.space", value="{}", allowed="key: [low, high]")
        for key, column in zip(self.space, self.columns, strict=True):
            if column in COLUMNS and COLUMNS[column].kind == INTEGER:
                raise UsageError("takes whole numbers, and trials try any", key="study.tuning.space", value=key,
                                 allowed="keys such as optimizer.lr")  # fmt: skip
        for key, ends in self.space.items():
            numbers = (
                isinstance(ends, list | tuple) and len(ends) == 2 and all(isinstance(e, int | float) for e in ends)
            )
            if not (numbers and 0 < ends[0] < ends[1] < math.inf):
                raise UsageError(
                    "no range", key=f"study.tuning.space.{key}", value=ends, allowed="[low, high], 0 < low"
                )

    @property
    def columns(self) -> list[str]:
        """The keys of `space` as columns of a table of runs: optimizer.lr → optimizer_lr."""
        return [key.replace(".", "_") for key in self.space]

    def design(self) -> list[dict[str, float]]:
        """The trials: key → value, three significant digits."""
        from scipy.stats import qmc

        hypercube = qmc.LatinHypercube(len(self.space), optimization="random-cd", seed=self.design_seed)
        points = hypercube.random(self.trials)  # (trials, keys)
        return [
            {
                key: float(f"{low * (high / low) ** u:.3g}")
                for u, (key, (low, high)) in zip(row, self.space.items(), strict=True)
            }
            for row in points
        ]


@dataclass(frozen=True)
class Trial:
    values: Mapping[str, Any]  # key → value
    run_ids: tuple[str, ...]  # one a seed


@dataclass(frozen=True)
class Tuned:
    """The trials for one combination of settings; `chosen` is null until all have ended. `runs` then use it."""

    settings: Mapping[str, Any]  # key → value, as asked for in the trials
    trials: tuple[Trial, ...]
    chosen: int | None  # place in `trials`
    runs: int


def choose(trials: Sequence[Sequence[Mapping[str, Any]]]) -> int:
    """The place of the best trial by `RULE`, the first of equals. trials: for each, its records, one a seed."""
    return max(range(len(trials)), key=lambda place: (merit(trials[place]), -place))


def without_loss(record: Mapping[str, Any]) -> bool:
    """Whether the validation loss, which decides between equals, is not known: of trials rebuilt from a table."""
    return record["status"] == "ok" and record["metrics"]["valid"].get("loss") is None


def merit(records: Sequence[Mapping[str, Any]]) -> tuple[int, float, float, float]:
    """What trials are ordered by, larger is better: seeds that solved it, −(mean steps), mean signed score, −(loss)."""
    solved = [r["timing"]["steps_to_threshold"] for r in records if r["status"] == "ok"]
    solved = [steps for steps in solved if steps is not None]
    score = sum(signed_score(r) for r in records) / len(records)
    known = all(r["status"] == "ok" and not without_loss(r) for r in records)
    loss = sum(r["metrics"]["valid"]["loss"] for r in records) / len(records) if known else math.inf
    return len(solved), -sum(solved) / max(1, len(solved)), score, -loss


def signed_score(record: Mapping[str, Any]) -> float:
    """The validation score, larger is better; −∞ for a diverged run."""
    if record["status"] != "ok":
        return -math.inf
    score = record["metrics"]["valid"][record["task"]["metric"]]
    return float(score if record["task"]["higher_is_better"] else -score)
