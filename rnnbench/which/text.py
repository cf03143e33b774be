"""What stands on the terminal: what the file was taken for before anything trains, and six lines at the end."""

from __future__ import annotations

import math
from typing import Any

from rnnbench.data.table.columns import many
from rnnbench.data.table.table import Reading, Table
from rnnbench.statistics import MIN_PAIRS
from rnnbench.which import words
from rnnbench.which.answer import Terms
from rnnbench.which.answered import Answered, costs_of, facts_of
from rnnbench.which.asked import Asked
from rnnbench.which.budget import Plan
from rnnbench.which.prospects import smallest
from rnnbench.which.table import MARGIN, TableProblem

LABELS = ("read", "asked", "result", "answer", "cost", "unsure")
SPREAD = {"higher": 0.45, "lower": 0.25}
"""Of a difference between two cells on one split, times 1/√(its test rows): cells that disagree on a fifth of the rows;
as seen of log errors on real files."""


def understood(reading: Reading, problem: TableProblem, plan: Plan, asked: Asked) -> str:
    """A row a thing: what, what it was taken for, the key that changes it."""
    rows = [(line.label, line.text + (_tried(problem) if line.label == "examples" else ""),
             f"{line.key}=" if line.key else "") for line in reading.lines]  # fmt: skip
    rows += [
        ("split", _split(problem, plan), "test= groups="),
        ("compared by", _compared(problem, asked), "metric= margin="),
        ("cells", " and ".join(problem.cells), "cells="),
        ("plan", _plan(plan), "minutes=, or splits= trials= seeds="),
        ("can show", _smallest(problem, plan, asked), "minutes="),
    ]  # fmt: skip
    width = max(len(label) for label, _, _ in rows)
    lines = [f"{label:<{width}}  {text}" + (f"   [{key}]" if key else "") for label, text, key in rows]
    lines += [f"{'given up':<{width}}  for want of time: {', '.join(plan.given_up)}"] if plan.given_up else []
    return "\n".join([*lines, *(warning for warning in reading.warnings)])


def _tried(problem: TableProblem) -> str:
    """Of a free window: all examples show the longest, so that there are fewer than windows of the usual length."""
    windows = problem.space.windows
    if len(windows) < 2:
        return ""
    names = f"{', '.join(map(str, windows[:-1]))} and {windows[-1]}"
    return f"; {names} are tried, all on the {problem.available:,} of the longest"


def _split(problem: TableProblem, plan: Plan) -> str:
    split = problem.splits[0]
    what = {
        "time": "blocks of time, each after what trains",
        "random": "random" if problem.examples.label is None else "random, stratified by label",
        "groups": "groups whole",
        "given": "the given test set, each trained on a random 80 % of the rest",
    }
    sizes = f"{len(split.train)} train, {len(split.valid)} choose, {len(split.test)} judge"
    return f"{plan.pairs} {what[problem.splits.kind]}: {sizes} in the first"


def _plan(plan: Plan) -> str:
    seeds = "one seed" if plan.seeds == 1 else f"{plan.seeds} seeds"
    trials = "one trial" if plan.trials == 1 else f"{plan.trials} trials"
    return (f"{many(plan.pairs, 'pair')}, each cell tuned in {trials} and fitted with {seeds}, "
            f"up to {plan.length.steps} steps of {plan.batch}")  # fmt: skip


def planned_again(plan: Plan) -> str:
    return f"fits are slower than was thought: {_plan(plan)}; given up by now: {', '.join(plan.given_up)}"


def _smallest(problem: TableProblem, plan: Plan, asked: Asked) -> str:
    if plan.pairs < MIN_PAIRS or any(each.startswith("pairs") for each in plan.given_up):
        few = next((each for each in plan.given_up if each.startswith("pairs")), f"{plan.pairs} pairs")
        return f"nothing: {few}, and fewer than {MIN_PAIRS} decide nothing"
    terms = Terms(problem.better, asked.margin or MARGIN, problem.splits.rho)
    rows = len(problem.splits[0].test)
    spread = SPREAD[problem.better] / math.sqrt(rows) * math.sqrt(0.5 + 0.5 * 3 / plan.seeds)
    least = smallest(spread, plan.pairs, terms.rho, terms.additive_margin)
    return f"differences of {_amount(least, terms)} or more, about"


def _amount(difference: float, terms: Terms) -> str:
    return f"{difference:.3f}" if terms.better == "higher" else f"{100 * math.expm1(difference):.1f} % of the error"


def _compared(problem: TableProblem, asked: Asked) -> str:
    margin = words.margin(Terms(problem.better, asked.margin or MARGIN, 0.0))
    return f"{problem.metric}, {problem.better} is better; a difference below {margin} does not matter"


