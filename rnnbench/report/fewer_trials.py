"""Which cell needs less tuning: the test score against how many of a tuning's trials there had been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rnnbench.plots.look import Look, title
from rnnbench.plots.panels import Drawing, grid
from rnnbench.records import in_order
from rnnbench.records.conditions import Panel
from rnnbench.records.names import cell_name
from rnnbench.records.numbers import number
from rnnbench.report.figures._scores import score_name
from rnnbench.report.figures.learning_curves import BEST, MOST_CELLS
from rnnbench.statistics import mean_best_of, mean_interval
from rnnbench.studies import Trial, Tuned, ranked

_CAPTION = (
    "The test score of the trial that validation would have chosen, had there been so few: the mean over all ways to "
    "draw so many of a tuning's trials, then over tunings; bars: 95 % Student t intervals over tunings. Trials that "
    "were given up early count with the score that they had then: the left of a curve is worse than it need be. "
    "No point stands where a draw may hold nothing but diverged trials."
)

_SCORE = ("metric", "unit", "higher_is_better")


def trials_needed(tuned: Sequence[Tuned], varying: Sequence[str], runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each combination that was tuned and each number of trials: dataset, what varies, cell, trials, mean,
    low, high, tunings, metric, unit, higher_is_better. runs: of load_results, with the trials."""
    by_id = runs.drop_duplicates("run_id").set_index("run_id")
    curves: dict[str, list[np.ndarray]] = {}
    told: dict[str, dict[str, Any]] = {}
    for each in tuned:
        if each.chosen is None or not all(run_id in by_id.index for trial in each.trials for run_id in trial.run_ids):
            continue
        rows = [by_id.loc[list(trial.run_ids)] for trial in each.trials]
        key = repr(sorted(each.settings.items()))
        curves.setdefault(key, []).append(mean_best_of([_score(rows[place]) for place in _best_first(each, rows)]))
        known = pd.concat(rows)
        known = known[known["metric"].notna()]
        named = {name: known[name].iloc[0] if len(known) else None for name in _SCORE}
        own = {name: rows[0][name].iloc[0] for name in ("dataset", "cell")}
        own |= {name: str(each.settings[name]) for name in varying if name in each.settings}
        told[key] = own | named
    found = []
    for key, some in curves.items():
        for trials, values in enumerate(np.array(some).T, start=1):
            interval = mean_interval(values) if not np.isnan(values).any() else None
            spread = {"mean": np.nan, "low": np.nan, "high": np.nan} if interval is None else {
                "mean": interval.estimate, "low": interval.low, "high": interval.high}  # fmt: skip
            found.append({**told[key], "trials": trials, **spread, "tunings": len(values)})
    return pd.DataFrame(found)


def trials_drawing(table: pd.DataFrame, varying: Sequence[str]) -> Drawing | None:
    """The table of `trials_needed` as panels, a dataset each; None where no tuning was repeated."""
    if table.empty or table["tunings"].max() < 2:
        return None
    drawn = list(map(_of_few, _panels(table[table["tunings"] > 1], varying)))
    most = table.groupby("dataset")["cell"].nunique().max()
    fewer = f" Drawn: {BEST} of {most} cells, the best with all trials; trials_needed.csv has all."
    found = "; ".join(f"{panel.label}: {_finding(panel)}" for panel in drawn)
    heading = "Test score against the number of trials"
    caption = _CAPTION + (fewer if most > MOST_CELLS else "")
    return Drawing("trials_needed", heading, caption, lambda columns: grid(drawn, _draw, columns), found)


def _best_first(each: Tuned, rows: Sequence[pd.DataFrame]) -> list[int]:
    """Places of the trials in the order in which they would be chosen: the longest trained, of these by the rule."""
    order = ranked([[_record(row) for _, row in own.iterrows()] for own in rows])
    return sorted(order, key=lambda place: -_rung(each.trials[place]))


def _rung(trial: Trial) -> int:
    return len(trial.all_run_ids) // len(trial.run_ids)


def _record(row: pd.Series) -> dict[str, Any]:
    """Of a table's row what the rule of choice reads."""
    loss, steps = row["valid_loss"], row["steps_to_threshold"]
    return {
        "status": row["status"],
        "metrics": {"valid": {row["metric"]: row["valid_score"], "loss": None if pd.isna(loss) else float(loss)}},
        "task": {"metric": row["metric"], "higher_is_better": bool(row["higher_is_better"])},
        "timing": {"steps_to_threshold": None if pd.isna(steps) else float(steps)},
    }


def _score(rows: pd.DataFrame) -> float:
    """Of a trial's seeds; NaN where one diverged."""
    ended = (rows["status"] == "ok").all()
    return float(rows["test_score"].astype(float).mean()) if ended else float("nan")


def _panels(table: pd.DataFrame, varying: Sequence[str]) -> Sequence[Panel]:
    """One for each dataset and setting of which a cell has several. A cell that has no such key stands in all."""
    found = []
    for dataset, own in table.groupby("dataset", sort=True):
        keys = [key for key in varying if key in own and own.groupby("cell")[key].nunique().max() > 1]
        asked = [
            {key: row[key] for key in keys if pd.notna(row[key])}
            for _, row in (own.drop_duplicates(keys) if keys else own[:1]).iterrows()
        ]
        for fixed in asked:
            if any(_within(fixed, other) and fixed != other for other in asked):
                continue
            there = [_within(_said(row, keys), fixed) for _, row in own.iterrows()]
            found.append(Panel(str(dataset), fixed, "trials", own[there], named=tuple(fixed)))
    return found


def _of_few(panel: Panel) -> Panel:
    """With its best cells alone, where lines of all would hide each other."""
    last = panel.runs.dropna(subset="mean").sort_values("trials").groupby("cell")["mean"].last()
    if len(last) <= MOST_CELLS:
        return panel
    higher = bool(panel.runs["higher_is_better"].iloc[0])
    best = last.sort_values(ascending=not higher, kind="stable").index[:BEST]
    return replace(panel, runs=panel.runs[panel.runs["cell"].isin(best)])


def _said(row: pd.Series, keys: Sequence[str]) -> dict[str, Any]:
    return {key: row[key] for key in keys if pd.notna(row[key])}


def _within(some: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return some.items() <= other.items()


def _draw(axes: Axes, panel: Panel, look: dict[str, Look]) -> None:
    for place, (cell, (colour, marker, line)) in enumerate(look.items()):
        own = panel.runs[panel.runs["cell"] == cell].dropna(subset="mean").sort_values("trials")
        if own.empty:
            continue
        at = own["trials"] + 0.12 * (place - (len(look) - 1) / 2)
        error = [own["mean"] - own["low"], own["high"] - own["mean"]]
        axes.errorbar(at, own["mean"], error, marker=marker, linestyle=line, color=colour, capsize=3, linewidth=1.4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("trials")
    axes.set_ylabel(score_name(panel.runs))
    title(axes, panel.label, _finding(panel))


def _finding(panel: Panel) -> str:
    """The mean with the fewest trials that have one, and with all."""
    parts = []
    for cell in in_order(panel.runs["cell"]):
        own = panel.runs[panel.runs["cell"] == cell].dropna(subset="mean").sort_values("trials")
        if len(own):
            first, last = own.iloc[0], own.iloc[-1]
            parts.append(f"{cell_name(cell)} {number(first['mean'])} with {first['trials']}, "
                         f"{number(last['mean'])} with {last['trials']}")  # fmt: skip
    return "; ".join(parts)
