"""An answer with all that it was made from, and what can be read off it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from rnnbench.data.table.table import Reading
from rnnbench.which.answer import Decision, Pair, Terms
from rnnbench.which.asked import Asked
from rnnbench.which.budget import Plan
from rnnbench.which.journal import Journal
from rnnbench.which.pairs import MOST_PAIRS
from rnnbench.which.table import TableProblem
from rnnbench.which.words import Facts


@dataclass(frozen=True)
class Answered:
    """An answer with all that it was made from. `interrupted`: Ctrl-C, so that this is the answer so far."""

    asked: Asked
    reading: Reading
    problem: TableProblem
    plan: Plan
    terms: Terms
    pairs: list[Pair]
    seeds: int
    decision: Decision | None
    journal: Journal
    seconds: float
    available: int  # examples that there are, of which plan.examples were used
    interrupted: bool = False


def facts_of(answered: Answered) -> Facts:
    problem = answered.problem
    table, splits = answered.reading.table, problem.splits
    unit, size = "sequences", len(table.ids)
    if splits.kind == "time":
        unit, size = "steps", len(table.numbers)
    elif splits.kind == "groups" and problem.examples.group is not None:
        unit, size = "groups", len(set(problem.examples.group.tolist()))
    return Facts(
        titles(problem.cells), problem.metric, unit, size, splits.kind, splits.most or MOST_PAIRS, answered.seeds
    )


def titles(cells: tuple[str, str]) -> tuple[str, str]:
    """LSTM, GRU; of one cell against itself GRU and GRU again."""
    first, second = (name.upper() if name in ("lstm", "gru", "rnn") else name for name in cells)
    return (first, f"{second} again") if cells[0] == cells[1] else (first, second)


def costs_of(answered: Answered) -> list[dict[str, float]]:
    """Of each cell medians over its fits: parameters, seconds, steps."""
    fits = answered.journal.of("fit")
    found = []
    for slot in (0, 1):
        mine = [entry for entry in fits if entry["slot"] == slot]
        keys = ("parameters", "seconds", "steps") if mine else ()
        found.append({key: float(median(entry[key] for entry in mine)) for key in keys})
    return found


def settings_of(answered: Answered, slot: int) -> list[dict[str, Any]]:
    """What tuning chose on each split that counts, in their order."""
    chosen = {entry["split"]: entry["settings"] for entry in answered.journal.of("fit") if entry["slot"] == slot}
    return [chosen[pair.split] for pair in answered.pairs]
