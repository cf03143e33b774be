"""Every cell against every other: how often is the one better?"""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.figure import Figure as Drawn

from rnnbench.plots.look import INK
from rnnbench.plots.panels import Drawing
from rnnbench.records import cell_name
from rnnbench.report.figures._many import Blocks, blocks
from rnnbench.report.figures.base import Figure, Material

_CAPTION = (
    "Share of {n} blocks (a {unit} of one task) in which the cell of the row is better than that of the column, a tie "
    "half: purple above a half, orange below. Dots: the mean ranks of the two differ by more than the critical "
    "difference. Cells by mean rank, best first."
)


class Pairwise(Figure):
    """A matrix, row against column."""

    order = 13

    def drawings(self, page: Material) -> list[Drawing]:
        found = blocks(page)
        if found is None:
            return []
        unit = "tuning" if "tuning" in page.scored else "seed"
        caption = _CAPTION.format(n=len(found.tasks), unit=unit)
        heading = "Each cell against each other"
        return [Drawing("pairwise", heading, caption, lambda columns: _drawn(found, columns), _finding(found))]


def _apart(found: Blocks) -> np.ndarray:
    """Whether the mean ranks of two differ by more than the critical difference, (k, k)."""
    mean = np.array(found.ranks.mean)
    return np.asarray(abs(mean[:, None] - mean[None, :]) > found.ranks.critical)


def _finding(found: Blocks) -> str:
    k = len(found.cells)
    return f"{int(_apart(found).sum()) // 2} of {k * (k - 1) // 2} pairs of cells are told apart by their ranks"


def _drawn(found: Blocks, columns: int) -> Drawn:
    order = np.argsort(found.ranks.mean, kind="stable")
    share, apart = found.ahead[np.ix_(order, order)], _apart(found)[np.ix_(order, order)]
    np.fill_diagonal(share, np.nan)
    names = [cell_name(found.cells[place]) for place in order]
    wide = (3.4 + 0.2 * len(order)) if columns > 1 else 4.6
    small = 8 if columns > 1 and len(order) < 30 else 6
    figure = Drawn(figsize=(wide, wide + 0.4), layout="constrained")
    axes = figure.subplots()
    shown = axes.imshow(share, cmap="PuOr", vmin=0, vmax=1)
    rows, across = np.nonzero(apart)
    dark = abs(share[rows, across] - 0.5) > 0.3
    for those, colour in ((dark, "white"), (~dark, INK)):
        axes.plot(across[those], rows[those], ".", color=colour, markersize=2.5)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=small)
    axes.set_yticks(range(len(names)), names, fontsize=small)
    axes.grid(False)
    bar = figure.colorbar(shown, ax=axes, shrink=0.6, location="bottom")
    bar.set_label("share of blocks in which the row is better")
    figure.suptitle(
        "\n".join(textwrap.wrap(_finding(found), round(11 * wide))), x=0.01, ha="left", fontsize=10, color=INK
    )
    return figure
