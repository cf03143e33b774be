"""One figure: how much faster than torch.nn, and a GRU's time over an LSTM's against the arithmetic's 3/4."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnbench.plots import look as style

MARKS: dict[str, tuple[str, Any]] = {
    "fused": ("o", "-"), "torch": ("s", "--"), "torch_cell": ("p", "-."), "eager": ("v", ":"), "compile": ("^", "--"),
    "jax": ("D", "-."), "onnxruntime": ("P", (0, (5, 1)))}  # fmt: skip
"""Marker and line of each backend; another's are a star and dots. Colours are the cells'."""
OTHER = ("*", ":")
GREYS = ("#000000", "#6b6b6b", "#a8a8a8")
"""In turn, where a line is of two cells."""

SETTING = ["pass", "steps", "loss", "layers", "input_grad"]
WORDS = {"train": "forward and backward", "forward": "forward alone"}


def draw(rows: pd.DataFrame) -> bytes:
    """A PNG from the rows of speed.csv: a line of two panels for each setting and number of threads, the second where
    both cells are there."""
    whole = rows["phase"].eq(rows["pass"].map({"train": "pass", "forward": "forward"}))
    shown = rows[whole & rows["denormals"].eq("flushed") & rows["used_threads"].eq(rows["threads"])]
    groups = [part for _, part in shown.fillna({"loss": ""}).groupby([*SETTING, "threads"], sort=False)]
    with style.drawing_context():
        both = bool((shown["cell"].eq("gru") & shown["of_lstm"].notna()).any())
        figure = Figure(figsize=(13 if both else 6.5, 3.6 * len(groups) + 0.6), layout="constrained")
        panels = figure.subplots(len(groups), 2 if both else 1, squeeze=False)
        for line, part in enumerate(groups):
            _speed_up(cast(Axes, panels[line, 0]), part)
            if both:
                _gru_over_lstm(cast(Axes, panels[line, 1]), part)
        return style.rendered(figure, "png")


def _speed_up(axes: Axes, rows: pd.DataFrame) -> None:
    compared = rows[rows["over_torch"].notna() & rows["backend"].ne("torch")]
    looks = style.looks(list(dict.fromkeys(compared["cell"])))
    lines = list(dict.fromkeys(zip(compared["cell"], compared["backend"], strict=True)))
    found: dict[str, tuple[float, float]] = {}
    for index, (cell, backend) in enumerate(lines):
        part = compared[compared["cell"].eq(cell) & compared["backend"].eq(backend)]
        look = style.Look(looks[cell].colour, *MARKS.get(backend, OTHER))
        _line(axes, rows, part, "over_torch", look, f"{cell}, {backend}", _aside(index, len(lines)))
        low, high = found.get(backend, (float("inf"), 0.0))
        found[backend] = (min(low, part["over_torch"].min()), max(high, part["over_torch"].max()))
    finding = "; ".join(_range(backend, *both) for backend, both in found.items())
    axes.set_ylabel("speed-up over torch.nn, ×")
    _finish(
        axes, rows, 1.0, _words(rows), f"times as fast as torch.nn: {finding}" if finding else "torch has no such cell"
    )


def _gru_over_lstm(axes: Axes, rows: pd.DataFrame) -> None:
    shown = rows[rows["cell"].eq("gru") & rows["of_lstm"].notna()]
    names = list(dict.fromkeys(shown["backend"]))
    found = []
    for index, backend in enumerate(names):
        part = shown[shown["backend"].eq(backend)]
        look = style.Look(GREYS[index % len(GREYS)], *MARKS.get(backend, OTHER))
        _line(axes, rows, part, "of_lstm", look, backend, _aside(index, len(names)))
        found.append(_range(backend, part["of_lstm"].min(), part["of_lstm"].max()))
    axes.set_ylabel("time of GRU / time of LSTM")
    finding = "; ".join(found) or "not both cells are here"
    _finish(axes, rows, 0.75, "line: 3/4, the ratio of their arithmetic", finding)


def _line(
    axes: Axes, rows: pd.DataFrame, part: pd.DataFrame, value: str, look: style.Look, label: str, aside: float
) -> None:
    sizes = _sizes(rows)
    at = [sizes.index(size) + aside for size in _names(part)]
    axes.plot(at, part[value], color=look.colour, marker=look.marker, linestyle=look.line, label=label)
    axes.vlines(at, part[f"{value}_p10"], part[f"{value}_p90"], color=look.colour, alpha=0.5, linewidth=3)


def _range(backend: str, low: float, high: float) -> str:
    """Spaces that no line is broken at."""
    return f"{backend} {low:.2g} to {high:.2g}".replace(" ", "\u00a0")


def _aside(index: int, count: int) -> float:
    """A step to the side, so that intervals do not cover one another."""
    return min(0.09, 0.6 / count) * (index - (count - 1) / 2)


def _finish(axes: Axes, rows: pd.DataFrame, level: float, label: str, finding: str) -> None:
    sizes = _sizes(rows)
    axes.axhline(level, color=style.FAINT, linewidth=1.2, zorder=1)
    style.logarithmic(axes.yaxis)
    axes.set_xticks(range(len(sizes)), sizes, rotation=20, ha="right")
    axes.set_xlim(-0.5, len(sizes) - 0.5)
    axes.set_xlabel("B × T × I × H")
    style.title(axes, label, finding, width=72)
    spread = Line2D([], [], color=style.FAINT, alpha=0.5, linewidth=3, label="10th to 90th percentile")
    handles, _ = axes.get_legend_handles_labels()
    axes.legend(handles=[*handles, spread], frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def _words(rows: pd.DataFrame) -> str:
    """The setting and the number of threads, as the first line of a panel."""
    row = rows.iloc[0]
    parts = ["1 thread" if row["threads"] == 1 else f"{row['threads']} threads"]
    parts += ["one step a call" if row["steps"] == "call" else WORDS[row["pass"]]]
    parts += ["loss of the last step"] if row["loss"] == "last" else []
    parts += [f"{row['layers']} layers"] if row["layers"] > 1 else []
    parts += ["gradient of the input"] if row["input_grad"] else []
    return ", ".join(parts)


def _names(rows: pd.DataFrame) -> list[str]:
    return [f"{b}×{t}×{i}×{h}" for b, t, i, h in rows[["B", "T", "I", "H"]].itertuples(index=False)]


def _sizes(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(_names(rows)))
