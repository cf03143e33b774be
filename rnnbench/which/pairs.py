"""The plan, carried out: baselines, then each cell tuned and fitted on each split, then further seeds, then more pairs.

What ends first is what is needed first: ten pairs of one seed can be answered from, and a round of further seeds that
time cuts short is not counted. What is counted is all that is in the journal, so that who was killed loses no fit that
had ended.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rnnbench.machine.threads import cores
from rnnbench.which.answer import Pair
from rnnbench.which.budget import A_TRIAL, SEEDS, Plan
from rnnbench.which.crew import TICK, Found
from rnnbench.which.journal import Entry, Journal
from rnnbench.which.problem import Problem, Scored, derived
from rnnbench.which.tuning import Trial, best_trial, default, tuned

MOST_SEEDS = 9
"""Seeds of a pair beyond which more say little."""

MOST_PAIRS = 40
"""Pairs beyond which more of the same data say little: 1/J is small beside ρ."""

Runner = Callable[[Iterable[Any], float | None], Iterator[Found]]


@dataclass(frozen=True)
class Task:
    """On this split the baselines, or with a slot: cell 0 or 1, tuned and fitted with these seeds."""

    split: int
    slot: int | None = None
    done: tuple[Trial, ...] = ()
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Fitting:
    """Does tasks, in whatever process."""

    problem: Problem
    plan: Plan
    seed: int

    def __call__(self, task: Task) -> Iterator[Found]:
        if task.slot is None:
            scored = self.problem.baselines(task.split)
            found = [{key: value for key, value in vars(each).items() if key != "answers"} for each in scored]
            said = _best_said(found, scored, self.problem.better)
            yield {"what": "baselines", "split": task.split, "slot": "naive", "seed": 0, "found": found}, said
            return
        where = {"split": task.split, "slot": task.slot}
        trials = list(task.done)
        for trial in self._tuned(task):
            trials.append(trial)
            yield {"what": "trial", **where, **trial.plain()}, None
        best = best_trial(trials, self.problem.better)
        settings = default(self.problem.space) if best is None else best.settings
        where["trial"] = -1 if best is None else best.number
        for k in task.seeds:
            seed = derived(self.seed, "fit", task.split, k)
            fit = self.problem.fit(task.slot, task.split, settings, seed, self.plan.length, None, True)
            entry: Entry = {key: value for key, value in vars(fit).items() if key != "answers"}
            yield {"what": "fit", **where, "seed": k, "settings": dict(settings), **entry}, fit.answers

    def _tuned(self, task: Task) -> Iterator[Trial]:
        if len(task.done) >= self.plan.trials:
            return iter(())
        seed, slot, split = derived(self.seed, "tuning", task.split), task.slot, task.split
        assert slot is not None
        return tuned(
            self.problem.space, self.plan.trials, seed, self.problem.better, self.plan.length,
            lambda settings, watch: self.problem.fit(slot, split, settings, seed, self.plan.length, watch, False),
            task.done,
        )  # fmt: skip


@dataclass
class State:
    """What of a plan is in the journal. extra: whether pairs beyond the plan count, that time was left for."""

    journal: Journal
    plan: Plan
    extra: bool = False

    def baselines(self, split: int) -> Entry | None:
        return next((entry for entry in self.journal.of("baselines") if entry["split"] == split), None)

    def trials(self, split: int, slot: int) -> tuple[Trial, ...]:
        found = [Trial.of(e) for e in self.journal.of("trial") if (e["split"], e["slot"]) == (split, slot)]
        return tuple(sorted(found, key=lambda trial: trial.number))[: self.plan.trials]

    def fits(self, split: int, slot: int) -> dict[int, Entry]:
        """By seed, those whose settings are of one of as many trials as the plan has."""
        return {
            e["seed"]: e for e in self.journal.of("fit")
            if (e["split"], e["slot"]) == (split, slot) and e.get("trial", 0) < self.plan.trials
        }  # fmt: skip

    def missing(self, trials: int, seeds: int) -> float:
        """Of all planned pairs with so many trials and seeds, the whole fits that are still to do, about."""
        then = replace(self, plan=replace(self.plan, trials=trials))
        return sum(
            A_TRIAL * (trials - len(then.trials(split, slot))) + len(set(range(seeds)) - set(then.fits(split, slot)))
            for split in range(self.plan.pairs) for slot in (0, 1)
        )  # fmt: skip

    def counted(self) -> tuple[list[int], int]:
        """(splits, seeds of each) that an answer may be made from: as many seeds as all planned pairs have."""
        judged, seen = {entry["split"] for entry in self.journal.of("baselines")}, defaultdict(set)
        for entry in self.journal.of("fit"):
            if entry.get("trial", 0) < self.plan.trials:
                seen[entry["split"], entry["slot"]].add(entry["seed"])
        most = max(self.plan.pairs, MOST_PAIRS if self.extra else 0)
        ready = {split: _rounds(seen[split, 0] & seen[split, 1]) for split in range(most) if split in judged}
        first = [split for split in range(self.plan.pairs) if ready.get(split, 0) > 0]
        if len(first) < self.plan.pairs:
            return first, min(1, len(first))
        seeds = min(self.plan.seeds, min(ready[split] for split in first))
        return [split for split in sorted(ready) if ready[split] >= seeds], seeds

    def amend(self, plan: Plan) -> None:
        """Another plan from now on: who goes on after a kill has it, too. Of other examples, or another length of fits,
        nothing that was done counts."""
        anew = plan.data != self.plan.data
        self.plan = plan
        self.journal.add({"what": "plan", "plan": plan.plain()} | ({"anew": True} if anew else {}))


def _rounds(seeds: set[int]) -> int:
    """Rounds of seeds that are whole, from the first on."""
    return next(k for k in range(len(seeds) + 1) if k not in seeds)


def carry_out(
    problem: Problem,
    state: State,
    run: Runner,
    *,
    deadline: float | None = None,
    say: Callable[[int, float | None], None] = lambda pairs, left: None,
    late: Callable[[State, Pace], Plan | None] = lambda state, pace: None,
) -> bool:
    """Do what of the plan is missing, until the deadline on time.monotonic()'s clock; and with one, while there is time
    for all of it, a further seed of all pairs or, of random splits with three seeds, a further pair.

    say: told the pairs that are done and seconds left, about. late: asked for another plan while the first round of
    seeds is under way. Whether there is one, which `state` has then, and which somebody else must carry out.
    """
    splits = range(state.plan.pairs)

    def do(tasks: Iterable[Task], pace: Pace | None = None) -> bool:
        for entry, arrays in run(tasks, deadline):
            if entry["what"] != TICK:
                state.journal.add(entry, arrays)
            if entry["what"] == "fit":
                say(len(state.counted()[0]), None if deadline is None else deadline - time.monotonic())
            if pace is not None and pace.seen(entry) and (plan := late(state, pace)) is not None:
                state.amend(plan)
                return True
        return False

    do(Task(split) for split in splits if state.baselines(split) is None)
    if do(_missing(state, splits, 1), None if deadline is None else Pace(deadline)):
        return True
    for rounds in range(2, state.plan.seeds + 1):
        do(_missing(state, splits, rounds))
    if deadline is None:
        return False
    endless = problem.splits.most is None
    while state.plan.seeds < (SEEDS if endless else MOST_SEEDS) and _time_for_seeds(state, deadline):
        state.amend(replace(state.plan, seeds=state.plan.seeds + 1))
        do(_missing(state, splits, state.plan.seeds))
    if endless and state.extra:
        do(_while_time(state, deadline))
    return False


@dataclass
class Pace:
    """How fast a plan goes forward: whole fits, as `Plan.fits` counts them, since `began`."""

    deadline: float
    began: float = field(default_factory=time.monotonic)
    done: float = 0.0
    trials: int = 0

    def seen(self, entry: Entry) -> bool:
        """Whether enough was seen to say how it goes on: two trials a core, or a tenth of the time."""
        self.done += {"trial": A_TRIAL, "fit": 1.0}.get(entry["what"], 0.0)
        self.trials += entry["what"] == "trial"
        enough = self.trials >= 2 * cores() or self.spent > 0.1 * (self.deadline - self.began)
        return enough and entry["what"] in ("trial", TICK)

    @property
    def spent(self) -> float:
        return time.monotonic() - self.began

    @property
    def a_fit(self) -> float:
        """Seconds of one core that a whole fit takes; of those under way half a trial is done."""
        return self.spent * cores() / (self.done + 0.5 * A_TRIAL * cores())

    @property
    def room(self) -> float:
        """Whole fits that there is still time for."""
        return max(0.0, self.deadline - time.monotonic()) * cores() / self.a_fit


def _missing(state: State, splits: Iterable[int], rounds: int) -> Iterator[Task]:
    """What is missing of so many rounds of seeds."""
    for split in splits:
        for slot in (0, 1):
            seeds = tuple(k for k in range(rounds) if k not in state.fits(split, slot))
            if seeds:
                yield Task(split, slot, state.trials(split, slot), seeds)


def _time_for_seeds(state: State, deadline: float) -> bool:
    """Whether one fit more of each pair is likely to end in time."""
    fits = state.journal.of("fit")
    a_round = sum(entry["seconds"] for entry in fits) / max(1, len(fits)) * 2 * state.plan.pairs
    return bool(fits) and time.monotonic() + 1.2 * a_round / cores() < deadline


def _while_time(state: State, deadline: float) -> Iterator[Task]:
    took = _seconds_of_a_cell(state)
    for split in range(state.plan.pairs, MOST_PAIRS):
        if time.monotonic() + took > deadline:
            return
        if state.baselines(split) is None:
            yield Task(split)
        yield from _missing(state, [split], state.plan.seeds)


def _seconds_of_a_cell(state: State) -> float:
    """What tuning and fitting a cell on a split took, at the longest that was seen."""
    taken: dict[tuple[int, int], float] = {}
    for entry in (*state.journal.of("trial"), *state.journal.of("fit")):
        where = (entry["split"], entry["slot"])
        taken[where] = taken.get(where, 0.0) + entry["seconds"]
    return 1.1 * max(taken.values(), default=0.0)


def pairs_of(problem: Problem, state: State) -> tuple[list[Pair], int]:
    """The pairs that count, and the seeds of each.

    A fit that diverged counts as the naive baseline: its user would take that.
    """
    splits, seeds = state.counted()
    found = []
    for split in splits:
        entry = state.baselines(split)
        assert entry is not None
        naive, simple = (best_baseline(entry["found"], kind, problem.better) for kind in ("naive", "simple"))
        assert naive is not None
        scores = []
        for slot in (0, 1):
            fits = state.fits(split, slot)
            values = [naive["test"] if fits[k]["diverged"] else fits[k]["test"] for k in range(seeds)]
            scores.append(_averaged(values, problem.better))
        found.append(Pair(split, (scores[0], scores[1]), naive["test"], naive["name"],
                          *((None, "") if simple is None else (simple["test"], simple["name"]))))  # fmt: skip
    return found, seeds


def best_baseline(found: Sequence[dict[str, Any]], kind: str, better: str) -> dict[str, Any] | None:
    """The best on validation, the earlier of equals, of those that have a score on the test rows."""
    known = [each for each in found if each["kind"] == kind and not _unknown(each["test"])]
    sign = 1 if better == "higher" else -1
    return max(known, key=lambda e: -math.inf if _unknown(e["valid"]) else sign * e["valid"], default=None)


def _best_said(found: list[dict[str, Any]], scored: Sequence[Scored], better: str) -> dict[str, np.ndarray] | None:
    """What is kept of the test rows: what the best naive baseline said, and as `simple` the best simple model."""
    best = [best_baseline(found, kind, better) for kind in ("naive", "simple")]
    naive, simple = (None if each is None else scored[found.index(each)].answers for each in best)
    return None if naive is None else {**naive, **({} if simple is None else {"simple": simple["prediction"]})}


def _unknown(score: float | None) -> bool:
    return score is None or math.isnan(score)


def _averaged(values: Sequence[float], better: str) -> float:
    """Of scores the mean, of errors the geometric mean, in whose logarithms they are compared."""
    if better == "higher" or min(values) <= 0:
        return float(np.mean(values))
    return math.exp(float(np.mean(np.log(values))))
