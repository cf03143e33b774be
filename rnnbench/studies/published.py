"""A study's runs beside a published figure: our mean with its interval, and how it lies to theirs. No verdict."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from rnnbench.records.columns import better
from rnnbench.records.conditions import mixed
from rnnbench.statistics import Interval, mean_interval
from rnnbench.studies.definition import PublishedRow
from rnnbench.studies.selection import selected, several


@dataclass(frozen=True)
class Beside:
    """`ours`: mean of the runs that ended well, over n seeds. Runs that did not are counted and not in the mean."""

    row: PublishedRow
    dataset: str
    cell: str
    metric: str  # what ours is: the metric's name and unit
    ours: Interval
    parameters: float | None  # of the whole model, recurrent layers, encoder and head
    asked: int
    diverged: int
    failed: int
    missing: int
    better: str | None  # "lower" or "higher", where it is known
    obstacle: str = ""

    @property
    def holds(self) -> bool:
        """Whether our interval reaches the figure, which was rounded in print."""
        reach = self.row.rounding * (1 + 1e-9)
        return self.ours.low - reach <= self.row.number <= self.ours.high + reach

    @property
    def difference(self) -> float:
        """Ours − theirs."""
        return self.ours.estimate - self.row.number


def beside(row: PublishedRow, runs: pd.DataFrame) -> Beside:
    """What stands beside one figure. runs: as `records.with_missing` gives them."""
    own = selected(row.select, runs)
    ended = own["status"].isin(["ok", "diverged"])
    ok = own[own["status"] == "ok"]
    values = ok[row.metric].astype("float64").dropna() if row.metric in ok else pd.Series(dtype="float64")
    counts = {status: int((own["status"] == status).sum()) for status in ("diverged", "failed", "missing")}
    obstacle = several(own, ["seed"]) or mixed(own[ended])  # they have no common mean
    sizes = own.loc[ended, "total_parameters"].dropna()
    return Beside(
        row,
        dataset=_only(own, "dataset", row),
        cell=_only(own, "cell", row),
        metric=_metric(row, own),
        ours=mean_interval([] if obstacle else values.to_numpy(float)),
        parameters=float(sizes.median()) if len(sizes) else None,
        asked=len(own),
        better=_better(row, own),
        obstacle=obstacle,
        **counts,
    )


def _only(own: pd.DataFrame, column: str, row: PublishedRow) -> str:
    found = list(own[column].dropna().unique()) or [row.select.get(column, "")]
    return ", ".join(map(str, found))


def _metric(row: PublishedRow, own: pd.DataFrame) -> str:
    names, units = (list(own[column].dropna().unique()) for column in ("metric", "unit"))
    name = row.metric.replace("_", " ")
    if row.metric == "test_score":
        name = f"test {names[0]}" if len(names) == 1 else "test score"
    unit = row.unit or (str(units[0]) if row.metric == "test_score" and len(units) == 1 else "")
    return f"{name} ({unit})" if unit else name


def _better(row: PublishedRow, own: pd.DataFrame) -> str | None:
    if better(row.metric):
        return better(row.metric)
    said = own["higher_is_better"].dropna()
    if row.metric != "test_score" or said.empty:
        return None
    return "higher" if bool(said.iloc[0]) else "lower"
