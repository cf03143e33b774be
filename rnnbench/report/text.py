"""The sentences of the page: the answer first, then what a reader must know before believing it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rnnbench.errors import escaped
from rnnbench.records import cell_name, in_order, metric_name, named, said, setting
from rnnbench.records.columns import key, label
from rnnbench.records.conditions import mixed, settings
from rnnbench.records.numbers import interval
from rnnbench.records.table import Results
from rnnbench.report import timed_only
from rnnbench.report.findings import Comparison, headline, pairs, ratio
from rnnbench.report.summary import steps_to_threshold
from rnnbench.studies import WORDS, timed_wrongly

METHOD = (
    "Differences are paired by seed: cells of one seed see the same data in the same order. “Ahead”: the sign-flip "
    "test of the paired differences in the test score shows it at 5 %, shared by all comparisons of this page (Holm), "
    "over ten seeds or more; said of no cell that is not clearly better than chance and every baseline (its 95 % t "
    "interval), and not where the budget ended most runs of a cell while they were improving. “No difference that "
    "matters”: shown to be smaller than the margin beside it. “No clear difference” is not “the same”. Intervals are "
    "Student's t, one a comparison, not corrected for their number."
)
BESIDE = (
    "What the study claims is decided above; here are numbers alone: mean differences of pairs that share a seed, "
    "and so the data and their order, with their 95 % Student t intervals."
)


def answer(runs: pd.DataFrame, comparisons: Sequence[Comparison], timed: pd.Series | None = None) -> list[str]:
    """Who is ahead on each dataset and by how much, who solved it, and what each cell costs.

    timed: which of `runs` were trained only to be timed, so that `comparisons` has none of them.
    """
    found = []
    for dataset, part in (runs if timed is None else runs[~timed]).groupby("dataset", sort=True):
        here = [c for c in comparisons if c.panel.dataset == dataset]
        for members in pairs(here):
            found.append(f"{dataset}, {_metric(part)}: {_difference(members)}")
        if not here:
            found.append(f"{dataset}: {_alone(part)}")
        solved = _solved(part)
        if solved:
            found.append(f"{dataset}: {solved}")
    if timed is not None and timed.any():
        found.append(timed_only.words(runs, timed))
    calm = runs[(runs["status"] == "ok") & ~runs["contended"].fillna(False).astype(bool) & ~timed_wrongly(runs)]
    if costs := ratio(calm[calm["step_ms_median"].notna()], "step_ms_median"):
        how = "geometric mean of the ratios of one seed; no other run beside the runs timed"
        found.append(f"Time a {label('step_ms_median')} ({how}): {costs} – {_backends(calm)}.")
    for column in ("recurrent_parameters", "saved_activation_bytes"):
        if costs := ratio(runs[runs[column].notna()], column):
            found.append(f"{label(column).capitalize()}: {costs}.")
    return found


def _metric(runs: pd.DataFrame) -> str:
    known = runs[runs["metric"].notna()]
    if known.empty:
        return "no result yet"
    first = known.iloc[0]
    return f"{metric_name(first['metric'])} ({'higher' if first['higher_is_better'] else 'lower'} is better)"


def _difference(members: Sequence[Comparison]) -> str:
    if len(members) > 4 or members[0].difference.n < 2 or not members[0].named:
        words = headline(members)
        return f"{' and '.join(members[0].judged.claim.names)}: {words}." if members[0].named else f"{words}."
    parts = []
    for c in members:
        d, where = c.difference, ", ".join(setting(name, value) for name, value in c.setting.items())
        words = f"{c.word}{' at ' + where if where else ''}"
        known = f", {c.pair} = {interval(d.estimate, d.low, d.high)} (95 % t, n = {d.n} pairs)"
        parts.append(words if math.isnan(d.estimate) else words + known)
    return "; ".join(parts) + "."


def _alone(runs: pd.DataFrame) -> str:
    cells = ", ".join(cell_name(cell) for cell in in_order(runs["cell"]))
    ok = int((runs["status"] == "ok").sum())
    return f"nothing to compare: {cells} with {ok} run(s) that ended well, and no seed in common under one setting."


def _solved(runs: pd.DataFrame) -> str:
    results = runs[(runs["status"] != "failed") & runs["budget_solved"].notna()]
    if results.empty:
        return ""
    parts = []
    for cell in in_order(results["cell"]):
        solved, of, _ = steps_to_threshold(results[results["cell"] == cell])
        parts.append(f"{cell_name(cell)} in {solved} of {of} runs")
    goals = sorted(results["budget_solved"].unique())
    return (
        f"the threshold ({', '.join(f'{goal:g}' for goal in goals)} on validation) was reached by {', '.join(parts)}."
    )


def _backends(runs: pd.DataFrame) -> str:
    used = [f"{cell_name(cell)} through {', '.join(sorted(runs[runs['cell'] == cell]['backend'].dropna().unique()))}"
            for cell in in_order(runs["cell"])]  # fmt: skip
    return "as implemented here: " + "; ".join(used)


def counts(runs: pd.DataFrame) -> str:
    """How many runs of which end, and when the last ended."""
    ends = [f"{int((runs['status'] == status).sum())} {status}" for status in ("ok", "diverged", "failed")]
    last = runs["finished"].max()
    when = f" Last run finished {last:%Y-%m-%d %H:%M} UTC." if last == last else ""
    return f"{len(runs)} runs ({', '.join(ends)}) under {runs['condition'].nunique()} conditions.{when}"


def warnings(results: Results, runs: pd.DataFrame, directory: Path, of_study: bool = False) -> list[str]:
    """What is absent from the numbers or limits them: named records, gaps in the grid, unequal tuning.

    of_study: the grids are several, of seeds of their own, and what is missing is known from what was asked for.
    """
    found = []
    for status, words in (("diverged", "diverged and have no score"), ("failed", "failed and will be tried again")):
        these = runs[runs["status"] == status]
        if len(these):
            found.append(f"{len(these)} run(s) {words}: {named(list(these['run_id']))}.")
    if results.skipped:
        bad = named([escaped(f"{path.relative_to(directory)} ({problem})") for path, problem in results.skipped])
        found.append(f"{len(results.skipped)} record(s) could not be read, or are copies, and are left out: {bad}.")
    if results.unfinished:
        begun = named([escaped(path.name) for path in results.unfinished])
        found.append(f"{len(results.unfinished)} run(s) started without a record yet: {begun}.")
    for source, count in Counter(results.rebuilt).items():
        found.append(
            f"{count} record(s) were made again {source}, not written by their runs: what is not there is lost, such "
            "as the histories."
        )
    if of_two := mixed(runs):
        found.append(f"{of_two[:1].upper()}{of_two[1:]}.")
    if old := int(timed_wrongly(runs).sum()):
        found.append(f"Times of {old} run(s) are withdrawn: {WORDS}.")
    gaps = [] if of_study else _gaps(runs)
    if gaps:
        found.append(f"Incomplete: seeds that other conditions of the dataset have are missing in {named(gaps)}.")
    differing: dict[str, list[str]] = {}
    for dataset, part in runs.groupby("dataset", sort=True):
        for column in settings(part)[1]:
            values = {c: sorted({said(v) for v in part[part["cell"] == c][column]}) for c in in_order(part["cell"])}
            if len(set(map(tuple, values.values()))) == 1:
                continue  # it goes with another setting, and not with the cell
            cells: dict[str, list[str]] = {}
            for cell, each in values.items():
                cells.setdefault(", ".join(each), []).append(cell_name(cell))
            own = "; ".join(f"{value} of {', '.join(those)}" for value, those in cells.items())
            differing.setdefault(f"{key(column)} differs by cell: {own}.", []).append(str(dataset))
    found += [f"{', '.join(datasets)}: {words}" for words, datasets in differing.items()]
    known = runs[(runs["status"] == "ok") & (runs["parity_max_error"].isna())]
    if len(known):
        found.append(
            f"{len(known)} run(s) say nothing of a parity check of their backend: {named(list(known['run_id']))}."
        )
    return found


def _gaps(runs: pd.DataFrame) -> list[str]:
    found = []
    for _, part in runs.groupby("dataset", sort=True):
        seeds = set(part["seed"])
        for _, condition in part.groupby("condition", sort=True):
            absent = sorted(seeds - set(condition["seed"]))
            if absent:
                run_id = str(condition["run_id"].iloc[0])
                found.append(
                    f"the condition of {run_id} ({len(absent)} of {len(seeds)}: {named([str(s) for s in absent])})"
                )
    return found
