"""Figures of what was reached: score by condition, and score against training time."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rnnbench.plots.look import INK, Look, levels, logarithmic, off_scale, title
from rnnbench.plots.panels import Drawing, Mark, chosen, grid, marks
from rnnbench.records import cell_name
from rnnbench.records.conditions import Panel, panels
from rnnbench.report.findings import Comparison, headline, of_panel
from rnnbench.report.summary import number
from rnnbench.statistics import mean_interval


def scores(runs: pd.DataFrame, comparisons: Sequence[Comparison], without: str = "") -> Drawing | None:
    """Test score of every condition: mean, 95 % t interval over seeds, single runs, chance and published lines.

    without: what is left out of `runs`, a sentence for the caption.
    """
    finished = runs[runs["status"] == "ok"]
    if finished.empty:
        return None
    drawn, left_out = chosen(panels(finished))
    gone = int((runs["status"] == "diverged").sum())
    notes = [f" {gone} diverged run(s) have no score and are not in the means."] if gone else []
    for panel in drawn:  # lines that would flatten the figure are said here
        notes += [f" {panel.label}: {words}." for words in off_scale(_lines(panel), _limits(panel))]

    def draw(axes: Axes, panel: Panel, look: dict[str, Look]) -> None:
        marks(axes, panel, look, lambda part: _score(part, panel.x))
        axes.set_ylim(_limits(panel))
        axes.set_ylabel(score_name(panel.runs))
        levels(axes, _lines(panel))
        title(axes, panel.label, _finding(panel, comparisons))

    return Drawing(
        "scores", "Test score",
        "Mean over seeds with its 95 % Student t interval; beside it, faint: single runs. One run has no interval. "
        "Titles compare paired seeds. Intervals that leave the frame are whole in the summary."
        + "".join([left_out, f" {without}" if without else "", *dict.fromkeys(notes)]),
        lambda columns: grid(drawn, draw, columns),
        "; ".join(f"{panel.label}: {_finding(panel, comparisons)}" for panel in drawn),
    )  # fmt: skip


def score_name(runs: pd.DataFrame, split: str = "test") -> str:
    """Label of a score's axis: split, metric, unit, and which way is better."""
    first = runs[runs["metric"].notna()].iloc[0]
    unit = f" ({first['unit']})" if isinstance(first["unit"], str) and first["unit"] else ""
    return f"{split} {first['metric']}{unit}\n{'higher' if first['higher_is_better'] else 'lower'} is better"


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


def score_against_time(runs: pd.DataFrame) -> Drawing | None:
    """One point a run: seconds in the training loop, and the score they bought."""
    finished = runs[(runs["status"] == "ok") & runs["train_seconds"].gt(0)]
    if finished.empty:
        return None
    drawn, left_out = chosen(panels(finished, one_x=True), timed=True)
    contended = bool(finished["contended"].fillna(False).any())

    def draw(axes: Axes, panel: Panel, look: dict[str, Look]) -> None:
        for cell, (colour, marker, _) in look.items():
            part = panel.runs[panel.runs["cell"] == cell]
            busy = part["contended"].fillna(False).to_numpy(bool)
            for those, fill in ((~busy, colour), (busy, "none")):
                axes.plot(part["train_seconds"][those], part["test_score"][those], marker, color=colour, markersize=6,
                          alpha=0.75, markerfacecolor=fill, rasterized=len(part) > 200)  # fmt: skip
        times = panel.runs["train_seconds"]
        if times.max() / times.min() > 5:
            logarithmic(axes.xaxis)
        axes.margins(0.08)
        axes.set_xlabel("training time (s)")
        axes.set_ylabel(score_name(panel.runs))
        title(axes, panel.label, _medians(panel))

    caption = (
        "One point a run: seconds in the training loop, data generation and evaluation outside, and the test score at "
        "the step that was best on validation. Titles give medians over runs." + left_out
    )
    if contended:
        caption += " Hollow: timed while another run ran beside it, and not in the title's times."
    ring = Line2D([], [], color=INK, marker="o", markerfacecolor="none", linestyle="none", label="contended")
    return Drawing("score_time", "Score against training time", caption,
                   lambda columns: grid(drawn, draw, columns, [ring] if contended else []),
                   "; ".join(f"{panel.label}: {_medians(panel)}" for panel in drawn))  # fmt: skip


def _medians(panel: Panel) -> str:
    parts = []
    for cell, part in panel.cells():
        calm = part[~part["contended"].fillna(False).astype(bool)]
        seconds = f"in {number(float(np.median(calm['train_seconds'])))}\u00a0s" if len(calm) else "(time contended)"
        parts.append(f"{cell_name(cell)} {number(float(np.median(part['test_score'])))} {seconds} (n = {len(part)})")
    return "; ".join(parts)
