"""What a step keeps for its backward pass."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from rnnbench.plots.panels import Drawing, Mark, chosen
from rnnbench.records.columns import short
from rnnbench.records.conditions import panels
from rnnbench.report.figures._costs import cost
from rnnbench.report.figures.base import Figure, Material
from rnnbench.report.summary import MEBIBYTE


class Memory(Figure):
    """Mebibytes: median over runs with the smallest and the largest."""

    order = 60
    name: ClassVar[str] = "memory"
    heading: ClassVar[str] = "Memory"
    column: ClassVar[str] = "saved_activation_bytes"
    caption: ClassVar[str] = (
        "Bytes that autograd saves for one step, counted: the same on every machine. Median over runs, with range."
    )

    def drawings(self, page: Material) -> list[Drawing]:
        known = page.runs[(page.runs["status"] == "ok") & page.runs[self.column].notna()]
        if known.empty:
            return []
        drawn, left_out = chosen(panels(known))
        axis = f"{short(self.column)} (MiB)"
        return [cost(self.name, self.heading, self.caption + left_out, self.column, axis, drawn, self._range)]

    def _range(self, part: pd.DataFrame, x: str) -> Mark:
        values = part[self.column].to_numpy(float) / MEBIBYTE
        return Mark(float(part[x].iloc[0]), float(np.median(values)), values.min(), values.max(), np.array([]))
