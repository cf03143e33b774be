"""The summary table: a row a condition, with what was measured, over how many runs, and what is not in the numbers."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.records import cell_name, said
from rnnbench.records.columns import head, key, short
from rnnbench.records.conditions import shown_keys
from rnnbench.records.numbers import count, interval, number
from rnnbench.statistics import iqm_interval, mean_interval

MEBIBYTE = 2**20
_TRIMS = 4  # runs from which on the inter-quartile mean leaves any out
_NONE = mean_interval([])


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a condition of `runs` (with conditions), plain numbers; NaN where nothing was measured.

    keys…, metric, runs, n (ok), diverged, failed, test_mean with test_low and test_high (95 % Student t over seeds),
    test_iqm, the inter-quartile mean, with its 95 % bootstrap interval, of four runs or more,
    medians of steps and train_seconds over the n, threshold with solved of solved_of (ok and diverged) and the median
    of steps_to_threshold, step_ms (median, p10, p90: medians over runs not contended), contended, parameters, memory.
    """
    keys = shown_keys(runs)
    first = runs.drop_duplicates("condition").set_index("condition")
    busy = runs["contended"].fillna(False).astype(bool)
    ok, ended = runs["status"] == "ok", runs["status"] != "failed"
    table = first[keys].copy()
    table["metric"] = runs.groupby("condition")["metric"].first()
    table["runs"] = runs.groupby("condition").size()
    for name, status in (("n", "ok"), ("diverged", "diverged"), ("failed", "failed")):
        table[name] = (runs["status"] == status).groupby(runs["condition"]).sum()
    scores = {condition: part.to_numpy(float) for condition, part in runs[ok].groupby("condition")["test_score"]}
    means = [mean_interval(scores.get(condition, np.empty(0))) for condition in table.index]
    table["test_mean"], table["test_low"], table["test_high"] = np.array(
        [(mean.estimate, mean.low, mean.high) for mean in means]
    ).T
    middles = [iqm_interval(scores[c]) if len(scores.get(c, ())) >= _TRIMS else _NONE for c in table.index]
    table["test_iqm"], table["test_iqm_low"], table["test_iqm_high"] = np.array(
        [(middle.estimate, middle.low, middle.high) for middle in middles]
    ).T
    table["steps"], table["train_seconds"] = _medians(runs[ok], "steps"), _medians(runs[ok], "train_seconds")
    table["threshold"] = _medians(runs, "budget_solved")
    columns = ["budget_solved", "steps_to_threshold"]
    results = {condition: steps_to_threshold(part) for condition, part in runs[ended].groupby("condition")[columns]}
    solved = [results.get(condition, (0, 0, math.nan)) for condition in table.index]
    for index, name in enumerate(("solved", "solved_of", "steps_to_threshold")):
        table[name] = [values[index] for values in solved]
    for name, column in (("step_ms", "step_ms_median"), ("step_ms_p10", "step_ms_p10"), ("step_ms_p90", "step_ms_p90")):
        table[name] = _medians(runs[ok & ~busy], column)
    table["contended"] = (ok & busy).groupby(runs["condition"]).sum()
    table["parameters"] = _medians(runs[ended], "total_parameters")
    table["recurrent_parameters"] = _medians(runs[ended], "recurrent_parameters")
    table["saved_MiB"] = _medians(runs[ok], "saved_activation_bytes") / MEBIBYTE
    table["peak_MiB"] = _medians(runs[ok], "peak_bytes") / MEBIBYTE
    return table.reset_index(drop=True)


def _medians(runs: pd.DataFrame, column: str) -> pd.Series:
    """The median of each condition, NaN where nothing is known."""
    return runs[column].astype("float64").groupby(runs["condition"]).median()


def steps_to_threshold(results: pd.DataFrame) -> tuple[int, int, float]:
    """(solved, of how many, median steps). Runs that never got there count as longer than any that did.

    So the median is infinite when half of the runs or more did not, and NaN when there was no threshold to reach.
    """
    asked = results[results["budget_solved"].notna()]
    steps = asked["steps_to_threshold"].astype("float64").fillna(math.inf).to_numpy()
    return int(np.isfinite(steps).sum()), len(asked), float(np.median(steps)) if len(asked) else math.nan


def shown(summary: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The table as text for a reader: units in the heads, intervals and counts beside their numbers."""
    columns: dict[str, list[str]] = {}
    rows = summary.to_dict("records")
    for name in keys:
        columns[key(name)] = [cell_name(row[name]) if name == "cell" else said(row[name]) for row in rows]
    columns["metric"] = [said(row["metric"]) for row in rows]
    columns["test mean [95 % t interval]"] = [interval(r["test_mean"], r["test_low"], r["test_high"]) for r in rows]
    if summary["test_iqm"].notna().any():
        columns["inter-quartile mean [95 % bootstrap]"] = [
            interval(r["test_iqm"], r["test_iqm_low"], r["test_iqm_high"]) for r in rows
        ]
    columns["n"] = [str(row["n"]) for row in rows]
    columns["diverged"] = [str(row["diverged"]) for row in rows]
    columns["failed"] = [str(row["failed"]) for row in rows]
    columns[head("steps", "median")] = [count(row["steps"]) for row in rows]
    columns[head("train_seconds", "median")] = [number(row["train_seconds"]) for row in rows]
    if summary["solved_of"].any():
        columns["solved"] = [f"{row['solved']}/{row['solved_of']}" if row["solved_of"] else "–" for row in rows]
        columns[head("steps_to_threshold", "median")] = [
            "over half did not" if math.isinf(row["steps_to_threshold"]) else count(row["steps_to_threshold"])
            for row in rows
        ]
    columns[head("step_ms_median", "median [p10, p90]")] = [_step_ms(row) for row in rows]
    columns[short("total_parameters")] = [count(row["parameters"]) for row in rows]
    columns[f"{short('saved_activation_bytes')} (MiB)"] = [number(row["saved_MiB"]) for row in rows]
    if summary["peak_MiB"].notna().any():
        columns[f"{short('peak_bytes')} (MiB)"] = [number(row["peak_MiB"]) for row in rows]
    return pd.DataFrame(columns)


def _step_ms(row: dict[Hashable, Any]) -> str:
    if math.isnan(row["step_ms"]):
        return "contended" if row["contended"] else "–"
    return f"{number(row['step_ms'])} [{number(row['step_ms_p10'])}, {number(row['step_ms_p90'])}]"


def markdown(table: pd.DataFrame) -> str:
    """A text table in Markdown."""
    head = [str(name).replace("|", "\\|") for name in table.columns]
    lines = [head, ["---"] * len(head)]
    lines += [[str(value).replace("|", "\\|") for value in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
