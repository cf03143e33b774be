"""The score against the time that bought it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rnnbench.plots.look import INK, Look, logarithmic, title
from rnnbench.plots.panels import Drawing, chosen, grid
from rnnbench.records import cell_name
from rnnbench.records.columns import axis, label
from rnnbench.records.conditions import Panel, panels
from rnnbench.records.numbers import number
from rnnbench.report.figures._scores import score_name
from rnnbench.report.figures.base import Figure, Material
from rnnbench.studies import times_withdrawn

_CAPTION = (
    "One point a run: seconds in the training loop, data generation and evaluation outside, and the test score at "
    "the step that was best on validation. Titles give medians over runs."
)


class ScoreAgainstTime(Figure):
    """One point a run: seconds in the training loop, and the score they bought."""

    order = 50

    def drawings(self, page: Material) -> list[Drawing]:
        finished = page.scored[(page.scored["status"] == "ok") & page.scored["train_seconds"].gt(0)]
        if finished.empty:
            return []
        drawn, left_out = chosen(panels(finished, one_x=True), timed=True)
        contended = bool(finished["contended"].fillna(False).any())
        caption = _CAPTION + left_out
        if contended:
            caption += " Hollow: timed while another run ran beside it, and not in the title's times."
        ring = Line2D([], [], color=INK, marker="o", markerfacecolor="none", linestyle="none", label="contended")
        heading = f"Score against {label('train_seconds')}"
        found = "; ".join(f"{panel.label}: {_medians(panel)}" for panel in drawn)
        extra = [ring] if contended else []
        return [Drawing("score_time", heading, caption, lambda columns: grid(drawn, _draw, columns, extra), found)]


def _draw(axes: Axes, panel: Panel, look: dict[str, Look]) -> None:
    for cell, (colour, marker, _) in look.items():
        part = panel.runs[panel.runs["cell"] == cell]
        busy = part["contended"].fillna(False).to_numpy(bool)
        for those, fill in ((~busy, colour), (busy, "none")):
            axes.plot(part["train_seconds"][those], part["test_score"][those], marker=marker, linestyle="none",
                      color=colour, markersize=6, alpha=0.75, markerfacecolor=fill,
                      rasterized=len(part) > 200)  # fmt: skip
    times = panel.runs["train_seconds"]
    if times.max() / times.min() > 5:
        logarithmic(axes.xaxis)
    axes.margins(0.08)
    axes.set_xlabel(axis("train_seconds"))
    axes.set_ylabel(score_name(panel.runs))
    title(axes, panel.label, _medians(panel))


def _medians(panel: Panel) -> str:
    parts = []
    for cell, part in panel.cells():
        if times_withdrawn(part):
            score = number(float(np.median(part["test_score"])))
            parts.append(f"{cell_name(cell)} {score} (time withdrawn, n = {len(part)})")
            continue
        calm = part[~part["contended"].fillna(False).astype(bool)]
        seconds = f"in {number(float(np.median(calm['train_seconds'])))}\u00a0s" if len(calm) else "(time contended)"
        parts.append(f"{cell_name(cell)} {number(float(np.median(part['test_score'])))} {seconds} (n = {len(part)})")
    return "; ".join(parts)
