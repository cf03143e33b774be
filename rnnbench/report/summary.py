"""The summary table: a row a condition, with what was measured, over how many runs, and what is not in the numbers."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.report.conditions import cell_name, key, said, shown_keys
from rnnbench.statistics import mean_interval

MEBIBYTE = 2**20


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a condition of `runs` (with conditions), plain numbers; NaN where nothing was measured.

    keys…, metric, runs, n (ok), diverged, failed, test_mean with test_low and test_high (95 % Student t over seeds),
    medians of steps and train_seconds over the n, threshold with solved of solved_of (ok and diverged) and the median
    of steps_to_threshold, step_ms (median, p10, p90: medians over runs not contended), contended, parameters, memory.
    """
    keys = shown_keys(runs)
    rows = [dict(zip(keys, part.iloc[0][keys], strict=True)) | _row(part) for _, part in runs.groupby("condition")]
    return pd.DataFrame(rows)


def _row(runs: pd.DataFrame) -> dict[str, Any]:
    ok = runs[runs["status"] == "ok"]
    results = runs[runs["status"] != "failed"]
    calm = ok[~ok["contended"].fillna(False).astype(bool)]
    score = mean_interval(ok["test_score"].to_numpy(float))
    solved, solved_of, to_threshold = steps_to_threshold(results)
    return {
        "metric": next(iter(runs["metric"].dropna()), None),
        "runs": len(runs),
        "n": len(ok),
        "diverged": int((runs["status"] == "diverged").sum()),
        "failed": int((runs["status"] == "failed").sum()),
        "test_mean": score.estimate,
        "test_low": score.low,
        "test_high": score.high,
        "steps": _median(ok["steps"]),
        "train_seconds": _median(ok["train_seconds"]),
        "threshold": _median(runs["budget_solved"]),
        "solved": solved,
        "solved_of": solved_of,
        "steps_to_threshold": to_threshold,
        "step_ms": _median(calm["step_ms_median"]),
        "step_ms_p10": _median(calm["step_ms_p10"]),
        "step_ms_p90": _median(calm["step_ms_p90"]),
        "contended": len(ok) - len(calm),
        "parameters": _median(results["total_parameters"]),
        "recurrent_parameters": _median(results["recurrent_parameters"]),
        "saved_MiB": _median(ok["saved_activation_bytes"]) / MEBIBYTE,
        "peak_MiB": _median(ok["peak_bytes"]) / MEBIBYTE,
    }


def steps_to_threshold(results: pd.DataFrame) -> tuple[int, int, float]:
    """(solved, of how many, median steps). Runs that never got there count as longer than any that did.

    So the median is infinite when half of the runs or more did not, and NaN when there was no threshold to reach.
    """
    asked = results[results["budget_solved"].notna()]
    steps = asked["steps_to_threshold"].astype("float64").fillna(math.inf).to_numpy()
    return int(np.isfinite(steps).sum()), len(asked), float(np.median(steps)) if len(asked) else math.nan


def _median(values: pd.Series) -> float:
    there = values.dropna().to_numpy(float)
    return float(np.median(there)) if len(there) else math.nan


def number(value: float, digits: int = 3) -> str:
    """A measured value to so many significant digits, without exponents where they can be had without; "–" for none."""
    if pd.isna(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if value == 0 or 1e-4 <= abs(value) < 10**digits:
        places = digits - 1 if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
        return f"{value:.{places}f}"
    return f"{value:,.0f}" if abs(value) < 1e9 and abs(value) >= 1 else f"{value:.{digits - 1}e}"


def count(value: float) -> str:
    """A whole number, or nearly; "–" for none."""
    return "–" if pd.isna(value) else f"{value:,.0f}"


def interval(estimate: float, low: float, high: float) -> str:
    """An estimate with its interval, as precise as the interval is narrow: "0.9917 [0.9881, 0.9953]"."""
    if math.isnan(estimate):
        return "–"
    if math.isnan(low):
        return number(estimate, 4)
    width = high - low
    largest = max(abs(estimate), 1e-12)
    size = math.log10(max(width, 1e-4 * largest))
    places = 4 if width == 0 else max(0, min(8, math.ceil(1.5 - size)))
    return f"{estimate:.{places}f} [{low:.{places}f}, {high:.{places}f}]"


def shown(summary: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The table as text for a reader: units in the heads, intervals and counts beside their numbers."""
    columns: dict[str, list[str]] = {}
    rows = summary.to_dict("records")
    for name in keys:
        columns[key(name)] = [cell_name(row[name]) if name == "cell" else said(row[name]) for row in rows]
    columns["metric"] = [said(row["metric"]) for row in rows]
    columns["test mean [95 % t interval]"] = [interval(r["test_mean"], r["test_low"], r["test_high"]) for r in rows]
    columns["n"] = [str(row["n"]) for row in rows]
    columns["diverged"] = [str(row["diverged"]) for row in rows]
    columns["failed"] = [str(row["failed"]) for row in rows]
    columns["steps (median)"] = [count(row["steps"]) for row in rows]
    columns["training (median, s)"] = [number(row["train_seconds"]) for row in rows]
    if summary["solved_of"].any():
        columns["solved"] = [f"{row['solved']}/{row['solved_of']}" if row["solved_of"] else "–" for row in rows]
        columns["steps to solve (median)"] = [
            "not by half" if math.isinf(row["steps_to_threshold"]) else count(row["steps_to_threshold"]) for row in rows
        ]
    columns["step (median [p10, p90], ms)"] = [_step_ms(row) for row in rows]
    columns["parameters"] = [count(row["parameters"]) for row in rows]
    columns["saved for backward (MiB)"] = [number(row["saved_MiB"]) for row in rows]
    if summary["peak_MiB"].notna().any():
        columns["peak (MiB)"] = [number(row["peak_MiB"]) for row in rows]
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
