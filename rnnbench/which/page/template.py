"""The template that pages of answers share, and its sections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from rnnbench.plots.panels import Drawing
from rnnbench.report.parts import cut, finished, made

PAGE = "report.html"


def rendered(**given: Any) -> str:
    """The page."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("rnnbench.which.page", "."), PackageLoader("rnnbench.report", ".")]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    )  # fmt: skip
    return finished(environment.get_template("page.html.j2").render(**given))


def section(
    name: str,
    heading: str,
    *,
    table: pd.DataFrame | None = None,
    drawing: Drawing | None = None,
    figures: Path | None = None,
    note: str = "",
    folded: str = "",
) -> dict[str, Any]:
    """figures: the folder in which a drawing's files are written."""
    shown = None if table is None else cut(table, "answer.json has all")
    assert drawing is None or figures is not None
    figure = None if drawing is None else made(drawing, figures)  # type: ignore[arg-type]
    return {"name": name, "heading": heading, "table": shown, "figure": figure, "note": note, "folded": folded}