def sampled(answered: Answered) -> str:
    """Which baselines learned from a sample, for want of time; "" where none did."""
    told = {each["name"]: each["told"] for entry in answered.journal.of("baselines") for each in entry["found"]}
    return "; ".join(f"{name} {words}" for name, words in told.items() if words.startswith("learned from a sample"))


def six(answered: Answered) -> dict[str, str]:
    """The lines under their labels."""
    facts, decision = facts_of(answered), answered.decision
    found: dict[str, str] = {
        "read": _read(answered),
        "asked": f"{facts.cells[0]} or {facts.cells[1]}, by {answered.problem.metric} "
        f"({answered.problem.better} is better), differences below {words.margin(answered.terms)} not counted",
    }
    if decision is None:
        return found | {"result": "no pair was done", "answer": "not decided",
                        "cost": _cost(answered), "unsure": "More minutes would: ten pairs at least."}  # fmt: skip
    said = words.sentences(decision, answered.pairs, answered.terms, facts)
    return found | {
        "result": _result(answered, facts.cells),
        "answer": _answer(words.answer_word(decision, facts), said[:-1]),
        "cost": _cost(answered),
        "unsure": said[-1] + (" Interrupted: this is the answer so far." if answered.interrupted else ""),
    }


def _answer(word: str, said: list[str]) -> str:
    """The sentences; before them the word, unless they begin with it."""
    text = " ".join(said)
    return text if text.lower().startswith(word.lower()) else f"Not decided. {text}"


def _read(answered: Answered) -> str:
    problem, table = answered.problem, answered.reading.table
    task = {"label": "a label a sequence", "value": "a value a sequence", "tagging": "a label a step",
            "forecast": f"forecasts of {many(table.horizon, 'step')}"}[table.task]  # fmt: skip
    used = len(problem.examples)
    return (f"{', '.join(answered.asked.paths)}: {many(len(table.numbers), 'row')}, {_sequences(table)}, {task} of "
            f"{', '.join(table.target.names)}, {used:,} examples")  # fmt: skip


def _sequences(table: Table) -> str:
    names = len(set(table.ids))
    if table.task != "forecast" and table.official is not None:  # the same name in both files is two sequences
        names = len(set(zip(table.ids, table.official[table.starts[:-1]].tolist(), strict=True)))
    pieces = f", cut into {len(table.ids):,} pieces" if len(table.ids) > names else ""
    return ("one sequence" if names == 1 else f"{names:,} sequences") + pieces


def _result(answered: Answered, cells: tuple[str, str]) -> str:
    pairs, metric = answered.pairs, answered.problem.metric
    means = [sum(pair.scores[c] for pair in pairs) / len(pairs) for c in (0, 1)]
    naive = sum(pair.naive for pair in pairs) / len(pairs)
    said = f"{cells[0]} {means[0]:.4g}, {cells[1]} {means[1]:.4g}, {words.baseline_name(pairs)} {naive:.4g}"
    simple = [pair.simple for pair in pairs if pair.simple is not None]
    if len(simple) == len(pairs):
        said += f", simple ({words.simple_name(pairs)}) {sum(simple) / len(simple):.4g}"
    if lost := _diverged(answered):
        said += f"; {lost} of {2 * len(pairs) * answered.seeds} fits diverged, each counts as the naive baseline"
    seeds = "one seed" if answered.seeds == 1 else f"{answered.seeds} seeds"
    return f"mean {metric} over {many(len(pairs), 'pair')} of {seeds}: {said}"


def _diverged(answered: Answered) -> int:
    """How many of the fits that count."""
    splits = {pair.split for pair in answered.pairs}
    fits = (e for e in answered.journal.of("fit") if e["split"] in splits and e["seed"] < answered.seeds)
    return sum(bool(e["diverged"]) for e in fits)


def _cost(answered: Answered) -> str:
    parts = [
        f"{name}: {each['parameters']:,.0f} parameters, {each['seconds']:.1f} s a fit"
        for name, each in zip(facts_of(answered).cells, costs_of(answered), strict=True)
        if each
    ]
    return "; ".join([*parts, f"{clock(answered.seconds)} in all"])


def typed(asked: Asked) -> str:
    """The command, as it was typed."""
    return " ".join(
        ["python -m rnnbench.which", *asked.paths, *(f"{key}={value}" for key, value in asked.typed.items())]
    )


def clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d} min"


def printed(lines: dict[str, Any]) -> str:
    return "\n".join(f"{label:<8}{lines[label]}" for label in LABELS)
