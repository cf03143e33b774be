"""Figures and tables as the page's template takes them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup

from rnnbench.plots.look import rendered
from rnnbench.plots.panels import Drawing
from rnnbench.records import write_bytes_atomically

MOST_ROWS = 1000
"""Of a table on the page."""


def made(drawing: Drawing, figures: Path) -> dict[str, Any]:
    """Write the figure's files; gives what the page needs: it embedded, for a screen and for a phone (one column)."""
    wide = drawing.make(3)
    svg = rendered(wide, "svg")
    single = len(wide.axes) == 1 and wide.get_figwidth() < 6  # fits a phone as it is
    write_bytes_atomically(figures / f"{drawing.name}.svg", svg)
    write_bytes_atomically(figures / f"{drawing.name}.png", rendered(wide, "png"))
    return {
        "name": drawing.name,
        "heading": drawing.heading,
        "caption": drawing.caption,
        "alt": f"{drawing.heading}. {drawing.finding}",
        "wide": _embedded(svg),
        "narrow": None if single else _embedded(rendered(drawing.make(1), "svg")),
        "width": round(wide.get_figwidth() * 96),
    }


def _embedded(svg: bytes) -> Markup:
    """A data URI, shorter than in base64, without what no browser draws. It may stand in double quotes as it is."""
    drawn = re.sub(rb"<metadata>.*?</metadata>|<!--.*?-->", b"", svg, flags=re.DOTALL)
    bare = re.sub(rb">\s+<", b"><", drawn).replace(b'"', b"'")
    return Markup("data:image/svg+xml," + quote(bare, safe="/:;,()-.=?!*'+@$[]|"))


def cut(table: pd.DataFrame, more: str) -> dict[str, Any]:
    left = len(table) - MOST_ROWS
    return {
        "heads": list(table.columns),
        "rows": table.head(MOST_ROWS).to_numpy().tolist(),
        "more": f"The first {MOST_ROWS} of {len(table)}; {more}." if left > 0 else "",
    }
