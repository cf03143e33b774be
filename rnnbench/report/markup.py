"""What the pages' templates are given alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from rnnbench.report.decisions import MOST, Decision
from rnnbench.report.parts import finished
from rnnbench.report.references import cited

MOST_RUNS = 100
"""Of the table of runs: the rest is in runs.csv."""


def rendered_page(template: str, **given: Any) -> str:
    """The page; what it cites it names at its end."""
    environment = Environment(
        loader=PackageLoader("rnnbench.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template(template)
    cells = {name for name in ("lstm", "gru") if name.upper() in str(given)}
    bare = page.render(cited=[], **given)
    return finished(page.render(cited=cited(bare, cells), **given))


def taken(rows: Sequence[Decision], of_study: bool) -> dict[str, Any]:
    """The table of what to take, and what of it is further down."""
    left = len(rows) - MOST
    more = f"{left} more: {'each claim' if of_study else 'the table of differences'} below has all." if left > 0 else ""
    table = [
        {
            "claim": row.judged.claim.id if of_study else "",
            "problem": row.problem, "take": row.take or "open", "where": "" if row.take == "it depends" else row.where,
            "sure": row.sure, "why": (row.where + ": " if row.take == "it depends" else "") + row.why,
        }
        for row in rows[:MOST]
    ]  # fmt: skip
    return {"rows": table, "rows_left": more}


def written(study: dict[str, Any] | None, tuned: bool) -> list[str]:
    """The tables beside the page, each as .csv, .md and .tex."""
    published = ["published"] if study and study["published"] else []
    return ["verdicts", *published, "summary", *(["tuning"] if tuned else [])]
