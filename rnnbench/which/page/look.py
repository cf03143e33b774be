"""How both cells and the naive baseline are drawn: as everywhere; one cell against itself, told apart by its line."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnbench.plots.look import FAINT, Look, looks

NAIVE = Look(FAINT, "s", (0, (1, 1.5)))


def pair_of_looks(cells: tuple[str, str]) -> tuple[Look, Look]:
    known = looks(list(dict.fromkeys(cells)))
    first, second = known[cells[0]], known[cells[1]]
    return first, (Look("#56B4E9", "D", "--") if cells[0] == cells[1] else second)


def one(width: float = 6.4, height: float = 3.4) -> tuple[Figure, Axes]:
    """A figure of one panel, that a phone shows as it is."""
    figure = Figure(figsize=(min(width, 5.9), height), layout="constrained")
    return figure, figure.subplots()


def keyed(axes: Axes) -> None:
    """What is what, below the panel."""
    handles, names = axes.get_legend_handles_labels()
    axes.figure.legend(handles, names, loc="outside lower center", ncols=min(3, len(names)), frameon=False)
