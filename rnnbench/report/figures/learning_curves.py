"""Learning curves: the validation score on its way, against steps and against seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from rnnbench.plots.look import Look, levels, logarithmic, title
from rnnbench.plots.panels import Drawing, chosen, grid
from rnnbench.records import RecordError, cell_name
from rnnbench.records.columns import axis
from rnnbench.records.conditions import Panel, panels
from rnnbench.records.table import load_history
from rnnbench.report.figures._scores import score_name
from rnnbench.report.figures.base import Figure, Material
from rnnbench.report.findings import Comparison, headline, of_panel
from rnnbench.report.summary import steps_to_threshold

MOST_SEEDS = 20  # curves read for a condition
MOST_CELLS, BEST = 12, 7  # in a panel; of more so many
_ENOUGH_FOR_QUARTILES = 5
_CAPTION = (
    "Line: median over seeds; band: inter-quartile range from five seeds on, smallest to largest below. A run "
    "that ended keeps its last value, so that the median is always over the same runs; the curve ends with the "
    "last run."
)


class LearningCurves(Figure):
    """One figure against steps and one against seconds; panels whose runs have no history are left out."""

    order = 20

    def drawings(self, page: Material) -> list[Drawing]:
        finished = page.scored[page.scored["status"] != "failed"]
        if finished.empty:
            return []
        drawn, left_out = chosen(panels(finished, one_x=True), timed=True)
        drawn, fewer = _of_few(drawn)
        loaded = {panel.label: {cell: _curves(panel, cell) for cell, _ in panel.cells()} for panel in drawn}
        drawn = [panel for panel in drawn if any(curves for curves, _ in loaded[panel.label].values())]
        if not drawn:
            return []
        lacking = sum(without for panel in drawn for _, without in loaded[panel.label].values())
        caption = _CAPTION
        if lacking:
            caption += f" {lacking} run(s) have no curve: their history.csv is gone or cannot be read."
        if (page.scored["status"] == "diverged").any():
            caption += " Diverged runs are not drawn."
        busy = " Contended runs are drawn: their seconds are longer than they would be alone."
        beside = finished["contended"].fillna(False) | finished["probe"].notna()
        contended = busy if beside.any() else ""
        found = "; ".join(f"{panel.label}: {_finding(panel, page.comparisons)}" for panel in drawn)

        def against(place: int, name: str, words: str, note: str) -> Drawing:
            def draw(axes: Axes, panel: Panel, look: dict[str, Look]) -> None:
                for cell, own in look.items():
                    for curves in loaded[panel.label][cell][0]:
                        _draw(axes, curves, place, own)
                _levels(axes, panel)
                axes.set_xlim(left=0)
                axes.set_xlabel(words)
                axes.set_ylabel(score_name(panel.runs, "validation"))
                title(axes, panel.label, _finding(panel, page.comparisons))

            heading = f"Learning curves against {words}"
            return Drawing(
                name, heading, caption + note + left_out + fewer, lambda columns: grid(drawn, draw, columns), found
            )

        return [
            against(0, "curves_steps", "training steps", ""),
            against(1, "curves_seconds", axis("train_seconds"), contended),
        ]

    def missing(self, page: Material) -> str:
        if not (page.scored["status"] == "ok").any():
            return ""
        return "No learning curves can be drawn: no record here comes with the history of its evaluations."


def _of_few(drawn: Sequence[Panel]) -> tuple[list[Panel], str]:
    """Each panel with its best cells alone, where lines of all would hide each other, and the words that say so."""
    found, most = [], 0
    for panel in drawn:
        scores = panel.runs.groupby("cell")["test_score"].mean().astype("float64")
        higher = bool(panel.runs["higher_is_better"].fillna(True).iloc[0])
        best = scores.sort_values(ascending=not higher, kind="stable").index
        best = best[:BEST] if len(best) > MOST_CELLS else best
        found.append(replace(panel, runs=panel.runs[panel.runs["cell"].isin(best)]))
        most = max(most, len(scores))
    words = f" Drawn: {BEST} of {most} cells, those of the best mean test score; summary.csv has all."
    return found, words if most > MOST_CELLS else ""


def _finding(panel: Panel, comparisons: Sequence[Comparison]) -> str:
    """Who reached the threshold in how many steps; without a threshold, whose test score is ahead."""
    parts, goals = [], []
    for cell, part in panel.cells():
        solved, of, steps = steps_to_threshold(part)
        if of:
            goals += list(part["budget_solved"].dropna().unique())
            median = f", median {steps:,.0f} steps" if math.isfinite(steps) else ""
            parts.append(f"{cell_name(cell)} {solved} of {of}{median}")
    if parts:
        return f"reached {goals[0]:g}: " + "; ".join(parts)
    return "test: " + (headline(of_panel(comparisons, panel), []) or "nothing to compare")


def _levels(axes: Axes, panel: Panel) -> None:
    low, high = axes.dataLim.intervaly
    if not panel.runs["higher_is_better"].dropna().iloc[0] and low > 0 and high / low > 3:
        logarithmic(axes.yaxis)  # from the first steps' losses down to differences that matter
    levels(axes, [(float(value), f"chance {value:.3g}") for value in panel.runs["chance"].dropna().unique()])
    goals = [float(goal) for goal in panel.runs["budget_solved"].dropna().unique()]
    low, high = axes.get_ylim()
    within = [goal for goal in goals if low <= goal <= high + 0.15 * (high - low)]  # else it would flatten the curves
    if within and axes.get_yscale() == "linear":
        axes.set_ylim(top=max(high, max(within) + 0.1 * (high - low)))  # room for its label
    levels(axes, [(goal, f"threshold {goal:g}") for goal in goals], line=(0, (6, 3)))


Curve = tuple[np.ndarray, np.ndarray, np.ndarray]  # steps, seconds, scores


def _curves(panel: Panel, cell: str) -> tuple[list[list[Curve]], int]:
    """For each condition of the cell, the curves of its first seeds; and how many of these have none."""
    found, without = [], 0
    ok = panel.runs[(panel.runs["cell"] == cell) & (panel.runs["status"] == "ok")]
    for _, part in ok.groupby("condition"):
        some = part.sort_values("seed").head(MOST_SEEDS)
        columns = zip(some["path"], some["metric"], some["train_seconds"].notna(), strict=True)
        curves = [_curve(path, metric, timed) for path, metric, timed in columns]
        there = [curve for curve in curves if curve is not None]
        without += len(curves) - len(there)
        if there:
            found.append(there)
    return found, without


def _curve(run_dir: str, metric: str, timed: bool) -> Curve | None:
    """timed: whether its seconds are to be drawn, as those of another machine are not."""
    try:
        history = load_history(Path(run_dir))
    except RecordError:
        return None
    wanted = ["step", "seconds", f"valid_{metric}"]
    if not set(wanted) <= set(history.columns):
        return None
    numbers = history[wanted].apply(pd.to_numeric, errors="coerce").dropna().to_numpy(float)
    seconds = numbers[:, 1] if timed else np.full(len(numbers), np.nan)
    return (numbers[:, 0], seconds, numbers[:, 2]) if len(numbers) else None


def _draw(axes: Axes, curves: list[Curve], x: int, look: Look) -> None:
    """x: place in `Curve` of what goes along the axis."""
    curves = [curve for curve in curves if not np.isnan(curve[x]).any()]
    if not curves:
        return
    places = [curve[x] for curve in curves]
    start, end = max(place[0] for place in places), max(place[-1] for place in places)
    at = np.unique(np.concatenate([np.linspace(start, max(start, end), 200), [place[-1] for place in places]]))
    at = at[at >= start]
    # np.interp keeps the last value beyond a curve's end.
    values = np.array([np.interp(at, place, curve[2]) for place, curve in zip(places, curves, strict=True)])
    band = (25, 75) if len(curves) >= _ENOUGH_FOR_QUARTILES else (0, 100)
    low, middle, high = np.percentile(values, (band[0], 50, band[1]), axis=0)
    if len(curves) > 1:
        axes.fill_between(at, low, high, color=look.colour, alpha=0.2, linewidth=0)
    axes.plot(
        at,
        middle,
        linestyle=look.line,
        color=look.colour,
        linewidth=1.8,
        marker=look.marker,
        markevery=max(1, len(at) // 6),
        markersize=5,
    )
