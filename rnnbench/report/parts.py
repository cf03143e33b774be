"""Figures and tables as the page's template takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from rnnbench.errors import escaped
from rnnbench.plots.inline import colours, inline, with_classes
from rnnbench.plots.look import rendered
from rnnbench.plots.panels import Drawing
from rnnbench.records import write_bytes_atomically

MOST_ROWS = 200
"""Of a table on the page."""


def made(drawing: Drawing, figures: Path) -> dict[str, Any]:
    """Write the figure's files; gives what the page needs: its panels, each drawn once, for any width and any light."""
    wide = drawing.make(3)
    write_bytes_atomically(figures / f"{drawing.name}.svg", rendered(wide, "svg"))
    write_bytes_atomically(figures / f"{drawing.name}.png", rendered(wide, "png"))
    return {
        "name": drawing.name,
        "heading": drawing.heading,
        "caption": drawing.caption,
        "finding": drawing.finding,
        "alt": f"{drawing.heading}. {drawing.finding}",
        "drawn": inline(drawing.make(1), drawing.name),
    }


def finished(page: str) -> str:
    """The page with the colours and styles of its drawings where its style sheet asks for them, and as text that a file
    takes, whatever files and columns are called."""
    page, classes = with_classes(escaped(page))
    light, dark = colours(page + classes)
    return (
        page.replace("/* colours */", light, 1)
        .replace("/* dark colours */", dark, 1)
        .replace("/* classes */", classes, 1)
    )


def cut(table: pd.DataFrame, more: str, most: int = MOST_ROWS) -> dict[str, Any]:
    left = len(table) - most
    return {
        "heads": list(table.columns),
        "rows": table.head(most).to_numpy().tolist(),
        "more": f"The first {most} of {len(table)}; {more}." if left > 0 else "",
    }
