"""Beside published figures: ours and theirs in one table, on the page and as CSV, Markdown and LaTeX."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnbench.records import cell_name, said, write_text_atomically
from rnnbench.records.columns import short
from rnnbench.records.numbers import count as whole
from rnnbench.records.numbers import interval, number
from rnnbench.records.spreadsheet import as_csv
from rnnbench.report.latex import latex
from rnnbench.report.summary import markdown
from rnnbench.studies import Beside

METHOD = (
    "Ours: mean over seeds with its 95 % Student t interval. A published figure is one number, most often of one run, "
    "rounded and without an interval: that ours holds it does not show that the two are the same (a wide interval "
    "holds much), and where ours leaves it out the set-ups may differ rather than the cells. Diverged and failed runs "
    "are counted, not averaged."
)
_NAMED = ("dataset", "cell")


def difference(each: Beside) -> str:
    """How ours lies to theirs, in words."""
    ours, gap = each.ours, each.difference
    if each.obstacle:
        return f"not compared: {each.obstacle}"
    if not ours.n:
        return "not run yet" if each.asked == each.missing else "no run ended well"
    if ours.n == 1:
        return f"one run, no interval: {_side(gap, each)}"
    if each.holds:
        return "our interval holds it"
    return _side(gap, each)


def _side(gap: float, each: Beside) -> str:
    word = "higher" if gap > 0 else "lower"
    if abs(gap) <= each.row.rounding:
        return "as published, to its last digit"
    judged = "" if each.better is None else ", which is better" if word == each.better else ", which is worse"
    return f"ours is {word} by {number(abs(gap), 2)}{judged}"


def answer(found: Sequence[Beside]) -> str:
    """All rows in a sentence."""
    tally = Counter(_outcome(each) for each in found)
    parts = [f"{words} {tally[outcome]}" for outcome, words in _ANSWERS.items() if tally[outcome]]
    return f"Of {len(found)} published figure{'s' * (len(found) != 1)}: {'; '.join(parts)}."


_ANSWERS = {
    "holds": "our interval holds",
    "better": "ours is better than",
    "worse": "ours is worse than",
    "off": "ours is another than",
    "few": "one run or none that ended well stands beside",
    "mixed": "runs that have no common mean stand beside",
    "missing": "not run yet:",
}


def _outcome(each: Beside) -> str:
    if each.obstacle:
        return "mixed"
    if each.ours.n < 2:
        return "missing" if each.asked == each.missing else "few"
    if each.holds:
        return "holds"
    if each.better is None:
        return "off"
    return "better" if (each.difference > 0) == (each.better == "higher") else "worse"


def table(found: Sequence[Beside]) -> pd.DataFrame:
    """A row a figure, all text; notes by their letter, see `notes`."""
    letters = {words: letter for letter, words in notes(found)}
    return pd.DataFrame([_row(each) | {"note": letters.get(each.row.note, "–")} for each in found])


def _row(each: Beside) -> dict[str, str]:
    ours = each.ours
    counts = {"diverged": each.diverged, "failed": each.failed, "missing": each.missing}
    gone = [f"{count} {word}" for word, count in counts.items() if count]
    return {
        "task": task(each),
        "cell": cell_name(each.cell),
        "metric": each.metric,
        "ours [95 % t interval]": interval(ours.estimate, ours.low, ours.high),
        "n": str(ours.n) + (f" ({', '.join(gone)})" if gone else ""),
        "our parameters": whole(math.nan if each.parameters is None else each.parameters),
        "published": str(each.row.value),
        "they ran": each.row.model or "–",
        "difference": difference(each),
        "source": each.row.source,
    }


def task(each: Beside) -> str:
    """The dataset, and what else tells the row's runs apart but the cell: "adding, T = 600, h = 130"."""
    rest = {name: value for name, value in each.row.select.items() if name not in _NAMED}
    return ", ".join([each.dataset, *(f"{short(name)} = {_listed(value)}" for name, value in rest.items())])


def _listed(value: Any) -> str:
    return " or ".join(map(said, value)) if isinstance(value, list | tuple) else said(value)


def notes(found: Sequence[Beside]) -> list[tuple[str, str]]:
    """Each note once, with its letter."""
    words = list(dict.fromkeys(each.row.note for each in found if each.row.note))
    return [(_letter(index), note) for index, note in enumerate(words)]


def _letter(index: int) -> str:
    return (_letter(index // 26 - 1) if index >= 26 else "") + chr(ord("a") + index % 26)


def write_tables(found: Sequence[Beside], directory: Path) -> None:
    """published.csv (plain numbers), published.md and published.tex."""
    numbers = pd.DataFrame([_numbers(each) for each in found])
    write_text_atomically(directory / "published.csv", as_csv(numbers))
    text, said_of = table(found), notes(found)
    listed = "".join(f"- {letter}: {note}\n" for letter, note in said_of)
    head = f"# Beside published figures\n\n{answer(found)}\n\n"
    write_text_atomically(directory / "published.md", f"{head}{markdown(text)}\n{listed}\n{METHOD}\n")
    write_text_atomically(directory / "published.tex", latex(text, said_of))


def _numbers(each: Beside) -> dict[str, Any]:
    row, ours = each.row, each.ours
    return {
        "task": task(each), "cell": each.cell, "metric": row.metric, "unit": row.unit, "ours": ours.estimate,
        "low": ours.low, "high": ours.high, "n": ours.n, "diverged": each.diverged, "failed": each.failed,
        "missing": each.missing, "parameters": each.parameters, "published": row.number, "they_ran": row.model,
        "difference": each.difference, "finding": difference(each), "source": row.source, "note": row.note,
    }  # fmt: skip
