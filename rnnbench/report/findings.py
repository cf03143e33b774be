"""What the records say, in words: paired differences between cells, and ratios of what they cost.

Runs are paired by seed (one seed: the same data in the same order). A cell is called ahead only where the 95 % Student
t interval of the paired difference leaves zero out; intervals are one a condition, not corrected for their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rnnbench.records import cell_name, in_order, said
from rnnbench.records.columns import short
from rnnbench.records.conditions import Panel, panels
from rnnbench.statistics import Interval, mean_interval


@dataclass(frozen=True)
class Comparison:
    """Two cells under one setting: the mean of `first` − `second` over the seeds that both finished."""

    dataset: str
    setting: dict[str, Any]  # what tells it from the dataset's other comparisons
    fixed: dict[str, Any]  # all settings of which the others have another value
    first: str
    second: str
    metric: str
    higher_is_better: bool
    difference: Interval
    tuned: tuple[str, ...] = ()  # keys in which the two cells differ besides

    @property
    def ahead(self) -> str | None:
        """The better cell where the interval leaves zero out, else None."""
        if self.difference.n < 2 or self.difference.low <= 0 <= self.difference.high:
            return None
        return self.first if (self.difference.estimate > 0) == self.higher_is_better else self.second

    @property
    def verdict(self) -> str:
        if self.ahead:
            return f"{cell_name(self.ahead)} ahead"
        return "no clear difference" if self.difference.n > 1 else "one seed, no interval"


def compare(runs: pd.DataFrame) -> list[Comparison]:
    """Every cell against the LSTM (else the first cell there is), under every setting where both have a seed."""
    found = []
    for panel in panels(runs, one_x=True):
        scores = panel.runs[panel.runs["status"] == "ok"].drop_duplicates(["cell", "seed"])
        cells = in_order(scores["cell"])
        of_cell: dict[str, dict[int, float]] = {}
        for cell, seed, score in zip(scores["cell"], scores["seed"], scores["test_score"], strict=True):
            of_cell.setdefault(cell, {})[seed] = score
        for other in cells[1:]:
            first, second = of_cell[cells[0]], of_cell[other]
            differences = [first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())]
            if not differences:
                continue
            own = scores[scores["cell"].isin([cells[0], other])]
            if panel.fixed.get("forget_bias") is not None and own["forget_bias"].isna().all():
                continue  # neither has a forget gate: they are compared where none is named
            found.append(Comparison(
                panel.dataset, panel.setting, panel.fixed, cells[0], other, str(own["metric"].iloc[0]),
                bool(own["higher_is_better"].iloc[0]),
                mean_interval(differences),
                tuple(name for name in panel.tuned if own[name].nunique(dropna=False) > 1),
            ))  # fmt: skip
    return found


def of_panel(comparisons: Sequence[Comparison], panel: Panel) -> list[Comparison]:
    """The comparisons that a panel shows."""
    return [
        c for c in comparisons
        if c.dataset == panel.dataset and all(said(c.fixed.get(k)) == said(v) for k, v in panel.fixed.items())
    ]  # fmt: skip


def spoken(comparisons: Sequence[Comparison], over: Sequence[str] | None = None) -> str:
    """One line for two cells: "GRU ahead at T = 200; no clear difference from LSTM at T = 50, 100 (n = 3)".

    over: the settings to name (default: all of them). More than eight are counted, not listed.
    """
    if not comparisons:
        return ""
    by_verdict: dict[str, list[Comparison]] = {}
    for c in sorted(comparisons, key=lambda c: c.ahead is None):
        by_verdict.setdefault(c.verdict, []).append(c)
    parts = []
    for verdict, members in by_verdict.items():
        if len(comparisons) > 8:
            parts.append(f"{verdict} in {len(members)} of {len(comparisons)} conditions")
        else:
            where = _places(members, over)
            parts.append(f"{verdict}{' at ' + where if where else ''}")
    counts = {c.difference.n for c in comparisons}
    n = str(min(counts)) if len(counts) == 1 else f"{min(counts)}–{max(counts)}"
    others = "; ".join(parts)
    return f"{others} (n = {n})"


def _places(comparisons: Sequence[Comparison], over: Sequence[str] | None) -> str:
    names = [name for name in (over if over is not None else comparisons[0].setting) if name in comparisons[0].setting]
    if len(names) == 1:
        return f"{short(names[0])} = {', '.join(said(c.setting[names[0]]) for c in comparisons)}"
    return "; ".join(" ".join(f"{short(name)} = {said(c.setting[name])}" for name in names) for c in comparisons)


def pairs(comparisons: Sequence[Comparison]) -> list[tuple[str, str, list[Comparison]]]:
    """Comparisons by the two cells they compare."""
    found: dict[tuple[str, str], list[Comparison]] = {}
    for c in comparisons:
        found.setdefault((c.first, c.second), []).append(c)
    return [(first, second, members) for (first, second), members in found.items()]


def headline(comparisons: Sequence[Comparison], over: Sequence[str] | None = None, most: int = 2) -> str:
    """`spoken` for each of the first pairs of cells; names the pair where that is not clear."""
    found = pairs(comparisons)
    if len(found) == 1:
        return spoken(found[0][2], over)
    lines = [f"{cell_name(a)} and {cell_name(b)}: {spoken(members, over)}" for a, b, members in found[:most]]
    return "\n".join(
        [*lines, f"({len(found) - most} more in the table of differences)"] if len(found) > most else lines
    )


def ratio(runs: pd.DataFrame, column: str) -> str:
    """How much of `column` each cell takes against the LSTM (else the first cell): "GRU 0.75 × LSTM", or a range.

    The ratio of the conditions' medians under every setting that both cells have; "" when there is none.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for panel in panels(runs, one_x=True):
        medians = panel.runs.groupby("cell")[column].median().dropna().astype(float)
        cells = in_order(medians.index)
        for other in cells[1:]:
            if medians[cells[0]] > 0:
                found.setdefault((cells[0], other), []).append(float(medians[other] / medians[cells[0]]))
    parts, order = [], in_order(other for _, other in found)
    for base, other in sorted(found, key=lambda pair: order.index(pair[1])):
        ratios = found[base, other]
        low, high = f"{min(ratios):.2f}", f"{max(ratios):.2f}"
        parts.append(f"{cell_name(other)} {low if low == high else f'{low}–{high}'} × {cell_name(base)}")
    return "; ".join(parts)
