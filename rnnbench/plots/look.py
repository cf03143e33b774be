"""One look for every figure: a colour, a marker and a line for each cell, told apart also in greyscale and by the
colour-blind (palette of Okabe and Ito, 2008)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from rnnbench.errors import escaped
from rnnbench.records import cell_name, in_order
from rnnbench.records.names import look_of

PAPER, INK, FAINT, GRID, BAND = "white", "#1b1b1b", "#6b6b6b", "#e4e4e4", "#d9d9d6"
_RC: dict[str, Any] = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "figure.facecolor": PAPER,
    "svg.hashsalt": "rnnbench",  # the same records give the same file
    "svg.fonttype": "path",
    "path.simplify": True,
}


class Look(NamedTuple):
    colour: str
    marker: str
    line: Any


_OTHERS = [Look(colour, marker, line) for marker, line in zip("P*Xhp<>", ["-", "--", "-.", ":"] * 2, strict=False)
           for colour in ("#56B4E9", "#000000", "#8C6D31")]  # fmt: skip


def looks(cells: Sequence[str]) -> dict[str, Look]:
    """The look of each cell; those of conf/cell have theirs whatever else is in the results."""
    unknown = [cell for cell in in_order(cells) if not look_of("cell", cell)]
    others = {cell: _OTHERS[index % len(_OTHERS)] for index, cell in enumerate(unknown)}
    return {cell: others.get(cell) or _look(look_of("cell", cell)) for cell in in_order(cells)}


def _look(drawn: Mapping[str, Any]) -> Look:
    line = drawn["line"]
    return Look(drawn["colour"], drawn["marker"], line if isinstance(line, str) else (line[0], tuple(line[1])))


def drawing_context() -> Any:
    """Within it, figures look as they should; matplotlib's own settings are as before afterwards."""
    defaults: Any = dict(matplotlib.rcParamsDefault)
    return matplotlib.rc_context(defaults | _RC | {"backend": "agg"})


def title(axes: Axes, label: str, finding: str, width: int = 48) -> None:
    """What was found, over a line that says where."""
    label, finding = (words.replace(" = ", "\u00a0=\u00a0") for words in (label, finding))  # not to be broken there
    axes.set_title("\n".join([*textwrap.wrap(label, width), *_told(finding, width)]), loc="left", color=INK)


MOST_LINES = 7
"""Of a finding over a panel, that there be room for the panel."""


def _told(finding: str, width: int) -> list[str]:
    """The finding in lines; of a long one as many of its parts as there is room for, and how many are not there."""
    parts = finding.split("; ") if "\n" not in finding else [finding]
    for kept in range(len(parts), 0, -1):
        words = "; ".join(parts[:kept])
        more = [] if kept == len(parts) else [f"({len(parts) - kept} more in summary.csv)"]
        lines = [line for part in words.split("\n") for line in textwrap.wrap(part, width)] + more
        if len(lines) <= MOST_LINES:
            return lines
    return [*lines[: MOST_LINES - 1], "…"]


def legend(figure: Figure, looks_of: dict[str, Look], extra: Sequence[Line2D] = ()) -> None:
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle=look.line, label=fitted(cell_name(cell)))
        for cell, look in looks_of.items()
    ]
    names = [str(each.get_label()) for each in (*handles, *extra)]
    columns = legend_columns(names, figure.get_figwidth())
    figure.legend(handles=[*handles, *extra], loc="outside lower center", ncols=columns, frameon=False)


LETTER = 5.2 / 72
"""Inches that a letter of 10 points takes along a line, nearly."""
MOST_LETTERS = 28


def fitted(name: str) -> str:
    """A cell's name in a figure: of a long one its beginning and its end, by which people's variants differ."""
    half = MOST_LETTERS // 2
    return name if len(name) <= MOST_LETTERS else f"{name[: half - 1]}…{name[-half:]}"


def legend_columns(names: Sequence[str], width: float) -> int:
    """Beside each other in so many inches, four at most."""
    of_one = 0.8 + LETTER * max(map(len, names), default=0)  # line, marker and the room between two
    return max(1, min(4, len(names), int(width / of_one)))


def levels(axes: Axes, lines: Sequence[tuple[float, str]], line: Any = (0, (1, 2))) -> None:
    """Labelled horizontal lines (value, label); those outside the axes' limits are not drawn, see `off_scale`.

    A label stands where it covers least of what is drawn by now: above its line or below, at the right or the left.
    """
    low, high = axes.get_ylim()
    there = sorted(((value, label) for value, label in lines if low <= value <= high), reverse=True)
    drawn = _drawn(axes)
    for value, _ in there:
        axes.axhline(value, color=FAINT, linestyle=line, linewidth=1.2, zorder=1)
    heights = [
        float(axes.transAxes.inverted().transform(axes.transData.transform((0, value)))[1]) for value, _ in there
    ]
    near: list[list[int]] = []  # lines too close for a label each: one above them, the others below
    for index, height in enumerate(heights):
        if near and heights[near[-1][-1]] - height < _LABEL:
            near[-1].append(index)
        else:
            near.append([index])
    for place, (first, *others) in enumerate(near):
        floor = heights[near[place + 1][0]] + _LABEL if place + 1 < len(near) else 0.0
        free = not others and heights[first] - _LABEL > floor
        _label(axes, *there[first], [True, False] if free else [True], drawn)
        if others:
            _label(axes, there[others[-1]][0], "; ".join(there[index][1] for index in others), [False], drawn)


