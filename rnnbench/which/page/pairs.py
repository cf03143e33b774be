"""The difference of the two cells, pair by pair, with its interval and the margin: what the answer is made from."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from rnnbench.plots.look import FAINT, INK
from rnnbench.plots.panels import Drawing
from rnnbench.which.answer import Decision, Terms
from rnnbench.which.page.look import keyed, one
from rnnbench.which.words import margin


def drawing(decision: Decision, terms: Terms, cells: tuple[str, str], metric: str) -> Drawing:
    interval = decision.difference
    relative = terms.better == "lower"

    def shown(value: float) -> float:
        """Of errors how much lower the first cell's is, in percent of the second's."""
        return -100 * math.expm1(-value) if relative else value

    def make(_: int) -> Figure:
        figure, axes = one(height=2.7)
        points = np.array([shown(d) for d in decision.differences])
        rows = np.random.default_rng(0).uniform(-0.18, 0.18, len(points))
        at, low, high = shown(interval.estimate), shown(interval.low), shown(interval.high)
        edges = [shown(edge) for edge in (-terms.additive_margin, terms.additive_margin)]
        axes.axvspan(*edges, color="#e6e6e6", label=f"margin: {margin(terms)}", zorder=1)
        axes.axvline(0, color=FAINT, linewidth=1, zorder=2)
        axes.plot(points, 1 + rows, "o", color=FAINT, alpha=0.6, markersize=5, markeredgewidth=0, label="one pair")
        bars = None if math.isnan(low) else [[at - low], [high - at]]
        axes.errorbar(at, 0.4, xerr=bars, fmt="D", color=INK, capsize=4, markersize=7, linewidth=1.8,
                      label="mean, 95 % interval", zorder=4)  # fmt: skip
        axes.set_ylim(0, 1.6)
        axes.set_yticks([])
        reach = 1.1 * max(abs(value) for value in (*points, *edges, low, high) if not math.isnan(value))
        axes.set_xlim(-reach, reach)
        axes.set_xlabel(
            f"how much lower {cells[0]}'s {metric} is (% of {cells[1]}'s)" if relative
            else f"{metric}, {cells[0]} − {cells[1]}", fontsize=8.5
        )  # fmt: skip
        for x, side, name in ((0.01, "left", f"← {cells[1]} better"), (0.99, "right", f"{cells[0]} better →")):
            axes.text(x, 0.97, name, transform=axes.transAxes, ha=side, va="top", fontsize=8.5, color=INK)
        keyed(axes)
        return figure

    caption = (
        "Each dot is one split of the data, scored once on rows that nothing else saw; the interval is "
        f"{interval.method}, n = {interval.n}."
    )
    return Drawing("pairs", f"{cells[0]} against {cells[1]}, pair by pair", caption, make)
