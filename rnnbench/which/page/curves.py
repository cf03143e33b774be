"""Validation score against training steps, of each fit that counts."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from rnnbench.plots.look import Look
from rnnbench.plots.panels import Drawing
from rnnbench.which.page.look import keyed, one


def drawing(
    fits: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    cells: tuple[str, str],
    look: tuple[Look, Look],
    select: str,
) -> Drawing | None:
    """fits: of each cell its journal's lines. None where no curve is kept."""
    if not any(fit.get("curve") for each in fits for fit in each):
        return None

    def make(_: int) -> Figure:
        figure, axes = one()
        for slot, each in enumerate(fits):
            for number, fit in enumerate(each):
                steps, values = zip(*fit["curve"], strict=True) if fit["curve"] else ((), ())
                axes.plot(steps, values, linestyle=look[slot].line, color=look[slot].colour, linewidth=0.9, alpha=0.55,
                          label=cells[slot] if number == 0 else None)  # fmt: skip
                if fit["curve"]:
                    best = min(range(len(steps)), key=lambda i: abs(steps[i] - fit["best_step"]))
                    axes.plot(steps[best], values[best], look[slot].marker, color=look[slot].colour, markersize=4)
        axes.set_xlabel("training steps")
        axes.set_ylabel(f"{select} on validation rows")
        keyed(axes)
        return figure

    caption = (
        "A line a fit, of every split and seed that counts, with the settings that tuning chose there; the mark is the "
        "step that was kept."
    )
    return Drawing("curves", "How they learned", caption, make)
