"""What was reached: the score by condition."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from rnnbench.plots.look import Look, clipped, levels, off_scale, title
from rnnbench.plots.panels import Drawing, Mark, chosen, grid, marks
from rnnbench.records import cell_name
from rnnbench.records.columns import label
from rnnbench.records.conditions import Panel, panels
from rnnbench.report.figures._scores import score_name
from rnnbench.report.figures.base import Figure, Material
from rnnbench.report.findings import Comparison, headline, of_panel
from rnnbench.statistics import mean_interval

_CAPTION = (
    "Mean over seeds with its 95 % Student t interval; beside it, faint: single runs. One run has no interval. "
    "Titles compare paired seeds. An interval that leaves the frame has an arrow and its end, and so has a line."
)


class Scores(Figure):
    """Test score of every condition: mean, 95 % t interval over seeds, single runs, chance and published lines."""

    order = 10

    def drawings(self, page: Material) -> list[Drawing]:
        finished = page.scored[page.scored["status"] == "ok"]
        if finished.empty:
            return []
        drawn, left_out = chosen(panels(finished))
        gone = int((page.scored["status"] == "diverged").sum())
        notes = [f" {gone} diverged run(s) have no score and are not in the means."] if gone else []

        def draw(axes: Axes, panel: Panel, look: dict[str, Look]) -> None:
            found = marks(axes, panel, look, lambda part: _score(part, panel.x))
            axes.set_ylim(_limits(panel))
            axes.set_ylabel(score_name(panel.runs))
            clipped(axes, [(mark.at, mark.low, mark.high, mark.colour) for mark in found])
            levels(axes, _lines(panel))
            off_scale(axes, _lines(panel))
            title(axes, panel.label, _finding(panel, page.comparisons))

        caption = _CAPTION + "".join([left_out, f" {page.without}" if page.without else "", *dict.fromkeys(notes)])
        found = "; ".join(f"{panel.label}: {_finding(panel, page.comparisons)}" for panel in drawn)
        heading = label("test_score").capitalize()
        return [Drawing("scores", heading, caption, lambda columns: grid(drawn, draw, columns), found)]


def _finding(panel: Panel, comparisons: Sequence[Comparison]) -> str:
    words = headline(of_panel(comparisons, panel), [panel.x])
    if words:
        return words
    seeds = [set(part["seed"]) for _, part in panel.cells()]
    if len(seeds) == 1:
        return f"{cell_name(panel.runs['cell'].iloc[0])} alone"
    return "not compared: settings differ" if set.intersection(*seeds) else "not compared: no seed in common"


def _score(part: pd.DataFrame, x: str) -> Mark:
    values = part["test_score"].to_numpy(float)
    mean = mean_interval(values)
    return Mark(float(part[x].iloc[0]), mean.estimate, mean.low, mean.high, values)


def _limits(panel: Panel) -> tuple[float, float]:
    """Room for every run, and for as much of the intervals and lines as leaves the runs readable."""
    values = panel.runs["test_score"].to_numpy(float)
    low, high = float(values.min()), float(values.max())
    spread = max(high - low, 0.02 * abs(high), 1e-6)
    wanted = [value for value, _ in _lines(panel) if low - spread <= value <= high + spread]
    for _, part in panel.runs.groupby("condition"):
        mark = mean_interval(part["test_score"].to_numpy(float))
        if not math.isnan(mark.low):
            wanted += [max(mark.low, low - 0.3 * spread), min(mark.high, high + 0.3 * spread)]
    bottom = min([low, *(value for value in wanted if value < low)])
    top = max([high, *(value for value in wanted if value > high)])
    room = 0.06 * (top - bottom) or 0.5 * spread
    return bottom - room, top + room


def _lines(panel: Panel) -> list[tuple[float, str]]:
    found = [(float(value), f"chance {value:.3g}") for value in panel.runs["chance"].dropna().unique()]
    for text in panel.runs["published"].dropna().unique():
        found += [(float(value), f"{label}: {value:g}") for label, value in json.loads(text).items()]
    return list(dict.fromkeys(found))
