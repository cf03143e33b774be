"""Times of different machines: never averaged, each kept with the machine that took it."""

from __future__ import annotations

import pandas as pd

from rnnbench.records import cell_name, said
from rnnbench.records.columns import head, key, with_role
from rnnbench.records.conditions import panels
from rnnbench.records.numbers import number

PLACE = ("env_cpu", "env_gpu", "env_fused_isa", "device")
"""What makes the times of two conditions comparable: a machine here is one value of each."""

KIND = (*PLACE, "threads")
"""And of two runs of one condition, whose cell and width do not choose the number of threads."""

NOTE = (
    "Medians over the runs of one condition that were timed alone on one machine, each with its threads and "
    "instruction set. Nothing else on this page compares or averages times of two of them."
)

AND_BYTES = " And so are bytes of different devices."


def machine(runs: pd.DataFrame, by: tuple[str, ...] = KIND) -> pd.Series:
    """In words, of each run; "" of one that was not timed."""
    kinds = runs[[name for name in by if name in runs]]
    groups = kinds.groupby(list(kinds.columns), dropna=False, sort=False).ngroup()
    each = kinds[~groups.duplicated()]
    words = [
        ", ".join(_word(str(name), value) for name, value in row.items() if not (pd.isna(value) or value == ""))
        for row in each.to_dict("records")
    ]
    return groups.map(dict(enumerate(words))).where(runs["step_ms_median"].notna(), "").astype("string")


def elsewhere(runs: pd.DataFrame) -> pd.Series:
    """Of each of `runs` (with conditions), whether its times are of another machine than those beside it.

    Beside it: the runs of its condition, and all that stand in one panel with them, other cells and lengths. The one
    machine is that which timed most runs of all or, where it timed none of them, most of those.
    """
    place = machine(runs, PLACE)
    found = pd.Series(False, index=runs.index)
    if place[place != ""].nunique() > 1:
        found = _others(place, runs["condition"].map(_together(runs)))
    return found | _others(machine(runs).mask(found, ""), runs["condition"])


def _others(where: pd.Series, groups: pd.Series) -> pd.Series:
    timed = where[where != ""]
    if timed.empty:
        return pd.Series(False, index=where.index)
    first = timed.value_counts().index[0]
    kept = {
        group: first if first in counts.index else counts.index[0]
        for group, part in timed.groupby(groups)
        if len(counts := part.value_counts())
    }
    return ((where != "") & (where != groups.map(kept))).astype(bool)


def _together(runs: pd.DataFrame) -> dict[int, int]:
    """Condition → the first of those that it shares a panel with, or shares one with others that do."""
    first = {condition: condition for condition in runs["condition"].unique()}
    for panel in panels(runs):
        joined = {first[condition] for condition in panel.runs["condition"].unique()}
        first = {condition: min(joined) if of in joined else of for condition, of in first.items()}
    return first


def of_one_machine(runs: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """`runs` with the times of `elsewhere` blank, the bytes too where they are of another device, and a line that says
    so; unchanged, with "", where there are none."""
    others = elsewhere(runs)
    if not others.any():
        return runs, ""
    where = machine(runs)
    first = where[(where != "") & ~others].value_counts().index[0]
    times = [name for name in with_role("time") if name in runs]
    bytes_ = [name for name in with_role("memory") if name in runs]
    kept = runs["device"][(where != "") & ~others].mode().iloc[0]
    other_device = others & runs["device"].ne(kept).fillna(False).astype(bool)
    line = (
        "Times of different machines are kept apart: those of figures, of ratios and of the table of conditions are of "
        f"one wherever they stand beside one another, {first} where it has any; {int(others.sum())} runs were timed "
        f"elsewhere, see Times of each machine.{AND_BYTES if other_device.any() else ''}"
    )
    masks = dict.fromkeys(times, others) | dict.fromkeys(bytes_, other_device)
    return runs.assign(**{name: runs[name].mask(mask) for name, mask in masks.items()}), line


def times_of_each(runs: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """A row a condition and machine, for a reader; empty where no run was timed `elsewhere`.

    runs: with conditions, of which `keys` are the columns that tell them apart.
    """
    if not elsewhere(runs).any():
        return pd.DataFrame()
    where = machine(runs)
    busy = runs["contended"].fillna(False).astype(bool)
    own = runs.assign(machine=where)[(runs["status"] == "ok") & (where != "") & ~busy]
    rows = []
    for (_, name), part in own.groupby(["condition", "machine"], sort=True):
        first = part.iloc[0]
        row = {key(k): cell_name(first[k]) if k == "cell" else said(first[k]) for k in keys}
        row |= {"machine": str(name), "runs": str(len(part))}
        row[head("train_seconds", "median")] = number(float(part["train_seconds"].median()))
        row[head("step_ms_median", "median")] = number(float(part["step_ms_median"].median()))
        rows.append(row)
    return pd.DataFrame(rows)


def _word(name: str, value: object) -> str:
    return f"{value} thread(s)" if name == "threads" else str(value)
