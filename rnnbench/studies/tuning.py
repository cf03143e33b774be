"""Equal tuning: every cell gets the same trials, on the same seeds, and what is best on validation is then run afresh.

The trials are one Latin hypercube over the logarithms of the ranges (McKay, Beckman, Conover 1979): with n trials each
nth of each range is tried once; of many such, one of low discrepancy (scipy's random-cd), so that no two keys rise
together. Cells are given the same points, so no cell is luckier in what it may choose from.

With `fresh` a combination is tuned anew for each so many seeds, from a hypercube and with seeds of trials of its own:
then tunings, not seeds, are the units that vary independently, and an interval over them holds what tuning changes.

With `halving` η (successive halving, Jamieson and Talwalkar 2016) only the best 1/η of the trials go on, each time with
η times the budget, from the start again, until no more than η have the whole of it: of ten trials and η = 4 ten with a
quarter of the budget, then three with all of it.
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
    """`space`: key → [low, high], searched log-uniformly. `seeds`: of the trials, never of the runs that count.

    `fresh`: runs that one tuning is for: seeds 0 … fresh − 1 of the grids are the first tuning's, and so on; null: one
    for all seeds. `halving`: one in so many trials goes on, with as many times the budget; null: all have the whole.
    """

    trials: int
    seeds: tuple[int, ...]
    space: Mapping[str, Any]
    design_seed: int = 0  # of the trials' values
    fresh: int | None = None
    halving: int | None = None

    def __post_init__(self) -> None:
        for name, value, least in (("fresh", self.fresh, 1), ("halving", self.halving, 2)):
            if value is not None and value < least:
                raise UsageError("too few", key=f"study.tuning.{name}", value=value, allowed=f"null, {least} or more")
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

    def number(self, seed: int) -> int:
        """Which tuning the runs of this seed take their settings from."""
        return 0 if self.fresh is None else seed // self.fresh

    def trial_seeds(self, number: int) -> list[int]:
        """Seeds of the trials of that tuning; no two tunings share one."""
        return [seed + number * (max(self.seeds) - min(self.seeds) + 1) for seed in self.seeds]

    def rungs(self) -> list[tuple[int, float]]:
        """How many trials have which share of the budget: [(10, 1/4), (3, 1)] of ten with halving 4."""
        if self.halving is None:
            return [(self.trials, 1.0)]
        counts = [self.trials]
        while counts[-1] > self.halving:
            counts.append(math.ceil(counts[-1] / self.halving))
        return [(count, self.halving ** (place + 1.0 - len(counts))) for place, count in enumerate(counts)]

    def design(self, number: int = 0) -> list[dict[str, float]]:
        """The trials of that tuning: key → value, three significant digits."""
        from scipy.stats import qmc

        hypercube = qmc.LatinHypercube(len(self.space), optimization="random-cd", seed=self.design_seed + number)
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
    run_ids: tuple[str, ...]  # one a seed, with the largest budget that it had
    earlier: tuple[str, ...] = ()  # with smaller budgets before

    @property
    def all_run_ids(self) -> tuple[str, ...]:
        return (*self.earlier, *self.run_ids)


@dataclass(frozen=True)
class Tuned:
    """The trials for one combination of settings; `chosen` is null until all have ended. `runs` then use it."""

    settings: Mapping[str, Any]  # key → value, as asked for in the trials
    trials: tuple[Trial, ...]
    chosen: int | None  # place in `trials`
    runs: int
    number: int = 0  # of the tunings of these settings


def choose(trials: Sequence[Sequence[Mapping[str, Any]]]) -> int:
    """The place of the best trial by `RULE`, the first of equals. trials: for each, its records, one a seed."""
    return ranked(trials)[0]


def ranked(trials: Sequence[Sequence[Mapping[str, Any]]]) -> list[int]:
    """The places of the trials, the best first."""
    merits = [merit(each) for each in trials]
    return sorted(range(len(trials)), key=lambda place: (merits[place], -place), reverse=True)


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
