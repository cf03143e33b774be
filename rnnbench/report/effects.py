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

from rnnbench.plots.look import FAINT, INK, legend, looks
from rnnbench.plots.panels import MOST_PANELS, Drawing
from rnnbench.records import cell_name
from rnnbench.report.wording import (
    axis_words,
    comparison,
    condition_word,
    effect,
    effects,
    finding,
    method_words,
    pairs,
)
from rnnbench.statistics import kaplan_meier
from rnnbench.studies import Evaluated

_FILL = {"supported": "#0072B2", "contradicted": "#D55E00", "equivalent": "#009E73", "undecided": "white"}
_WIDE = 4  # largest ratio over smallest from which an axis is logarithmic
_MARK = {"supported": "o", "contradicted": "X", "equivalent": "s", "undecided": "o"}


def claim_drawings(each: Evaluated, score: str = "") -> list[Drawing]:
    """The figures of one claim, none where nothing was measured. score: what its test_score is."""
    made = [_effects(each, score)]
    if each.claim.kind == "solve_time":
        made.append(_curves(each))
    return [drawing for drawing in made if drawing is not None]


def _effects(each: Evaluated, score: str) -> Drawing | None:
    judged = [j for j in each.verdict.conditions if not math.isnan(j.condition.effect.estimate)]
    if not judged:
        return None
    ratio, margin = each.claim.scale == "ratio", each.claim.margin
    none = 1.0 if ratio else 0.0
    found = finding(each) or f"{each.verdict.outcome.capitalize()}: {each.claim.statement}"
    numbers = f"{effects(each)} ({pairs(each)})"

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
            axes.axvspan(low, high, color="#d9d9d6", alpha=0.6, zorder=0)
        axes.set_yticks(range(len(judged)), [j.condition.name for j in judged])
        axes.set_ylim(len(judged) - 0.4, -0.6)
        axes.margins(x=0.08)
        if ratio:
            _log_where_wide(axes)
        axes.grid(False, axis="y")
        axes.set_xlabel("\n".join(textwrap.wrap(axis_words(each, score), round(8 * width))))
        title = "\n".join(line for words in (found, numbers) for line in textwrap.wrap(words, round(11.5 * width)))
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)
        keys = [
            Line2D([], [], color=INK, marker=_MARK[j.outcome], markerfacecolor=_FILL[j.outcome], linestyle="none",
                   label=word)
            for word, j in {condition_word(each, j): j for j in judged}.items()
        ]  # fmt: skip
        band = [Patch(facecolor="#d9d9d6", alpha=0.6, label="within the margin")] if margin is not None else []
        figure.legend(handles=[*keys, *band], loc="outside lower center", ncols=3 if columns > 1 else 2, frameon=False)
        return figure

    methods = ", ".join(dict.fromkeys(method_words(each, j.condition.effect) for j in judged))
    caption = f"{comparison(each)} in every condition with its 95 % interval ({methods}); line: no effect"
    caption += "; band: the margin." if margin is not None else "."
    said = "; ".join(
        f"{j.condition.name}: {effect(each, j.condition.effect)}, {condition_word(each, j)}" for j in judged
    )
    return Drawing(f"claim_{each.claim.id}", "Effect", caption, make, said)


def _log_where_wide(axes: Axes) -> None:
    """A ratio and its inverse at equal distances from 1, where a linear axis would crowd those below 1."""
    ends = [end for line in axes.lines for end in np.ravel(line.get_xdata()) if end > 0]
    if max(ends) / min(ends) > _WIDE:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())


def _curves(each: Evaluated) -> Drawing | None:
    """Kaplan–Meier: the share of runs that are still unsolved, a panel a condition."""
    shown = [m for m in each.measured if len(m.seeds) and not m.obstacle][:MOST_PANELS]
    if not shown:
        return None
    look = looks(each.claim.sides)
    unit = "steps" if each.claim.metric == "steps_to_threshold" else "seconds"

    def draw(axes: Axes, index: int) -> None:
        m = shown[index]
        for label, times, solved in zip(
            each.claim.sides, (m.first, m.second), (m.first_solved, m.second_solved), strict=True
        ):
            curve, own = kaplan_meier(times, solved), look[label]
            t = np.append(curve.time, max(m.horizon, float(curve.time[-1])))
            axes.step(t, np.append(curve.unsolved, curve.unsolved[-1]), where="post", color=own.colour,
                      linestyle=own.line, linewidth=1.8)  # fmt: skip
            bounds = [np.append(side, side[-1]) for side in (curve.low, curve.high)]
            axes.fill_between(t, bounds[0], bounds[1], step="post", color=own.colour, alpha=0.15, linewidth=0)
        axes.set_ylim(-0.03, 1.05)
        axes.set_xlim(left=0)
        axes.set_xlabel(f"{unit} of training")
        axes.set_ylabel("runs not yet solved (share)")
        axes.set_title("\n".join(textwrap.wrap(f"{m.name}: {_solved(each, index)}", 50)), loc="left", color=INK)

    def make(columns: int) -> Figure:
        across = min(columns, 2 if len(shown) == 4 else len(shown))  # four are a square, not three and one
        down = math.ceil(len(shown) / across)
        figure = Figure(figsize=(4.6 * across, 3.4 * down + 0.4), layout="constrained")
        places = list(figure.subplots(down, across, squeeze=False).flat)
        for index, axes in enumerate(places):
            if index < len(shown):
                draw(axes, index)
            else:
                axes.set_visible(False)
        legend(figure, look)
        return figure

    def _solved(each: Evaluated, index: int) -> str:
        m = shown[index]
        counts = zip(each.claim.sides, (m.first_solved, m.second_solved), strict=True)
        return ", ".join(f"{cell_name(label)} solved {int(done.sum())} of {len(done)}" for label, done in counts)

    caption = "Kaplan–Meier estimate with pointwise 95 % bounds (log-log; Wilson where it is still 1 or already 0). "
    caption += "Runs that the budget ended unsolved are censored there, not left out."
    left = sum(1 for m in each.measured if len(m.seeds) and not m.obstacle) - len(shown)
    caption += f" {left} more condition(s) are in the table." if left > 0 else ""
    said = "; ".join(f"{m.name}: {_solved(each, index)}" for index, m in enumerate(shown))
    return Drawing(f"unsolved_{each.claim.id}", "Unsolved runs over training", caption, make, said)
