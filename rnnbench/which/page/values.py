"""Where the cells differ on values: by step ahead, by series, and what was said beside what came."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rnnbench.plots.look import INK, Look
from rnnbench.plots.panels import Drawing
from rnnbench.records.numbers import number
from rnnbench.which.page.answers import NAIVE, Said
from rnnbench.which.page.look import NAIVE as NAIVE_LOOK
from rnnbench.which.page.look import keyed, one

MOST_SHOWN = 160
"""Steps of a drawn forecast."""

MOST_SERIES = 20


def whos_of(said: Sequence[Said]) -> list[int]:
    return [0, 1, *([NAIVE] if said and all(NAIVE in each.of for each in said) else [])]


def by_step(said: Sequence[Said], horizon: int, cells: tuple[str, str]) -> pd.DataFrame:
    """A row a step ahead: root of the mean squared error over all test rows, targets and splits."""
    whos = whos_of(said)
    found: dict[str, list[str]] = {"steps ahead": [str(step + 1) for step in range(horizon)]}
    for who in whos:
        squared = np.concatenate([each.errors(who).reshape(len(each.target), horizon, -1) ** 2 for each in said])
        rmse = np.sqrt(np.nanmean(squared, axis=(0, 2)))
        found[{0: cells[0], 1: cells[1], NAIVE: "naive"}[who] + " (RMSE)"] = [number(float(value), 4) for value in rmse]
    return pd.DataFrame(found)


def by_series(said: Sequence[Said], names: Sequence[str], cells: tuple[str, str]) -> pd.DataFrame:
    """A row a series, the largest difference first; names: of each example its series."""
    whos = whos_of(said)
    sums: dict[str, np.ndarray] = {}
    for each in said:
        squared = np.stack([np.nanmean((each.errors(who) ** 2).reshape(len(each.target), -1), axis=1) for who in whos])
        for row, example in enumerate(each.examples[: len(each.target)]):
            if np.isfinite(squared[:, row]).all():
                tally = sums.setdefault(names[int(example)], np.zeros(len(whos) + 1))
                tally += np.append(squared[:, row], 1)
    titles = [f"{name} (RMSE)" for name in (*cells, "naive")]
    found: list[tuple[float, dict[str, str]]] = []
    for name, tally in sums.items():
        rmse = np.sqrt(tally[:-1] / tally[-1])
        ratio = float(np.log(max(rmse[0], 1e-300) / max(rmse[1], 1e-300)))
        shown = {"series": name, "test rows": f"{int(tally[-1]):,}"}
        shown |= {title: number(float(value), 4) for title, value in zip(titles, rmse, strict=False)}
        found.append((abs(ratio), shown | {f"{cells[0]} / {cells[1]}": f"{np.exp(ratio):.3f}"}))
    found.sort(key=lambda each: -each[0])
    return pd.DataFrame([shown for _, shown in found[:MOST_SERIES]])


def forecast(last: Said, cells: tuple[str, str], look: tuple[Look, Look], naive: str, unit: str) -> Drawing:
    """A split's test rows of its first target, one step ahead, against what came; all in the unit of the file."""
    steps = min(MOST_SHOWN, len(last.target))

    def line(values: np.ndarray) -> np.ndarray:
        return values.reshape(len(values), -1)[:steps, 0]

    def make(_: int) -> Figure:
        figure, axes = one(height=3.2)
        x = np.arange(1, steps + 1)
        axes.plot(x, line(last.target), color=INK, linewidth=1.6, label="what came")
        if NAIVE in last.of:
            axes.plot(x, line(last.of[NAIVE]), color=NAIVE_LOOK.colour, linestyle=NAIVE_LOOK.line, linewidth=1.2,
                      label=f"naive: {naive}")  # fmt: skip
        for slot in (0, 1):
            axes.plot(x, line(last.of[slot]), color=look[slot].colour, linestyle=look[slot].line, linewidth=1.2,
                      label=cells[slot])  # fmt: skip
        axes.set_xlabel("rows of the last test block")
        axes.set_ylabel(unit)
        keyed(axes)
        return figure

    caption = f"The first {steps} rows of the last split's test block, the next step of each; cells: mean over seeds."
    return Drawing("forecast", "What was said beside what came", caption, make)


def scatter(said: Sequence[Said], cells: tuple[str, str], look: tuple[Look, Look], unit: str) -> Drawing:
    """A value a sequence: said against true, over all splits."""

    def make(_: int) -> Figure:
        figure, axes = one(height=4.2)
        true = np.concatenate([each.target.reshape(len(each.target), -1)[:, 0] for each in said])
        for slot in (0, 1):
            value = np.concatenate([each.of[slot].reshape(len(each.target), -1)[:, 0] for each in said])
            axes.plot(true, value, look[slot].marker, color=look[slot].colour, markersize=4, alpha=0.6,
                      markeredgewidth=0, label=cells[slot])  # fmt: skip
        low, high = np.nanmin(true), np.nanmax(true)
        axes.plot([low, high], [low, high], color=INK, linewidth=1, label="as it is")
        axes.set_xlabel(f"true {unit}")
        axes.set_ylabel(f"said {unit}")
        keyed(axes)
        return figure

    caption = "The test rows of all splits; a row that several splits tested stands there as often."
    return Drawing("scatter", "What was said beside what is so", caption, make)
