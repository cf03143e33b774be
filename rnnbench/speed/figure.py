"""One figure: how much faster than torch.nn, and a GRU's time over an LSTM's against the arithmetic's 3/4."""

from __future__ import annotations

from typing import cast

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnbench.plots import look as style

GREYS = [style.Look("#000000", "o", "-"), style.Look("#6b6b6b", "s", "--"), style.Look("#a8a8a8", "^", ":"),
         style.Look("#d0d0d0", "D", "-.")]  # fmt: skip
"""Of backends, as they come: colours are the cells'."""


def draw(rows: pd.DataFrame) -> bytes:
    """A PNG from the rows of speed.csv: a line of two panels for each number of threads."""
    passes = rows[(rows["phase"] == "pass") & (rows["denormals"] == "flushed")]
    threads = sorted(passes["threads"].unique())
    with style.drawing_context():
        figure = Figure(figsize=(13, 3.6 * len(threads) + 0.6), layout="constrained")
        panels = figure.subplots(len(threads), 2, squeeze=False)
        for line, count in enumerate(threads):
            part = passes[passes["threads"] == count]
            _speed_up(cast(Axes, panels[line, 0]), part, count)
            _gru_over_lstm(cast(Axes, panels[line, 1]), part, count)
        return style.rendered(figure, "png")


def _speed_up(axes: Axes, rows: pd.DataFrame, threads: int) -> None:
    compared = rows[rows["over_torch"].notna()]
    backend = next((name for name in ("fused", "eager") if name in set(compared["backend"])), "torch")
    shown = compared[compared["backend"].eq(backend)]
    looks = style.looks(list(dict.fromkeys(shown["cell"])))
    for index, (cell, look) in enumerate(looks.items()):
        part = shown[shown["cell"].eq(cell)]
        _line(axes, rows, part, "over_torch", look, cell, _aside(index, len(looks)))
    least, most = shown["over_torch"].min(), shown["over_torch"].max()
    finding = (
        f"{backend}: {least:.1f} to {most:.1f} times as fast as torch.nn" if len(shown) else "torch has no such cell"
    )
    axes.set_ylabel("speed-up over torch.nn, ×")
    _finish(axes, rows, 1.0, f"{_threads(threads)}, forward and backward", finding)


def _gru_over_lstm(axes: Axes, rows: pd.DataFrame, threads: int) -> None:
    shown = rows[rows["cell"].eq("gru") & rows["of_lstm"].notna()]
    names = list(dict.fromkeys(shown["backend"]))
    found = []
    for index, backend in enumerate(names):
        part = shown[shown["backend"].eq(backend)]
        _line(axes, rows, part, "of_lstm", GREYS[index % len(GREYS)], backend, _aside(index, len(names)))
        found.append(f"{backend} {part['of_lstm'].min():.2f} to {part['of_lstm'].max():.2f}")
    axes.set_ylabel("time of GRU / time of LSTM")
    finding = "; ".join(found) or "not both cells are here"
    _finish(axes, rows, 0.75, f"{_threads(threads)}; line: 3/4, the ratio of their arithmetic", finding)


def _line(
    axes: Axes, rows: pd.DataFrame, part: pd.DataFrame, value: str, look: style.Look, label: str, aside: float
) -> None:
    sizes = _sizes(rows)
    at = [sizes.index(size) + aside for size in _names(part)]
    axes.plot(at, part[value], color=look.colour, marker=look.marker, linestyle=look.line, label=label)
    axes.vlines(at, part[f"{value}_p10"], part[f"{value}_p90"], color=look.colour, alpha=0.5, linewidth=3)


def _aside(index: int, count: int) -> float:
    """A step to the side, so that intervals do not cover one another."""
    return 0.09 * (index - (count - 1) / 2)


def _finish(axes: Axes, rows: pd.DataFrame, level: float, label: str, finding: str) -> None:
    sizes = _sizes(rows)
    axes.axhline(level, color=style.FAINT, linewidth=1.2, zorder=1)
    style.logarithmic(axes.yaxis)
    axes.set_xticks(range(len(sizes)), sizes, rotation=20, ha="right")
    axes.set_xlabel("B × T × I × H")
    style.title(axes, label, finding, width=62)
    spread = Line2D([], [], color=style.FAINT, alpha=0.5, linewidth=3, label="10th to 90th percentile")
    handles, _ = axes.get_legend_handles_labels()
    axes.legend(handles=[*handles, spread], frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _names(rows: pd.DataFrame) -> list[str]:
    return [f"{b}×{t}×{i}×{h}" for b, t, i, h in rows[["B", "T", "I", "H"]].itertuples(index=False)]


def _sizes(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(_names(rows)))
