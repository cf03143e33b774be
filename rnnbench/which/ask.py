"""A question, told as a story: read → plan → baselines → pairs → answer.

The clock starts before the file is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from rnnbench import baselines
from rnnbench.data.splits import BLOCKS
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.table import Reading
from rnnbench.errors import UsageError
from rnnbench.machine.clocks import slowness
from rnnbench.machine.interrupts import ended_after
from rnnbench.machine.threads import cores
from rnnbench.statistics import MIN_PAIRS
from rnnbench.which import budget, journal, store, text
from rnnbench.which.answer import Decision, Pair, Terms, decide
from rnnbench.which.answered import Answered
from rnnbench.which.asked import Asked
from rnnbench.which.crew import TICK, Crew
from rnnbench.which.journal import Entry, Journal
from rnnbench.which.pairs import Fitting, Pace, State, carry_out, pairs_of
from rnnbench.which.problem import Problem
from rnnbench.which.rows import rows_of
from rnnbench.which.table import MARGIN, TableProblem, problem_of

RESERVE = 5.0
"""Seconds kept back to write the answer and its page."""

MOST_ANEW = 2
"""Times that a plan may give way to one of fewer examples, or shorter fits."""

Say = Callable[[str], None]


def ask(
    asked: Asked, say: Say, progress: Callable[[int, int, float | None], None], began: float | None = None
) -> Answered | None:
    """Read, plan, fit, answer; None where only the plan was asked for.

    say: what is to be printed before anything trains. progress: pairs done, of how many, seconds left. began: when the
    clock was started, on time.monotonic()'s; None: now.
    Raises UsageError for what cannot be read or asked, TooLittleData where there is too little to ask it of.
    """
    began = time.monotonic() if began is None else began
    left = None if asked.minutes is None else began + 60 * asked.minutes - RESERVE - time.monotonic()
    with ended_after(left, _too_long(asked)):
        reading = _open(asked.paths[0], asked.keys)
        problem = problem_of(reading.table, asked, asked.sample)
    available = problem.available
    store.check_not_newer(asked.folder)
    baselines.load()
    if asked.plan_only:
        plan = plan_of(problem, asked, began, None)
        say(text.understood(reading, problem, plan, asked))
        return None
    import_module("rnnbench.which.page.make")  # which takes seconds: now, that the end has none of it
    with journal.opened(asked.folder, asked.question, reading.digest) as kept:
        kept.began = began
        plan = plan_of(problem, asked, began, kept.last("plan"))
        if plan.examples < len(problem.examples):
            problem = problem_of(reading.table, asked, plan.examples)
        say(text.understood(reading, problem, plan, asked))
        kept.add({"what": "session"})
        if kept.last("plan") is None:
            kept.add({"what": "plan", "plan": plan.plain()})
        answered = _carried_out(asked, reading, problem, plan, kept, began, available, say, progress)
        if told := text.sampled(answered):
            say(told)
        return answered


def _open(path: str, keys: Keys) -> Reading:
    from rnnbench.data.table.understand import open_table

    return open_table(path, keys)


def _too_long(asked: Asked) -> UsageError:
    minutes = None if asked.minutes is None else f"{asked.minutes:g}"
    return UsageError("reading alone takes as long", key="minutes", value=minutes, allowed="more")


def plan_of(problem: TableProblem, asked: Asked, began: float, before: Entry | None) -> budget.Plan:
    """What is done: as was recorded, as is said, or as the time allows."""
    n, most, sizes = len(problem.examples), problem.splits.most, _sizes(problem)
    first = 10 if most is None else min(most, 20)
    if asked.minutes is None:
        pairs = min(asked.splits or first, most or 10**6)
        said = budget.as_said(pairs, asked.trials or budget.TRIALS, asked.seeds or budget.SEEDS, n, sizes, asked.steps)
        return said if before is None else _the_same(said, budget.Plan.of(before["plan"]), asked)
    if before is not None:
        return budget.Plan.of(before["plan"])
    ends = began + 60 * asked.minutes - _reserve(asked.minutes)
    if ends <= time.monotonic():
        raise _too_long(asked)
    cost = _timed(problem, ends)
    left = max(0.0, ends - time.monotonic())
    return budget.begun(budget.in_time(cost, left, cores(), n, sizes, most, first, problem.available), first)


def _reserve(minutes: float) -> float:
    """Seconds that are kept back: RESERVE of a core's own, however many share it, up to a tenth of all."""
    return min(RESERVE * slowness(), max(RESERVE, 6 * minutes))


