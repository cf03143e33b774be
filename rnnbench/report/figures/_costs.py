"""What figures of costs share: a column along conditions, from zero on, and the ratio of the cells over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rnnbench.plots.look import Look, logarithmic, title
from rnnbench.plots.panels import Drawing, Mark, grid, marks
from rnnbench.records import cell_name
from rnnbench.records.columns import with_role
from rnnbench.records.conditions import Panel
from rnnbench.report.findings import ratio
from rnnbench.studies import times_withdrawn


def cost(
    name: str,
    heading: str,
    caption: str,
    column: str,
    axis: str,
    panels: Sequence[Panel],
    measure: Callable[[pd.DataFrame, str], Mark],
    extra: Sequence[Line2D] = (),
) -> Drawing:
    """measure: the runs of a condition and the panel's x → its mark. extra: more entries of the legend."""

    def draw(axes: Axes, panel: Panel, look: dict[str, Look]) -> None:
        found = marks(axes, panel, look, lambda part: measure(part, panel.x))
        lows, highs = [m.low for m in found if m.low == m.low], [m.high for m in found if m.high == m.high]
        if lows and min(lows) > 0 and max(highs) / min(lows) > 20:
            logarithmic(axes.yaxis)
        else:
            axes.set_ylim(0, 1.08 * axes.get_ylim()[1])  # room for a whole mark
        axes.set_ylabel(axis)
        title(axes, panel.label, findings[id(panel)])

    findings = {id(panel): _finding(panel, column) for panel in panels}  # drawn for a screen and for a phone
    found = "; ".join(f"{panel.label}: {findings[id(panel)]}" for panel in panels)
    return Drawing(name, heading, caption, lambda columns: grid(panels, draw, columns, extra), found)


def _finding(panel: Panel, column: str) -> str:
    cells = panel.runs["cell"].unique()
    if column in with_role("time") and times_withdrawn(panel.runs):
        return "withdrawn: see docs/timing.md"
    if column in with_role("time") and panel.runs["contended"].fillna(False).any():
        return "contended: nothing is claimed"
    alone = f"{cell_name(cells[0])} alone" if len(cells) == 1 else "no pair to compare"
    return ratio(panel.runs, column) or alone
