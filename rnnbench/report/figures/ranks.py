"""Which of many cells is best? Mean ranks over tasks, with the difference that they must have to be told apart."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.figure import Figure as Drawn

from rnnbench.plots.look import FAINT, INK, looks
from rnnbench.plots.panels import Drawing
from rnnbench.records import cell_name
from rnnbench.records.numbers import number
from rnnbench.report.figures._many import Blocks, blocks
from rnnbench.report.figures.base import Figure, Material
from rnnbench.statistics.ranks import ranks

_CAPTION = (
    "Rank 1 is best. Large: the mean over {n} blocks, each a {unit} of one task in which every cell stands once; "
    "small: the mean of each task. Band: mean ranks within the critical difference of the best, {cd} (Nemenyi, 5 %; "
    "Demšar 2006, section 3.2.2), which are not told from it. Friedman's test that all are alike, with Iman and "
    "Davenport's F: p = {p}. It speaks of these tasks, not of others."
)
_MARKS = "osD^vP*X"


class RanksOfCells(Figure):
    """A row a cell, best first."""

    order = 12

    def drawings(self, page: Material) -> list[Drawing]:
        found = blocks(page)
        if found is None:
            return []
        r = found.ranks
        unit = "tuning" if "tuning" in page.scored else "seed"
        caption = _CAPTION.format(n=len(found.tasks), unit=unit, cd=number(r.critical, 3), p=number(r.p, 2))
        return [
            Drawing("ranks", "Ranks of the cells", caption, lambda columns: _drawn(found, columns), _finding(found))
        ]


def _finding(found: Blocks) -> str:
    r = found.ranks
    order = np.argsort(r.mean, kind="stable")
    best = cell_name(found.cells[order[0]])
    if r.p > 0.05:
        return f"No difference among {len(found.cells)} cells is shown (p = {number(r.p, 2)})"
    apart = sum(rank - min(r.mean) > r.critical for rank in r.mean)
    return f"{best} has the best mean rank; {apart} of {len(r.mean) - 1} others are shown to be behind it"


def _drawn(found: Blocks, columns: int) -> Drawn:
    r, tasks = found.ranks, list(dict.fromkeys(found.tasks))
    order = np.argsort(r.mean, kind="stable")
    wide = 7.4 if columns > 1 else 4.6
    figure = Drawn(figsize=(wide, 1.9 + 0.25 * len(order)), layout="constrained")
    axes, look = figure.subplots(), looks(found.cells)
    axes.axvspan(min(r.mean), min(r.mean) + r.critical, color="#d9d9d6", alpha=0.6, zorder=0, label="not told from it")
    for task, mark in zip(tasks, _MARKS * len(tasks), strict=False):
        own = found.of(task)
        if len(own) > 1:
            means = np.array(ranks(own).mean)[order]
            axes.plot(means, range(len(order)), mark, color=FAINT, markersize=4, zorder=2, label=task)
    for y, place in enumerate(order):
        axes.plot(r.mean[place], y, "o", color=look[found.cells[place]].colour, markersize=8, zorder=3)
    axes.set_yticks(range(len(order)), [cell_name(found.cells[place]) for place in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlabel("mean rank (1 is best)")
    axes.grid(False, axis="y")
    figure.suptitle(
        "\n".join(textwrap.wrap(_finding(found), round(11.5 * wide))), x=0.01, ha="left", fontsize=10, color=INK
    )
    figure.legend(loc="outside lower center", ncols=3 if columns > 1 else 2, frameon=False)
    return figure
