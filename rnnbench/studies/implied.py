"""What a plain sweep claims by being run: under each setting that its cells share, whether they differ in their score.

Claims like any other, `direction: either`: a study that states them says the same of its runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.records import cell_name, in_order
from rnnbench.records.conditions import Panel, panels
from rnnbench.studies.claim import StudyClaim
from rnnbench.studies.kinds import BY_SEED


@dataclass(frozen=True)
class Implied:
    """A claim, and where on the page it belongs."""

    panel: Panel  # whose cells it compares
    claim: StudyClaim


def implied(runs: pd.DataFrame) -> list[Implied]:
    """Every cell beside the LSTM (else the first cell there is), under each setting. runs: with conditions."""
    found = []
    for panel in panels(runs, one_x=True):
        cells, seeds = (panel.runs[name].to_numpy() for name in ("cell", "seed"))
        first, *others = in_order(cells)
        for other in others:
            own = np.isin(cells, [first, other])
            if len(set(seeds[own])) == own.sum():
                continue  # no seed in common
            if panel.fixed.get("forget_bias") is not None and panel.runs["forget_bias"][own].isna().all():
                continue  # neither has a forget gate: they are compared where none is named
            found.append(Implied(panel, _claim(panel, other, first)))
    return found


def _claim(panel: Panel, cell: str, beside: str) -> StudyClaim:
    metric = panel.runs["metric"].dropna()
    name = f"{cell}-{beside}-{panel.label}"
    return StudyClaim(
        id=re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-"),
        statement=f"{cell_name(cell)} and {cell_name(beside)} differ in {metric.iloc[0] if len(metric) else 'score'}: "
        f"{panel.label}.",
        folklore="",
        kind=BY_SEED,
        metric="test_score",
        compare=(cell, beside),
        direction="either",
        select={"dataset": panel.dataset} | {name: _asked(name, value) for name, value in panel.fixed.items()},
        by=("dataset", *(name for name in panel.named if name != "forget_bias")),  # which one of the two may lack
        besides=panel.tuned,
    )


def _asked(column: str, value: Any) -> Any:
    """A setting's value as a claim selects it; of the forget bias also the cells that have none."""
    plain = None if pd.isna(value) else value.item() if hasattr(value, "item") else value
    return [plain, None] if column == "forget_bias" and plain is not None else plain
