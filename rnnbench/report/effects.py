"""Figures of a study's claims: the effect in every condition with its interval, and who has solved it by when."""

from __future__ import annotations

import math
import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from rnnbench.plots.look import BAND, FAINT, INK
from rnnbench.plots.panels import Drawing
from rnnbench.report.wording import axis_words, finding
from rnnbench.studies import Evaluated

_FILL = {
    "supported": "#0072B2",
    "contradicted": "#D55E00",
    "equivalent": "#009E73",
    "undecided": "white",
    "withdrawn": "white",
}
_WIDE = 4  # largest ratio over smallest from which an axis is logarithmic
_MARK = {"supported": "o", "contradicted": "X", "equivalent": "s", "undecided": "o", "withdrawn": "x"}


def claim_drawings(each: Evaluated, score: str = "") -> list[Drawing]:
    """The figures of one claim, none where nothing was measured. score: what its test_score is."""
    made = _effects(each, score)
    return ([made] if made is not None else []) + each.kind.figures(each)


def _effects(each: Evaluated, score: str) -> Drawing | None:
    judged = [j for j in each.verdict.conditions if not math.isnan(j.condition.effect.estimate)]
    if not judged:
        return None
    ratio, margin = each.claim.scale == "ratio", each.claim.margin
    none = 1.0 if ratio else 0.0
    found = finding(each) or f"{each.word[:1].upper()}{each.word[1:]}: {each.claim.statement}"
    if each.verdict.outcome == "withdrawn":
        found = f"Withdrawn: {each.verdict.reason}."

    def make(columns: int) -> Figure:
        width = 7.4 if columns > 1 else 4.6
        figure = Figure(figsize=(width, 1.9 + 0.42 * len(judged)), layout="constrained")
        axes = figure.subplots()
        for y, j in enumerate(judged):
            e = j.condition.effect
            error = None if math.isnan(e.low) else [[e.estimate - e.low], [e.high - e.estimate]]
            axes.errorbar(e.estimate, y, xerr=error, fmt=_MARK[j.outcome], color=INK, markerfacecolor=_FILL[j.outcome],
                          markersize=8, capsize=4, linewidth=1.5, zorder=3)  # fmt: skip
        axes.axvline(none, color=FAINT, linewidth=1.2, zorder=1)
        if margin is not None:
            low, high = (1 / margin, margin) if ratio else (-margin, margin)
            axes.axvspan(low, high, color=BAND, alpha=0.6, zorder=0)
        axes.set_yticks(range(len(judged)), [j.condition.name for j in judged])
        axes.set_ylim(len(judged) - 0.4, -0.6)
        axes.margins(x=0.08)
        if ratio:
            _log_where_wide(axes)
        axes.grid(False, axis="y")
        axes.set_xlabel("\n".join(textwrap.wrap(axis_words(each, score), round(8 * width))))
        _toward(axes, each)
        title = "\n".join(textwrap.wrap(found, round(11.5 * width)))
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)
        keys = [
            Line2D([], [], color=INK, marker=_MARK[j.outcome], markerfacecolor=_FILL[j.outcome], linestyle="none",
                   label=word)
            for word, j in {each.kind.outcome(each.claim, j): j for j in judged}.items()
        ]  # fmt: skip
        band = [Patch(facecolor=BAND, alpha=0.6, label="within the margin")] if margin is not None else []
        figure.legend(handles=[*keys, *band], loc="outside lower center", ncols=3 if columns > 1 else 2, frameon=False)
        return figure

    methods = ", ".join(dict.fromkeys(each.kind.interval_by(each.claim, j.condition.effect) for j in judged))
    caption = (
        f"{each.claim.compared} ({each.kind.pairs(each)}) in every condition with its 95 % interval ({methods}); line: "
    )
    caption += f"no effect, left of it {each.claim.names[0]} is better" if each.kind.names_a_side else "no effect"
    caption += "; band: the margin." if margin is not None else "."
    said = "; ".join(
        f"{j.condition.name}: {each.kind.effect(j.condition.effect)}, {each.kind.outcome(each.claim, j)}"
        for j in judged
    )
    return Drawing(f"claim_{each.claim.id}", "Effect", caption, make, said)


def _toward(axes: Axes, each: Evaluated) -> None:
    """Left of the line the first side is the better one, on every figure, whichever way the metric goes."""
    if not each.kind.names_a_side:
        return
    if each.measured[0].higher:
        axes.invert_xaxis()
    first, second = each.claim.names
    for words, place, side in ((f"← {first} better", 0.0, "left"), (f"{second} better →", 1.0, "right")):
        axes.annotate(words, (place, 1.0), xycoords="axes fraction", xytext=(0, 2), textcoords="offset points",
                      ha=side, va="bottom", fontsize=9, color=INK)  # fmt: skip


def _log_where_wide(axes: Axes) -> None:
    """A ratio and its inverse at equal distances from 1, where a linear axis would crowd those below 1."""
    ends = [end for line in axes.lines for end in np.ravel(line.get_xdata()) if end > 0]
    if max(ends) / min(ends) > _WIDE:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
