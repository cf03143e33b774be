"""Small multiples: panels side by side with one legend, and conditions along an axis with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from rnnbench.plots.look import LETTER, Look, fitted, legend, legend_columns, looks
from rnnbench.records import cell_name, in_order
from rnnbench.records.columns import axis, label, short
from rnnbench.records.conditions import Panel
from rnnbench.records.names import look_of

MOST_PANELS = 6  # of so many all are drawn; of more, so many, or whole rows with one of each dataset at least
_IN_A_ROW = 3
_WIDE = 4.6  # inches of a panel
_ENOUGH_FOR_A_LINE = 3  # values of a number; two settings are two cases, between which nothing is known
Draw = Callable[[Axes, Panel, dict[str, Look]], None]


@dataclass(frozen=True)
class Drawing:
    """A figure to be made, once for a screen and once for a phone."""

    name: str  # of its files
    heading: str
    caption: str  # what is drawn: units, intervals, n, what is left out
    make: Callable[[int], Figure]  # panels in a row → figure
    finding: str = ""  # for readers who do not see it


def chosen(panels: Sequence[Panel], timed: bool = False) -> tuple[list[Panel], str]:
    """All panels, or where they are too many some of every dataset, and the words that say which.

    Of a dataset's panels first those that were timed alone (where times are drawn), then those at the default forget
    bias, then those with most runs, longest trained.
    """
    if len(panels) <= MOST_PANELS:
        return list(panels), ""
    datasets = {panel.dataset for panel in panels}
    some = max(MOST_PANELS, _IN_A_ROW * math.ceil(len(datasets) / _IN_A_ROW))

    def rank(index: int) -> tuple[bool, bool, int, float]:
        panel = panels[index]
        contended = timed and bool(panel.runs["contended"].fillna(False).any())
        other_bias = panel.fixed.get("forget_bias") not in (None, "1")
        return contended, other_bias, -len(panel.runs), -float(panel.runs["steps"].sum())

    turn: dict[int, int] = {}  # panel → how many of its dataset go before it: every dataset has its turn
    for dataset in datasets:
        own = [index for index, panel in enumerate(panels) if panel.dataset == dataset]
        turn |= {index: place for place, index in enumerate(sorted(own, key=rank))}
    kept = sorted(sorted(turn, key=lambda index: (turn[index], index))[:some])
    first = f"{'timed alone, ' if timed else ''}at the default forget bias, with most runs"
    words = f" Drawn: {len(kept)} of {len(panels)} panels, of each dataset first those {first}; summary.csv has all."
    return [panels[index] for index in kept], words


def grid(panels: Sequence[Panel], draw: Draw, columns: int, extra: Sequence[Line2D] = ()) -> Figure:
    """A figure with `columns` panels in a row (4.6 × 3.6 inches each)."""
    look = looks([cell for panel in panels for cell in panel.runs["cell"].unique()])
    columns = 2 if len(panels) == 4 and columns > 1 else min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    names = [fitted(cell_name(cell)) for cell in look]
    in_legend = [*names, *(str(each.get_label()) for each in extra)]
    below = 0.22 * math.ceil(len(in_legend) / legend_columns(in_legend, _WIDE * columns))
    high = 3.6 + (LETTER * max(map(len, names), default=0) if _upright(names) else 0.0)
    figure = Figure(figsize=(_WIDE * columns, high * rows + max(0.4, below)), layout="constrained")
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, panel in zip(places, panels, strict=False):
        draw(axes, panel, {cell: look[cell] for cell in in_order(panel.runs["cell"])})
    for axes in places[len(panels) :]:
        axes.set_visible(False)
    legend(figure, look, extra)
    return figure


class Mark(NamedTuple):
    """A condition on an axis: its estimate, its interval (NaN: none), the single runs."""

    x: float
    estimate: float
    low: float
    high: float
    points: np.ndarray  # (runs,)
    hollow: bool = False
    at: float = math.nan  # where on the axis it was drawn, and in which colour
    colour: str = ""


def marks(
    axes: Axes, panel: Panel, look: dict[str, Look], measure: Callable[[pd.DataFrame], Mark | None]
) -> list[Mark]:
    """Draw each condition of the panel at its x, cells side by side; cells along the axis when there is but one x."""
    values = sorted({float(value) for value in panel.runs[panel.x].dropna()})
    place = _axis(axes, panel, values, list(look))
    found = []
    for index, (cell, (colour, marker, line)) in enumerate(look.items()):
        of_cell = panel.runs[panel.runs["cell"] == cell]
        measured = [measure(part) for _, part in of_cell.groupby("condition", sort=True)]
        row = sorted((mark for mark in measured if mark is not None), key=lambda mark: mark.x)
        if not row:
            continue
        at = np.array([place(mark.x, index) for mark in row])
        beside = axes.transData + ScaledTranslation(9 / 72, 0, axes.figure.dpi_scale_trans)
        for x, mark in zip(at, row, strict=True):
            axes.plot(
                np.full(len(mark.points), x), mark.points, marker=marker, linestyle="none", color=colour,
                markersize=4, alpha=0.4, markeredgewidth=0, zorder=2, transform=beside,
                rasterized=len(mark.points) > 200,
            )  # fmt: skip
            bounded = not math.isnan(mark.low)
            error = [[mark.estimate - mark.low], [mark.high - mark.estimate]] if bounded else None
            axes.errorbar(x, mark.estimate, error, marker=marker, linestyle="none", color=colour, markersize=7,
                          capsize=4, linewidth=1.6, zorder=4,
                          markerfacecolor="none" if mark.hollow else colour)  # fmt: skip
        if len(row) >= _ENOUGH_FOR_A_LINE:
            axes.plot(at, [mark.estimate for mark in row], linestyle=line, color=colour, linewidth=1.4, zorder=3)
        found += [mark._replace(at=x, colour=colour) for x, mark in zip(at, row, strict=True)]
    return found


def _axis(axes: Axes, panel: Panel, values: list[float], cells: list[str]) -> Callable[[float, int], float]:
    """Set up the horizontal axis; gives the place of a value for the cell of that index."""
    middle = (len(cells) - 1) / 2
    if len(values) < 2:
        names = [fitted(cell_name(cell)) for cell in cells]
        axes.set_xticks(range(len(cells)), names, rotation=90 if _upright(names) else 0)
        axes.set_xlim(-0.6, len(cells) - 0.4)
        axes.set_xlabel(f"cell, at {short(panel.x)} = {_plain(values[0])}" if values else "cell")
        return lambda value, index: index
    axes.set_xlabel(axis_name(panel.x, panel.dataset))
    shift = 0.012
    if values[0] > 0 and values[-1] / values[0] >= 4:
        axes.set_xscale("log")
        reach = math.log(values[-1] / values[0])
        axes.minorticks_off()
        _ticks(axes, values, lambda v: math.log(v / values[0]) / reach)
        axes.set_xlim(values[0] * math.exp(-0.08 * reach), values[-1] * math.exp(0.08 * reach))
        return lambda value, index: value * math.exp(shift * reach * (index - middle))
    span = values[-1] - values[0]
    _ticks(axes, values, lambda v: (v - values[0]) / span)
    axes.set_xlim(values[0] - 0.08 * span, values[-1] + 0.08 * span)
    return lambda value, index: value + shift * span * (index - middle)


def _upright(names: Sequence[str]) -> bool:
    """Whether names below each other's place on the axis would run into one another."""
    return len(names) * (1 + max(map(len, names), default=0)) * LETTER > 0.85 * _WIDE


def _ticks(axes: Axes, values: list[float], where: Callable[[float], float]) -> None:
    """A tick at each value that has room for its number."""
    kept: list[float] = []
    for value in values:
        if not kept or where(value) - where(kept[-1]) > 0.09:
            kept.append(value)
    axes.set_xticks(kept, [_plain(v) for v in kept])


def _plain(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() else f"{value:g}"


def axis_name(column: str, dataset: str = "") -> str:
    """Name and unit of a setting; the T of some datasets is not how long a sequence is."""
    own = look_of("dataset", dataset).get("length", "") if column == "seq_len" else ""
    return axis(column).replace(label(column), own) if own else axis(column)