def _sizes(problem: TableProblem) -> budget.Sizes:
    split, n = problem.splits[0], len(problem.examples)
    if problem.splits.kind == "time":  # the first block trains on least: the one in the middle is like the mean
        split = problem.splits[BLOCKS // 2]
    return budget.Sizes(len(split.train) / n, len(split.valid) / n, len(split.test) / n)


def _timed(problem: TableProblem, deadline: float) -> budget.Cost:
    """What steps, looks and baselines take while all cores are busy, as they will be."""
    with Crew(_Timing(problem), cores()) as crew:
        found = [entry for entry, _ in crew(["baselines", *["cost"] * max(1, cores() - 1)], deadline)
                 if entry["what"] != TICK]  # fmt: skip
    costs = [entry["cost"] for entry in found if entry["what"] == "cost"]
    if not costs:  # not even a few steps
        return budget.Cost(step=1.0, look=0.01)
    step, look = (sum(cost[name] for cost in costs) / len(costs) for name in ("step", "look"))
    return budget.Cost(step, look, sum(entry["seconds"] for entry in found if entry["what"] == "baselines"))


def _the_same(said: budget.Plan, before: budget.Plan, asked: Asked) -> budget.Plan:
    """What is said, where what was done before is part of it: pairs and seeds may grow."""
    for key, now, then in (("trials", said.trials, before.trials), ("sample", said.examples, before.examples),
                           ("steps", said.length, before.length)):  # fmt: skip
        if now != then:
            raise UsageError(f"{asked.folder} holds fits of another {key}", key="name", value=asked.name,
                             allowed="another name, or that folder removed")  # fmt: skip
    return said


@dataclass(frozen=True)
class _Timing:
    problem: TableProblem

    def __call__(self, what: str) -> Any:
        if what == "cost":
            yield {"what": what, "cost": vars(self.problem.cost())}, None
            return
        began = time.monotonic()
        self.problem.baselines(0)
        yield {"what": what, "seconds": time.monotonic() - began}, None


def _carried_out(
    asked: Asked,
    reading: Reading,
    problem: TableProblem,
    plan: budget.Plan,
    kept: Journal,
    began: float,
    available: int,
    say: Say,
    progress: Callable[[int, int, float | None], None],
) -> Answered:
    looks = kept.of("answered")
    state = State(kept, plan, extra=asked.minutes is not None)
    interrupted, late, going_on = False, _Late(asked), True
    reserve = RESERVE if asked.minutes is None else _reserve(asked.minutes)
    try:
        while going_on:
            if len(problem.examples) != state.plan.examples:
                problem = problem_of(reading.table, asked, state.plan.examples)
            late.problem = problem
            with Crew(Fitting(problem, state.plan, asked.seed), cores()) as crew:
                going_on = carry_out(
                    problem, state, crew, deadline=_deadline(asked, began, looks, state.plan, reserve), late=late,
                    say=lambda done, left: progress(done, state.plan.pairs, left),
                )  # fmt: skip
            if going_on:
                say(text.planned_again(state.plan))
    except KeyboardInterrupt:
        interrupted = True
    weighed = weigh(problem, state, asked.margin)
    kept.add(look(weighed, _spent(asked, looks, began if interrupted else None)))
    plan = state.plan
    return Answered(asked, reading, problem, plan, weighed.terms, weighed.pairs, weighed.seeds, weighed.decision, kept,
                    kept.seconds, available, interrupted)  # fmt: skip


@dataclass(frozen=True)
class Weighed:
    """What the pairs that count say; no decision where there is none."""

    pairs: list[Pair]
    seeds: int
    terms: Terms
    decision: Decision | None


def weigh(problem: Problem, state: State, margin: float | None) -> Weighed:
    """Of all that is in the journal. Where it holds an answer that ten pairs or more had given, and there is more or
    less of them or of their seeds now, a winner has to be surer."""
    pairs, seeds = pairs_of(problem, state)
    looks = [(before["pairs"], before["seeds"]) for before in state.journal.of("answered")]
    again = any(before[0] >= MIN_PAIRS and before != (len(pairs), seeds) for before in looks)
    terms = Terms(problem.better, margin or MARGIN, problem.splits.rho, again)
    decision = decide(pairs, terms, rows_of(problem, state, pairs, seeds, terms)) if pairs else None
    return Weighed(pairs, seeds, terms, decision)


def look(weighed: Weighed, minutes: float | None) -> Entry:
    """That an answer was given, for the journal, with the minutes of the question that are over."""
    return {"what": "answered", "pairs": len(weighed.pairs), "seeds": weighed.seeds, "minutes": minutes}


@dataclass
class _Late:
    """Asked for another plan when the one there is will not end in time."""

    asked: Asked
    problem: TableProblem | None = None
    times: int = 0  # that all was begun anew

    def __call__(self, state: State, pace: Pace) -> budget.Plan | None:
        plan, problem = state.plan, self.problem
        assert problem is not None

        def in_its_place() -> budget.Plan:
            if self.times >= MOST_ANEW or not plan.cost or self.asked.sample or self.asked.steps:
                return plan
            cost = budget.Cost(*(slower * each for each in plan.cost))
            left = pace.deadline - time.monotonic()
            return budget.in_time(
                cost, left, cores(), plan.examples, _sizes(problem), problem.splits.most, plan.pairs, problem.available
            )

        slower = pace.a_fit / plan.a_fit
        found = budget.replanned(plan, state.missing, pace.room, slower, in_its_place)
        if found is not None and found.data != plan.data:
            self.times += 1
        return found


def _deadline(
    asked: Asked, began: float, looks: Sequence[Entry], plan: budget.Plan, reserve: float = RESERVE
) -> float | None:
    """On time.monotonic()'s clock, less what keeping the model takes; for who was answered in as many minutes before,
    now: what is done is done."""
    if asked.minutes is None:
        return None
    before = looks[-1]["minutes"] if looks else None
    kept = (4 if asked.refit else 2) * plan.a_fit
    return began + 60 * (asked.minutes - (before or 0.0)) - reserve - kept


def _spent(asked: Asked, looks: Sequence[Entry], began: float | None) -> float | None:
    """Minutes of this question that are over: all that were asked for, or, interrupted, those since it began."""
    before = (looks[-1]["minutes"] or 0.0) if looks else 0.0
    if asked.minutes is None:
        return before
    return max(before, asked.minutes) if began is None else before + (time.monotonic() - began) / 60
