"""One figure: how much faster than torch.nn, and a GRU's time over an LSTM's against the arithmetic's 3/4."""

from __future__ import annotations

from typing import cast

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnbench.report import style

SHADES = {"fused": ("#1b1b1b", "o", "-"), "torch": ("#0072B2", "s", "--"), "eager": ("#D55E00", "^", ":")}


def draw(rows: pd.DataFrame) -> bytes:
    """A PNG from the rows of speed.csv: a line of two panels for each number of threads."""
    passes = rows[rows["phase"] == "pass"]
    threads = sorted(passes["threads"].unique())
    with style.drawing_context():
        figure = Figure(figsize=(11, 3.6 * len(threads) + 0.6), layout="constrained")
        panels = figure.subplots(len(threads), 2, squeeze=False)
        for line, count in enumerate(threads):
            part = passes[passes["threads"] == count]
            _speed_up(cast(Axes, panels[line, 0]), part, count)
            _gru_over_lstm(cast(Axes, panels[line, 1]), part, count)
        return style.rendered(figure, "png")


def _speed_up(axes: Axes, rows: pd.DataFrame, threads: int) -> None:
    shown = rows[rows["backend"].eq("fused") & rows["over_torch"].notna()]
    shown = shown if len(shown) else rows[rows["backend"].eq("eager") & rows["over_torch"].notna()]
    sizes = _sizes(rows)
    looks = style.looks(list(dict.fromkeys(shown["cell"])))
    for cell, look in looks.items():
        _line(axes, sizes, shown[shown["cell"].eq(cell)], "over_torch", look.colour, look.marker, look.line, cell)
    axes.axhline(1, color=style.FAINT, linewidth=1.2)
    style.logarithmic(axes.yaxis)
    axes.set_ylabel("speed-up over torch.nn, ×")
    least, most = shown["over_torch"].min(), shown["over_torch"].max()
    backend = shown["backend"].iloc[0] if len(shown) else "fused"
    _finish(axes, sizes, f"{_threads(threads)}, forward and backward",
            f"{backend}: {least:.1f} to {most:.1f} times as fast as torch.nn")  # fmt: skip


def _gru_over_lstm(axes: Axes, rows: pd.DataFrame, threads: int) -> None:
    shown = rows[rows["cell"].eq("gru") & rows["of_lstm"].notna()]
    sizes = _sizes(rows)
    found = []
    for backend in dict.fromkeys(shown["backend"]):
        colour, marker, line = SHADES.get(backend, ("#009E73", "D", "-."))
        part = shown[shown["backend"].eq(backend)]
        _line(axes, sizes, part, "of_lstm", colour, marker, line, backend)
        found.append(f"{backend} {part['of_lstm'].min():.2f} to {part['of_lstm'].max():.2f}")
    axes.axhline(0.75, color=style.FAINT, linewidth=1.2)
    style.logarithmic(axes.yaxis)
    axes.set_ylabel("time of GRU / time of LSTM")
    _finish(axes, sizes, f"{_threads(threads)}, 3/4 is the arithmetic's", "; ".join(found))


def _line(
    axes: Axes, sizes: list[str], rows: pd.DataFrame, value: str, colour: str, marker: str, line: object, label: str
) -> None:
    at = [sizes.index(size) for size in _names(rows)]
    axes.plot(at, rows[value], color=colour, marker=marker, linestyle=line, label=label)  # type: ignore[arg-type]
    axes.vlines(at, rows[f"{value}_p10"], rows[f"{value}_p90"], color=colour, alpha=0.5, linewidth=3)


def _finish(axes: Axes, sizes: list[str], label: str, finding: str) -> None:
    axes.set_xticks(range(len(sizes)), sizes, rotation=20, ha="right")
    axes.set_xlabel("B × T × I × H")
    style.title(axes, label, finding, width=58)
    spread = Line2D([], [], color=style.FAINT, alpha=0.5, linewidth=3, label="10th to 90th percentile")
    handles, _ = axes.get_legend_handles_labels()
    axes.legend(handles=[*handles, spread], frameon=False, fontsize=8)


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _names(rows: pd.DataFrame) -> list[str]:
    return [f"{b}×{t}×{i}×{h}" for b, t, i, h in rows[["B", "T", "I", "H"]].itertuples(index=False)]


def _sizes(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(_names(rows)))