_LABEL = 0.08  # height of a label in that of the axes, with room
_MARKER = 0.03  # what a marker reaches beyond its point, in that of the axes


def _drawn(axes: Axes) -> np.ndarray:
    """Places (n, 2) in the axes, from (0, 0) to (1, 1), of the points of all lines that are there."""
    places = [np.empty((0, 2))]
    for each in axes.lines:
        points = np.column_stack([np.asarray(each.get_xdata(), float), np.asarray(each.get_ydata(), float)])
        places.append(axes.transAxes.inverted().transform(each.get_transform().transform(points)))
    return np.vstack(places)


def _label(axes: Axes, value: float, words: str, sides: Sequence[bool], drawn: np.ndarray) -> None:
    """sides: whether the label may stand above its line, below it, or either."""
    height = float(axes.transAxes.inverted().transform(axes.transData.transform((0, value)))[1])
    place = axes.get_subplotspec()
    of_figure = 0.8 / place.get_gridspec().ncols if place else 0.8  # the axes' width when they will have been laid out
    width = (
        3.9 * len(words) / (72 * of_figure * axes.figure.bbox.width / axes.figure.dpi)
    )  # letters of 8 points, nearly

    def covered(above: bool, right: bool) -> tuple[bool, int]:
        low, left = (height if above else height - _LABEL), (1 - width if right else 0.0)
        x, y = drawn[:, 0], drawn[:, 1]
        inside = (abs(x - left - width / 2) <= width / 2 + _MARKER) & (
            abs(y - low - _LABEL / 2) <= _LABEL / 2 + _MARKER
        )
        return low + _LABEL > 1.02, int(inside.sum())  # above the frame it would run into the title

    above, right = min(((a, r) for r in (True, False) for a in sides), key=lambda place: covered(*place))
    axes.annotate(
        words, (float(right), value), xycoords=("axes fraction", "data"), textcoords="offset points",
        xytext=(-2 if right else 2, 2 if above else -2), ha="right" if right else "left",
        va="bottom" if above else "top", fontsize=8, color=INK, zorder=5,
        bbox={"facecolor": PAPER, "alpha": 0.7, "edgecolor": "none", "pad": 0.5},
    )  # fmt: skip


def off_scale(axes: Axes, lines: Sequence[tuple[float, str]]) -> None:
    """The lines (value, label) that lie outside the axes' limits, named at the edge beyond which they are."""
    low, high = axes.get_ylim()
    for place, sign, beyond in (
        (0.0, "↓", [label for value, label in lines if value < low]),
        (1.0, "↑", [label for value, label in lines if value > high]),
    ):
        if beyond:
            words = f"{sign} {'; '.join(beyond)}"
            axes.annotate(words, (1.0, place), xycoords="axes fraction", fontsize=8, color=FAINT,
                          xytext=(-2, 3 if place == 0 else -3), textcoords="offset points", ha="right",
                          va="bottom" if place == 0 else "top", zorder=5)  # fmt: skip


def clipped(axes: Axes, intervals: Sequence[tuple[float, float, float, str]]) -> None:
    """An arrow with the number at the frame, where an interval (x, low, high, colour) leaves it."""
    bottom, top = axes.get_ylim()
    for x, low, high, colour in intervals:
        for end, edge, marker, side in ((low, bottom, "v", "bottom"), (high, top, "^", "top")):
            if end < bottom if marker == "v" else end > top:
                axes.plot([x], [edge], marker, color=colour, markersize=6, clip_on=False, zorder=6)
                axes.annotate(f"{end:.3g}", (x, edge), xytext=(7, 0), textcoords="offset points", fontsize=8,
                              color=INK, va=side, zorder=6)  # fmt: skip


def logarithmic(axis: Axis) -> None:
    """A logarithmic axis with plain numbers at 1, 2, 5, 10, …"""
    axes = axis.axes
    (axes.set_yscale if axis is axes.yaxis else axes.set_xscale)("log")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_locator(NullLocator())


def rendered(figure: Figure, form: str) -> bytes:
    """The figure as "png" (130 dots an inch) or "svg", the same bytes for the same figure."""
    engine = figure.get_layout_engine()
    if engine is not None:  # lay out once, draw many times
        engine.execute(figure)
        figure.set_layout_engine(None)  # "none" leaves a placeholder, for which every saving draws twice
    buffer = BytesIO()
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    figure.savefig(buffer, format=form, dpi=130, metadata=metadata)
    if form == "png":
        return buffer.getvalue()
    return _ATTRIBUTE_D.sub(_shorter, escaped(buffer.getvalue().decode()).encode())  # no control character is XML


_ATTRIBUTE_D = re.compile(rb' d="[^"]*"')


def _shorter(path: re.Match[bytes]) -> bytes:
    """A path with coordinates to a hundredth of a point and no white space that it can do without."""
    rounded = re.sub(rb"(\.\d\d)\d+", rb"\1", path[0][4:-1])
    return b' d="' + re.sub(rb"\s*([A-Za-z])\s*", rb"\1", rounded).strip().replace(b" ", b",") + b'"'
