"""Which runs may be averaged: a condition is one value of every configuration key but the seed."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rnnbench.records import ASKED, COLUMNS, in_order, setting
from rnnbench.records.columns import along, with_role
from rnnbench.records.table import config_columns, decided_by_sisters

SHOWN = ("dataset", "seq_len", "cell", "hidden_size")
"""The keys that a table of conditions always has."""


def with_conditions(runs: pd.DataFrame) -> pd.DataFrame:
    """`runs` with a column `condition` (0, 1, …), the same for runs that differ only by seed.

    A run that failed before its null and auto keys were decided takes what its sisters of the same configuration got.
    """
    columns = config_columns(runs)
    runs = decided_by_sisters(runs, runs["status"] == "failed")
    by = ["dataset", "seq_len", "hidden_size_asked", "cell", *columns]
    runs = runs.assign(condition=runs.groupby(list(dict.fromkeys(by)), dropna=False, sort=True).ngroup())
    return runs.sort_values(["condition", "seed", "run_id"], kind="stable", ignore_index=True)


def mixed(runs: pd.DataFrame) -> str:
    """Of runs that would be pooled, in words that they are of more than one numerics; "" where they are not."""
    (column,) = with_role("numerics")
    found = sorted(runs[column].dropna().unique()) if column in runs else []
    if len(found) < 2:
        return ""
    return f"runs of numerics {' and '.join(map(str, found))} are not pooled: force=true repeats the older"


def lean(runs: pd.DataFrame) -> pd.DataFrame:
    """`runs` without what no figure shows, for the many small tables that figures are made of."""
    rest = [name for name in runs.columns if name not in COLUMNS]
    same = [name for name in config_columns(runs[rest]) if runs[name].nunique(dropna=False) < 2]
    facts = [name for name in rest if name.startswith("env_")]
    return runs.drop(columns=[*same, *facts, *with_role("date"), "name", "error"])


def shown_keys(runs: pd.DataFrame) -> list[str]:
    """Columns that tell conditions apart in a table: the four that always stand there, and whatever else varies."""
    keys = list(SHOWN)
    conditions = runs.drop_duplicates("condition")
    for name in config_columns(runs):
        if name in keys or name in ASKED.values():
            continue
        if _varies(conditions, name, ["cell"] if name.startswith("cell_") else ["dataset"]):
            keys.append(name)
    for name in ASKED.values():
        if conditions.duplicated(keys).any() and _varies(conditions, name, keys):
            keys.append(name)
    return keys


def _varies(frame: pd.DataFrame, name: str, within: Sequence[str]) -> bool:
    if frame[name].nunique(dropna=False) < 2:
        return False
    return bool((frame.groupby(list(within), dropna=False)[name].nunique(dropna=False) > 1).any())


def settings(runs: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Of the runs of one dataset: columns that vary whatever the cell, and tuned ones that go with the cell."""
    conditions = runs.drop_duplicates("condition")
    hidden = {"dataset", "cell", *with_role("twin")}
    found, tuned = [], []
    for name in config_columns(runs):
        if name in hidden or not _varies(conditions, name, ["cell" if name.startswith("cell_") else "dataset"]):
            continue
        if name == "forget_bias" and conditions[name].nunique() < 2:
            continue  # the other cells have no such gate
        each_cell = ["seq_len", "hidden_size_asked", "cell"]
        if name.startswith(with_role("tuned")) and not _varies(conditions, name, each_cell):
            tuned.append(name)
        else:
            found.append(name)
    return found, tuned


@dataclass(frozen=True)
class Panel:
    """Runs of one dataset that differ by cell, seed and `x`, and by nothing else but tuning."""

    dataset: str
    fixed: dict[str, Any]  # the settings that other panels of this dataset have another value of
    x: str  # column on the horizontal axis
    runs: pd.DataFrame
    tuned: tuple[str, ...] = ()
    named: tuple[str, ...] = ()  # as many of the fixed settings as tell the panels apart; the others go with them

    @property
    def setting(self) -> dict[str, Any]:
        return {name: self.fixed[name] for name in self.named}

    @property
    def label(self) -> str:
        return ", ".join([self.dataset, *(setting(name, value) for name, value in self.setting.items())])

    def cells(self) -> Iterator[tuple[str, pd.DataFrame]]:
        for cell in in_order(self.runs["cell"]):
            yield cell, self.runs[self.runs["cell"] == cell]


def panels(runs: pd.DataFrame, one_x: bool = False) -> list[Panel]:
    """Split `runs` (with conditions) for drawing. one_x: every panel has one value of its x."""
    found = []
    for dataset, part in runs.groupby("dataset", sort=True):
        varying, tuned = settings(part)
        numeric = [name for name in varying if _is_number(part[name]) and name not in with_role("numerics")]
        x = min(numeric, key=along, default="seq_len")
        rest = varying if one_x else [name for name in varying if name != x]
        named = telling(part, sorted(rest, key=lambda name: name != x))
        for values, runs_there in _groups(part, rest):
            fixed = dict(zip(rest, values, strict=True))
            found.append(Panel(str(dataset), fixed, x, runs_there, tuple(tuned), named))
    return found


def telling(runs: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """The first columns whose values say what all the others' are: grids of a study differ in many keys at once."""
    groups = runs[list(columns)].drop_duplicates()
    kept: list[str] = []
    told = 1
    for name in columns:
        more = len(groups[[*kept, name]].drop_duplicates())
        if more > told:
            kept, told = [*kept, name], more
    return tuple(kept)


def _groups(runs: pd.DataFrame, by: list[str]) -> Iterator[tuple[tuple[Hashable, ...], pd.DataFrame]]:
    """As groupby; but cells without a forget gate stand beside each bias of those that have one."""
    if "forget_bias" in by:
        place = by.index("forget_bias")
        for values, part in _groups(runs, by[:place] + by[place + 1 :]):
            bias = part["forget_bias"]
            for each in sorted(bias.dropna().unique()) or [None]:
                there = part if each is None else part[(bias == each) | bias.isna()]
                yield (*values[:place], each, *values[place:]), there
    elif not by:
        yield (), runs
    else:
        for values, part in runs.groupby(by, dropna=False, sort=True):
            yield values if isinstance(values, tuple) else (values,), part


def _is_number(values: pd.Series) -> bool:
    return (
        pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) and bool(values.notna().all())
    )
