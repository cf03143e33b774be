"""Which of many cells is worth its time? Score against the time of a step, and who is better at no more cost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from rnnbench.plots.look import INK, Look, logarithmic, title
from rnnbench.plots.panels import Drawing, chosen, grid
from rnnbench.records import cell_name
from rnnbench.records.columns import axis
from rnnbench.records.conditions import Panel, panels
from rnnbench.report.figures._many import MANY
from rnnbench.report.figures._scores import score_name
from rnnbench.report.figures.base import Figure, Material
from rnnbench.studies import times_withdrawn

_CAPTION = (
    "A point a cell: median time of a training step of the runs that were timed alone, and mean test score. Line: the "
    "named cells, which no other one beats in both. Where there is no kernel for a cell, its equations are carried out "
    "step by step, and its time is that of our implementation, not of the cell."
)


class Pareto(Figure):
    """A panel a task."""

    order = 45

    def drawings(self, page: Material) -> list[Drawing]:
        if page.scored["cell"].nunique() < MANY:
            return []
        done = page.scored[(page.scored["status"] == "ok") & page.scored["step_ms_median"].notna()]
        done = done[~done["contended"].fillna(False).astype(bool)]
        shown = [panel for panel in panels(done, one_x=True) if panel.runs["cell"].nunique() >= MANY]
        if not shown or times_withdrawn(done):
            return []
        drawn, left_out = chosen(shown, timed=True)
        found = "; ".join(f"{panel.label}: {_finding(panel)}" for panel in drawn)
        heading = "Score against the time of a step"
        return [Drawing("pareto", heading, _CAPTION + left_out, lambda columns: grid(drawn, _draw, columns), found)]


def front(points: pd.DataFrame, higher: bool) -> list[str]:
    """The cells that no other one beats in both, by time. points: by cell, its `time` and its `score`."""
    found: list[str] = []
    best = -np.inf
    merit = points["score"] if higher else -points["score"]
    for cell in points.assign(merit=merit).sort_values(["time", "merit"], ascending=[True, False]).index:
        if merit[cell] > best:
            found.append(str(cell))
            best = merit[cell]
    return found


def _points(panel: Panel) -> tuple[pd.DataFrame, bool]:
    by = panel.runs.groupby("cell")
    points = pd.DataFrame({"time": by["step_ms_median"].median(), "score": by["test_score"].mean()}).astype(float)
    return points, bool(panel.runs["higher_is_better"].dropna().iloc[0])


def _finding(panel: Panel) -> str:
    return "not beaten in both: " + ", ".join(map(cell_name, front(*_points(panel))))


def _draw(axes: Axes, panel: Panel, look: Mapping[str, Look]) -> None:
    points, higher = _points(panel)
    best = front(points, higher)
    axes.plot(points["time"][best], points["score"][best], color=INK, linewidth=1, zorder=1)
    for cell, (colour, marker, _) in look.items():
        axes.plot(
            points["time"][cell],
            points["score"][cell],
            marker=marker,
            linestyle="none",
            color=colour,
            markersize=7,
            zorder=3,
        )
    for cell in best:
        axes.annotate(cell_name(cell), (points["time"][cell], points["score"][cell]), xytext=(4, -9),
                      textcoords="offset points", fontsize=8, color=INK)  # fmt: skip
    if points["time"].max() / points["time"].min() > 5:
        logarithmic(axes.xaxis)
    axes.margins(0.12)
    axes.set_xlabel(axis("step_ms_median"))
    axes.set_ylabel(score_name(panel.runs))
    title(axes, panel.label, _finding(panel))
