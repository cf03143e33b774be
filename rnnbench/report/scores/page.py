"""A table of scores → results/NAME: report.html, verdicts.csv, .md and .tex, figures/."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rnnbench.errors import UsageError
from rnnbench.plots.look import drawing_context
from rnnbench.records import PACK, cell_name, in_order, write_text_atomically
from rnnbench.report import provenance
from rnnbench.report.latex import latex
from rnnbench.report.markup import rendered_page
from rnnbench.report.parts import cut, made
from rnnbench.report.scores import tables, words
from rnnbench.report.scores.figure import drawing
from rnnbench.report.scores.request import Request
from rnnbench.report.scores.verdicts import compare
from rnnbench.report.summary import markdown
from rnnbench.report.what_was_run import ranges


def make_page(asked: Request, arguments: Sequence[str]) -> tuple[Path, list[str]]:
    """Write the page and its tables; the page's path, and its answer, a line each.

    arguments: of the command line, for the page to say. Raises UsageError where no two cells share a condition and a
    seed, and where results/NAME holds runs of our own.
    """
    directory = Path("results") / asked.name
    if any((directory / name).exists() for name in ("runs", PACK)):
        raise UsageError("results of that name hold runs", key="name", value=asked.name, allowed="another name")
    found, runs = compare(asked)
    if not found:
        cells = ", ".join(map(cell_name, in_order(runs["cell"])))
        raise UsageError(f"nothing to compare in {asked.path}: no two cells under one condition (cells: {cells})")
    sentences, table = words.answer(asked, found), tables.shown(asked, found)
    with drawing_context():
        drawn = drawing(asked, found, " ".join(sentences[:2]))
        figures = [made(drawn, directory / "figures")] if drawn is not None else []
    command = f"python -m rnnbench.report {shlex.join(arguments)}"
    method, warned = words.method(asked, found), words.warnings(asked, found, runs)
    numbers = tables.plain(asked, found)
    write_text_atomically(directory / "verdicts.csv", numbers.to_csv(index=False, lineterminator="\n"))
    lines = "\n".join(f"- {line}" for line in [*sentences, *warned])
    text = [f"# {asked.name}", _counts(asked, runs), lines, method, f"`{command}`", markdown(table)]
    write_text_atomically(directory / "verdicts.md", "\n\n".join(text))
    write_text_atomically(directory / "verdicts.tex", latex(table))
    page = rendered_page(
        "scores.html.j2",
        name=asked.name, counts=_counts(asked, runs), answer=sentences, method=method, warnings=warned,
        figures=figures, verdicts=cut(table, "verdicts.csv has all"),
        made_by=[("This page", command), ("Program", provenance.program())], environment=[],
        files=provenance.files(directory, ["verdicts"]),
    )  # fmt: skip
    write_text_atomically(directory / "report.html", page)
    return directory / "report.html", sentences


def _counts(asked: Request, runs: pd.DataFrame) -> str:
    """How much of the table is on the page: "1,680 of 8,400 rows, …"."""
    cells = ", ".join(map(cell_name, in_order(runs["cell"])))
    conditions = f" by {', '.join(asked.conditions)}" if asked.conditions else ""
    rows = f"{len(runs):,} of " if len(runs) < len(asked.table) else ""
    better = "higher" if asked.higher else "lower"
    return (
        f"{rows}{len(asked.table):,} rows of {asked.path.name}: {cells}; {runs['dataset'].nunique()} conditions"
        f"{conditions}; {asked.seed} {ranges(runs['seed'])}; {asked.score}, {better} is better."
    )
