"""What there is to learn: parameters."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib import figure as canvas
from matplotlib.ticker import MaxNLocator

from rnnbench.plots.look import looks, title
from rnnbench.plots.panels import Drawing
from rnnbench.records import cell_name, in_order
from rnnbench.records.columns import label, short
from rnnbench.report.figures.base import Figure, Material
from rnnbench.report.findings import ratio

_MOST_BARS = 20


class Parameters(Figure):
    """Recurrent and other parameters of each cell at each width."""

    order = 40

    def drawings(self, page: Material) -> list[Drawing]:
        shape = ["dataset", "hidden_size", "num_layers", "cell", "recurrent_parameters", "total_parameters"]
        known = page.runs[shape].dropna().drop_duplicates(shape[1:])
        if known.empty:
            return []
        known = known.sort_values(["num_layers", "hidden_size", "dataset"], kind="stable")
        rank = {cell: index for index, cell in enumerate(in_order(known["cell"]))}
        groups = [g.sort_values("cell", key=lambda c: c.map(rank)) for _, g in known.groupby(shape[:3], sort=False)]
        bars = pd.concat(groups).head(_MOST_BARS)
        cut = f" Drawn: the first {_MOST_BARS} of {len(known)}; summary.csv has all." if len(known) > len(bars) else ""
        counted = page.runs[page.runs["recurrent_parameters"].notna()]
        found = ratio(counted, "recurrent_parameters") or "one cell only"
        caption = "Weights and biases. Solid: in the recurrent layers; hatched: encoder and head." + cut
        heading = label("total_parameters").capitalize()
        return [Drawing("parameters", heading, caption, lambda columns: _bars(bars, found, columns), found)]


def _bars(bars: pd.DataFrame, found: str, columns: int) -> canvas.Figure:
    width = 9.2 if columns > 1 else 4.6
    figure = canvas.Figure(figsize=(width, 1.5 + 0.34 * len(bars)), layout="constrained")
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
        name = f"{cell_name(bar['cell'])}, {short('hidden_size')} = {bar['hidden_size']}"
        name += (f", {bar['num_layers']} layers" if layers else "") + (f", {bar['dataset']}" if datasets else "")
        names.append(name)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set_xlim(0, 1.28 * float(bars["total_parameters"].max()))
    thousands = bars["total_parameters"].max() >= 1e4
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:g}k" if thousands and value else f"{value:,.0f}")
    axes.xaxis.set_major_locator(MaxNLocator(8 if width > 5 else 4))
    axes.set_xlabel(label("total_parameters"))
    title(axes, label("recurrent_parameters").capitalize(), found, width=math.floor(12 * width))
    return figure
