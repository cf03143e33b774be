"""How long a training step takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from rnnbench.plots.look import INK
from rnnbench.plots.panels import Drawing, Mark, chosen
from rnnbench.records.columns import axis
from rnnbench.records.conditions import panels
from rnnbench.report.figures._costs import cost
from rnnbench.report.figures.base import Figure, Material

_CAPTION = (
    "Forward, loss, backward, clip and optimizer step; data generation and evaluation outside. Median over a run's "
    "steps with p10–p90 (both: median over seeds). "
)


class StepTime(Figure):
    """Milliseconds a training step: median with p10–p90 over steps. Contended runs only where all were."""

    order = 30

    def drawings(self, page: Material) -> list[Drawing]:
        timed = page.runs[(page.runs["status"] == "ok") & page.runs["step_ms_median"].notna()]
        if timed.empty:
            return []
        busy = timed["contended"].fillna(False).astype(bool)
        hollow, kept_out = (len(timed), 0) if busy.all() else (0, int(busy.sum()))
        drawn, left_out = chosen(panels(timed if hollow else timed[~busy]), timed=True)
        caption = _CAPTION + _machines(timed) + left_out
        if kept_out:
            caption += f" {kept_out} run(s) timed while another ran beside them are kept out; nothing is claimed of "
            caption += "their times."
        if hollow:
            caption += f" Hollow: only runs timed while another ran beside them ({hollow}); not to be relied on."
        ring = Line2D([], [], color=INK, marker="o", markerfacecolor="none", linestyle="none", label="contended")
        column = "step_ms_median"
        return [cost("step_time", "Step time", caption, column, axis(column), drawn, _step, [ring] if hollow else [])]


def _step(part: pd.DataFrame, x: str) -> Mark:
    middle, low, high = (float(part[f"step_ms_{name}"].median()) for name in ("median", "p10", "p90"))
    return Mark(float(part[x].iloc[0]), middle, low, high, np.array([]), bool(part["contended"].fillna(False).any()))


def _machines(runs: pd.DataFrame) -> str:
    where = [name for name in ("env_cpu", "env_gpu", "device") if name in runs]
    kinds = runs[[*where, "threads"]].drop_duplicates()
    if len(kinds) > 1:
        return f"Timed on {len(kinds)} kinds of machine or thread count: compare only within one."
    first = kinds.iloc[0]
    names = [str(first[name]) for name in where if first[name] == first[name] and first[name]]
    threads = "" if pd.isna(first["threads"]) else f", {first['threads']} thread(s)"
    return f"Timed on {', '.join(names)}{threads}."
