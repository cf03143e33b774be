"""The differences with their intervals: a panel for each value of the first condition, the others down its side."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnbench.plots.look import BAND, FAINT, INK, Look, looks
from rnnbench.plots.panels import Drawing
from rnnbench.report.scores.request import Request
from rnnbench.report.scores.verdicts import Compared

_MOST_PANELS, _MOST_ROWS = 24, 40
_IN_A_ROW = 3


def drawing(asked: Request, found: Sequence[Compared], finding: str) -> Drawing | None:
    """None where there is nothing to draw."""
    known = [each for each in found if not math.isnan(each.effect)]
    if not known:
        return None
    every = _panels(asked, known)
    panels = dict(list(every.items())[:_MOST_PANELS])
    cells = list(dict.fromkeys(_other(each) for each in known))
    look = looks(cells)

    def make(columns: int) -> Figure:
        wide = min(columns, _IN_A_ROW, len(panels))
        deep = math.ceil(len(panels) / wide)
        most = max(len({_row(asked, each) for each in members}) for members in panels.values())
        figure = Figure(figsize=(4.6 * wide, deep * (0.9 + 0.2 * min(most, _MOST_ROWS)) + 0.9), layout="constrained")
        places = list(figure.subplots(deep, wide, squeeze=False).flat)
        for axes, (name, members) in zip(places, panels.items(), strict=False):
            _draw(axes, asked, name, members, [look[cell] for cell in map(_other, members)])
        for axes in places[len(panels) :]:
            axes.set_visible(False)
        title = "\n".join(textwrap.wrap(finding, round(11.5 * 4.6 * wide)))
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)
        handles = [_key(INK, "o", "ahead"), _key(INK, "o", "not ahead", hollow=True)]
        if len(cells) > 1:
            handles += [_key(look[cell].colour, look[cell].marker, _name(cell, known)) for cell in cells]
        figure.legend(handles=handles, loc="outside lower center", ncols=2 if wide == 1 else 4, frameon=False)
        return figure

    compared = " or ".join(dict.fromkeys(each.judged.claim.compared for each in known))
    caption = f"{asked.score}, {compared}: mean over seeds with its 95 % t interval; line: no difference."
    caption += f" The first {len(panels)} of {len(every)} panels." if len(panels) < len(every) else ""
    return Drawing("differences", "Differences", caption, make, finding)


def _key(colour: str, marker: str, label: str, hollow: bool = False) -> Line2D:
    face = "white" if hollow else colour
    return Line2D([], [], color=colour, marker=marker, markerfacecolor=face, label=label, linestyle="none")


def _panels(asked: Request, found: Sequence[Compared]) -> dict[str, list[Compared]]:
    panels: dict[str, list[Compared]] = {}
    for each in found:
        panels.setdefault(each.condition[0] if len(asked.conditions) > 1 else "", []).append(each)
    return panels


def _row(asked: Request, each: Compared) -> str:
    return ", ".join(each.condition[1 if len(asked.conditions) > 1 else 0 :]) or asked.name


def _other(each: Compared) -> str:
    return str(each.judged.claim.compare[0])


def _name(cell: str, found: Sequence[Compared]) -> str:
    return next(each.judged.claim.compared for each in found if _other(each) == cell)


def _draw(axes: Axes, asked: Request, name: str, members: Sequence[Compared], look: Sequence[Look]) -> None:
    rows = list(dict.fromkeys(_row(asked, each) for each in members))[:_MOST_ROWS]
    several = len({_other(each) for each in members})
    seen: dict[str, int] = {}
    for each, (colour, marker, _) in zip(members, look, strict=True):
        row = _row(asked, each)
        if row not in rows:
            continue
        place = seen[row] = seen.get(row, -1) + 1
        y = rows.index(row) + (place - (several - 1) / 2) * 0.7 / several
        e = each.judged.verdict.conditions[0].condition.effect
        error = None if math.isnan(e.low) else [[e.estimate - e.low], [e.high - e.estimate]]
        face = colour if each.judged.verdict.outcome == "supported" else "white"
        axes.errorbar(e.estimate, y, xerr=error, fmt=marker, color=colour, markerfacecolor=face,
                      markersize=6, capsize=3, linewidth=1.3, zorder=3)  # fmt: skip
    axes.axvline(0, color=FAINT, linewidth=1.2, zorder=1)
    if asked.margin is not None:
        axes.axvspan(-asked.margin, asked.margin, color=BAND, alpha=0.6, zorder=0)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(False, axis="y")
    axes.set_title(name, loc="left", color=INK)
