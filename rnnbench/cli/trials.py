"""The trials of a study: which runs choose the settings of which others, rung by rung as the records say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from rnnbench.cli.composer import Composer
from rnnbench.cli.requests import Requests, check, composed, unfinished
from rnnbench.config import BudgetConfig
from rnnbench.errors import UsageError
from rnnbench.records import read_record
from rnnbench.studies import Trial, Tuned, Tuning, ranked, without_loss


@dataclass(frozen=True)
class Job:
    """A run that counts. `tune`: what it has otherwise in its trials; None: nothing of it is chosen by trials."""

    overrides: list[str]
    tune: list[str] | None
    alone: bool


RunIds = tuple[tuple[str, ...], ...]
"""Of trials: for each, its runs."""

Rung = dict[int, Requests]
"""Place of a trial → its runs with the budget of this rung, one a seed."""


@dataclass
class Trials:
    """One tuning: what chooses for all jobs that differ by seed, and by what `tune` sets, alone."""

    composer: Composer
    tuning: Tuning
    number: int
    settings: dict[str, str]
    budget: BudgetConfig  # of the last rung
    jobs: list[Job] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values = self.tuning.design(self.number)
        self._made: dict[tuple[int, int], Requests] = {}

    def walk(self) -> tuple[list[Rung], int | None]:
        """The rungs that the records let be known, and which trial is chosen once all have ended, well or diverged."""
        rungs: list[Rung] = []
        alive = list(range(self.tuning.trials))
        counts = [count for count, _ in self.tuning.rungs()]
        for at, after in enumerate([*counts[1:], 1]):
            rungs.append({place: self._runs(at, place) for place in alive})
            records = [_records(own) for own in rungs[-1].values()]
            if not all(record is not None and record["status"] != "failed" for own in records for record in own):
                return rungs, None
            alive = sorted([alive[rank] for rank in ranked(records)][:after])
        return rungs, alive[0]

    def asked(self) -> Requests:
        """All runs that are known to be needed."""
        return reduce(Requests.__or__, (own for rung in self.walk()[0] for own in rung.values()))

    def to_come(self) -> Requests:
        """As many runs with as large budgets as there will be, of the first points: for what it will cost."""
        rungs = self.tuning.rungs()
        known = len(self.walk()[0])
        places = [self._runs(at, place) for at in range(known, len(rungs)) for place in range(rungs[at][0])]
        return reduce(Requests.__or__, places, Requests({}, {}))

    def some_values(self) -> list[str]:
        """Of the first trial."""
        return [f"{key}={value}" for key, value in self.values[0].items()]

    def tuned(self, before: Mapping[RunIds, int | None]) -> Tuned:
        """What the records say of the trials.

        before: what was chosen of the same trials. It stays where records lack what decides between equals.
        """
        rungs, chosen = self.walk()
        ids = [[tuple(c.run_id for c in rung[place].configs.values()) for rung in rungs if place in rung]
               for place in range(self.tuning.trials)]  # fmt: skip
        trials = tuple(
            Trial(values, own[-1], tuple(run_id for earlier in own[:-1] for run_id in earlier))
            for values, own in zip(self.values, ids, strict=True)
        )
        known = tuple(trial.all_run_ids for trial in trials)
        if chosen is not None and before.get(known) is not None:
            partial = any(without_loss(record) for own in rungs[-1].values() for record in _records(own))
            chosen = before[known] if partial else chosen
        runs = {frozenset(dict(text.split("=", 1) for text in job.overrides).items()) for job in self.jobs}
        plain = {key: value for key, value in self.settings.items() if key != "study"}
        return Tuned(plain, trials, chosen, len(runs), self.number)

    def _runs(self, rung: int, place: int) -> Requests:
        if (rung, place) not in self._made:
            point = {**self.settings, **self.values[place], **_part(self.budget, self.tuning.rungs()[rung][1])}
            own = [f"{key}={value}" for key, value in point.items()]
            seeds = self.tuning.trial_seeds(self.number)
            self._made[rung, place] = composed(self.composer, [[*own, f"seed={each}", "keep=none"] for each in seeds])
        return self._made[rung, place]


def trials_of(composer: Composer, tuning: Tuning | None, jobs: Sequence[Job]) -> list[Trials]:
    """The tunings that the jobs ask for. Raises UsageError for what would be tuned on the seed that counts."""
    if tuning is None:
        return []
    found: dict[tuple[tuple[str, ...], int], Trials] = {}
    counted, tried = set(), set()
    for job in jobs:
        if job.tune is None:
            continue
        settings = dict(text.split("=", 1) for text in [*job.overrides, *job.tune])
        seed = int(settings.pop("seed", "0"))
        number = tuning.number(seed)
        counted.add(seed)
        tried |= set(tuning.trial_seeds(number))
        own = tuple(f"{key}={value}" for key, value in settings.items())
        if (own, number) not in found:
            budget = composer.compose(own).budget
            if tuning.halving is not None and budget.max_steps is None and budget.max_epochs is None:
                raise UsageError("no budget to take a part of", key="study.tuning.halving", value=tuning.halving,
                                 allowed="null, or a study with budget.max_steps or budget.max_epochs")  # fmt: skip
            found[own, number] = Trials(composer, tuning, number, settings, budget)
        found[own, number].jobs.append(job)
    if shared := counted & tried:
        seed = min(shared)
        raise UsageError("a seed of the study's trials: runs that count need others", key="seed", value=seed)
    every = reduce(Requests.__or__, (each.asked() for each in found.values()), Requests({}, {}))
    check(every, unfinished(every), composer)
    return list(found.values())


def _part(budget: BudgetConfig, share: float) -> dict[str, Any]:
    """The keys of a share of the budget; none where it is all of it."""
    if share == 1:
        return {}
    limits = {"budget.max_steps": budget.max_steps, "budget.max_epochs": budget.max_epochs}
    return {key: max(1, round(share * limit)) for key, limit in limits.items() if limit is not None}


def _records(runs: Requests) -> list[Any]:
    return [read_record(config.run_dir) for config in runs.configs.values()]
