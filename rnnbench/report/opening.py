"""The pages that are there, as a browser shows them."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from rnnbench.errors import UsageError

PAGE = "report.html"


def show(places: Sequence[str]) -> int:
    """Open the page of each place, or without one list what there is; the exit code. What no browser opens is named."""
    if not places:
        found = pages()
        print("\n".join(f"{page.parent.name}: {page}" for page in found) or "no page here: results/NAME/report.html")
        return 0
    try:
        asked = [_page(place) for place in places]
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return 2
    for page in asked:
        opened = webbrowser.open(page.resolve().as_uri())
        print(page if opened else f"{page}: no browser here; open it in one")
    return 0


def pages() -> list[Path]:
    """results/*/report.html of where one is, then of the checkout that this program is."""
    roots = dict.fromkeys([Path.cwd(), Path(__file__).resolve().parents[2]])
    found = [page for root in roots for page in sorted((root / "results").glob(f"*/{PAGE}"))]
    return list({page.resolve(): page for page in reversed(found)}.values())[::-1]


def _page(place: str) -> Path:
    """Of a folder, a page, or the name of one. Raises UsageError where there is none."""
    for path in (Path(place), Path(place) / PAGE, *(page for page in pages() if page.parent.name == place)):
        if path.is_file():
            return path
    there = ", ".join(page.parent.name for page in pages()) or "results/NAME, once it has a page"
    raise UsageError(f"no page in {place}", allowed=there)
