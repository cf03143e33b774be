"""The figures of a page, one file each, found by looking; a user's own by import path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnnbench.errors import UsageError, in_one_line
from rnnbench.registry import get, names
from rnnbench.report.figures.base import Figure, Material
from rnnbench.report.parts import made
from rnnbench.stopping import let_end

__all__ = ["Figure", "Material", "all_figures", "made_of"]


def all_figures(own: Sequence[str] = ()) -> list[Figure]:
    """All of them in their order on the page. own: import paths of more. Raises UsageError where one is no figure."""
    found = [get(__name__, name, Figure, "figure") for name in dict.fromkeys([*names(__name__), *own])]
    for figure in found:
        if not isinstance(figure.order, int | float):
            name = f"{type(figure).__module__}.{type(figure).__qualname__}"
            raise UsageError(f"its order is no number: {figure.order!r}", key="figure", value=name)
    return sorted(found, key=lambda figure: figure.order)


def made_of(figure: Figure, page: Material, folder: Path) -> list[dict[str, Any]]:
    """Its drawings, written into `folder` and as the page's template takes them.

    Raises UsageError, in one line, from whatever a user's own figure raises.
    """
    try:
        return [made(drawing, folder) for drawing in figure.drawings(page)]
    except BaseException as error:
        let_end(error)
        own = type(figure)
        if own.__module__.startswith("rnnbench."):
            raise
        raise UsageError(f"cannot be drawn ({in_one_line(error)})", key="figure",
                         value=f"{own.__module__}.{own.__qualname__}") from error  # fmt: skip
