"""Figures of what it cost: step time, parameters, memory."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rnnbench.plots.look import INK, Look, logarithmic, looks, title
from rnnbench.plots.panels import Drawing, Mark, chosen, grid, marks
from rnnbench.records import cell_name, in_order
from rnnbench.records.conditions import Panel, panels
from rnnbench.report.findings import ratio
from rnnbench.report.summary import MEBIBYTE

_MOST_BARS = 20


def step_time(runs: pd.DataFrame) -> Drawing | None:
    """Milliseconds a training step: median with p10–p90 over steps. Contended runs only where all were."""
    timed = runs[(runs["status"] == "ok") & runs["step_ms_median"].notna()]
    if timed.empty:
        return None
    busy = timed["contended"].fillna(False).astype(bool)
    hollow, kept_out = (len(timed), 0) if busy.all() else (0, int(busy.sum()))
    drawn, left_out = chosen(panels(timed if hollow else timed[~busy]), timed=True)

    def measure(part: pd.DataFrame, x: str) -> Mark:
        middle, low, high = (float(part[f"step_ms_{name}"].median()) for name in ("median", "p10", "p90"))
        hollow = bool(part["contended"].fillna(False).any())
        return Mark(float(part[x].iloc[0]), middle, low, high, np.array([]), hollow)

    caption = (
        "Forward, loss, backward, clip and optimizer step; data generation and evaluation outside. Median over a run's "
        "steps with p10–p90 (both: median over seeds). " + _machines(timed) + left_out
    )
    if kept_out:
        caption += (
            f" {kept_out} run(s) timed while another ran beside them are kept out; nothing is claimed of their times."
        )
    if hollow:
        caption += f" Hollow: only runs timed while another ran beside them ({hollow}); not to be relied on."
    ring = Line2D([], [], color=INK, marker="o", markerfacecolor="none", linestyle="none", label="contended")
    return _measured(drawn, "step_time", "Step time", caption, "ms a training step", measure, "step_ms_median",
                     [ring] if hollow else [])  # fmt: skip


def memory(runs: pd.DataFrame, column: str = "saved_activation_bytes") -> Drawing | None:
    """Mebibytes: what autograd saves for one step, or the device's peak."""
    known = runs[(runs["status"] == "ok") & runs[column].notna()]
    if known.empty:
        return None
    drawn, left_out = chosen(panels(known))

    def measure(part: pd.DataFrame, x: str) -> Mark:
        values = part[column].to_numpy(float) / MEBIBYTE
        return Mark(float(part[x].iloc[0]), float(np.median(values)), values.min(), values.max(), np.array([]))

    if column == "peak_bytes":
        words = "The device's peak, evaluation included: median over runs with the smallest and the largest."
        return _measured(drawn, "peak_memory", "Peak memory", words + left_out, "peak (MiB)", measure, column)
    words = "Bytes that autograd saves for one step, counted: the same on every machine. Median over runs, with range."
    return _measured(drawn, "memory", "Memory", words + left_out, "saved for backward (MiB)", measure, column)


def _measured(drawn, name, heading, caption, axis, measure, column, extra=()) -> Drawing:  # type: ignore[no-untyped-def]
    def finding(panel: Panel) -> str:
        cells = panel.runs["cell"].unique()
        if column == "step_ms_median" and panel.runs["contended"].fillna(False).any():
            return "contended: nothing is claimed"
        return ratio(panel.runs, column) or (
            f"{cell_name(cells[0])} alone" if len(cells) == 1 else "no pair to compare"
        )

    def draw(axes: Axes, panel: Panel, look: dict[str, Look]) -> None:
        found = marks(axes, panel, look, lambda part: measure(part, panel.x))
        lows, highs = [m.low for m in found if m.low == m.low], [m.high for m in found if m.high == m.high]
        if lows and min(lows) > 0 and max(highs) / min(lows) > 20:
            logarithmic(axes.yaxis)
        else:
            axes.set_ylim(0, 1.08 * axes.get_ylim()[1])  # room for a whole mark
        axes.set_ylabel(axis)
        title(axes, panel.label, finding(panel))

    return Drawing(name, heading, caption, lambda columns: grid(drawn, draw, columns, extra),
                   "; ".join(f"{panel.label}: {finding(panel)}" for panel in drawn))  # fmt: skip


def _machines(runs: pd.DataFrame) -> str:
    where = [name for name in ("env_cpu", "env_gpu", "device") if name in runs]
    kinds = runs[[*where, "threads"]].drop_duplicates()
    if len(kinds) > 1:
        return f"Timed on {len(kinds)} kinds of machine or thread count: compare only within one."
    first = kinds.iloc[0]
    names = [str(first[name]) for name in where if first[name] == first[name] and first[name]]
    threads = "" if pd.isna(first["threads"]) else f", {first['threads']} thread(s)"
    return f"Timed on {', '.join(names)}{threads}."


def parameters(runs: pd.DataFrame) -> Drawing | None:
    """Recurrent and other parameters of each cell at each width."""
    shape = ["dataset", "hidden_size", "num_layers", "cell", "recurrent_parameters", "total_parameters"]
    known = runs[shape].dropna().drop_duplicates(shape[1:])
    if known.empty:
        return None
    known = known.sort_values(["num_layers", "hidden_size", "dataset"], kind="stable")
    rank = {cell: index for index, cell in enumerate(in_order(known["cell"]))}
    groups = [g.sort_values("cell", key=lambda c: c.map(rank)) for _, g in known.groupby(shape[:3], sort=False)]
    known = pd.concat(groups)
    left_out = (
        f" Drawn: the first {_MOST_BARS} of {len(known)}; summary.csv has all." if len(known) > _MOST_BARS else ""
    )
    bars = known.head(_MOST_BARS)
    found = ratio(runs[runs["recurrent_parameters"].notna()], "recurrent_parameters") or "one cell only"

    def make(columns: int) -> Figure:
        return _bars(bars, found, 9.2 if columns > 1 else 4.6)

    caption = "Weights and biases. Solid: in the recurrent layers; hatched: encoder and head." + left_out
    return Drawing("parameters", "Parameters", caption, make, found)


def _bars(bars: pd.DataFrame, found: str, width: float) -> Figure:
    figure = Figure(figsize=(width, 1.5 + 0.34 * len(bars)), layout="constrained")
    axes = figure.subplots()
    look = looks(list(bars["cell"]))
    datasets, layers = bars["dataset"].nunique() > 1, bars["num_layers"].nunique() > 1
    names = []
    for y, bar in enumerate(bars.to_dict("records")):
        colour = look[bar["cell"]].colour
        recurrent, total = int(bar["recurrent_parameters"]), int(bar["total_parameters"])
        axes.barh(y, recurrent, color=colour, height=0.7)
        axes.barh(y, total - recurrent, left=recurrent, color="white", edgecolor=colour, hatch="////", height=0.7)
        axes.annotate(f" {recurrent:,} + {total - recurrent:,}", (total, y), va="center", fontsize=8)
        name = f"{cell_name(bar['cell'])}, h = {bar['hidden_size']}"
        name += (f", {bar['num_layers']} layers" if layers else "") + (f", {bar['dataset']}" if datasets else "")
        names.append(name)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set_xlim(0, 1.28 * float(bars["total_parameters"].max()))
    thousands = bars["total_parameters"].max() >= 1e4
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:g}k" if thousands and value else f"{value:,.0f}")
    axes.xaxis.set_major_locator(MaxNLocator(8 if width > 5 else 4))
    axes.set_xlabel("parameters")
    title(axes, "Recurrent parameters", found, width=math.floor(12 * width))
    return figure
