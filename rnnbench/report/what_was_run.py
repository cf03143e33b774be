"""What was run on each dataset: a row each, values that vary listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from rnnbench.records import cell_name, in_order, said
from rnnbench.records.columns import label, short, unit, with_role
from rnnbench.records.numbers import count

_MOST_RATES = 3


def what_was_run(runs: pd.DataFrame, tuned: Sequence[str] = ()) -> pd.DataFrame:
    """A row a dataset, all text. tuned: keys whose values trials chose, such as "optimizer.lr"."""
    return pd.DataFrame([_row(str(dataset), part, tuned) for dataset, part in runs.groupby("dataset", sort=True)])


def _row(dataset: str, runs: pd.DataFrame, tuned: Sequence[str]) -> dict[str, str]:
    biases = [said(value) for value in sorted(set(runs["forget_bias"].dropna()), key=str)]
    return {
        "dataset": dataset,
        "cells": ", ".join(cell_name(cell) for cell in in_order(runs["cell"])),
        short("seq_len"): _either(runs["seq_len"]),
        short("hidden_size_asked"): _either(runs["hidden_size_asked"]),
        label("match"): _either(runs["match"]),
        label("forget_bias"): ", ".join(biases) or "–",
        label("num_layers"): _either(runs["num_layers"]),
        label("batch_size"): _either(runs["batch_size"]),
        label("optimizer"): _optimizer(runs, tuned),
        "budget": _budget(runs),
        label("budget_solved"): _either(runs["budget_solved"].dropna()),
        label("train_size"): ", ".join(map(count, sorted(set(runs["train_size"].dropna())))) or "made as needed",
        "seeds": ranges(runs["seed"]),
        label("backend"): ", ".join(sorted(set(runs["backend"].dropna()))) or "–",
        "runs": str(len(runs)),
    }


def _either(values: pd.Series) -> str:
    return ", ".join(said(value) for value in sorted(set(values.dropna()))) or "–"


def _optimizer(runs: pd.DataFrame, tuned: Sequence[str]) -> str:
    """The optimizers with the learning rate, or that it was tuned: then its values are those of the tuning table."""
    names = _either(runs["optimizer"])
    if "optimizer.lr" in tuned:
        return f"{names}, tuned lr"
    rates = sorted(set(runs["optimizer_lr"].dropna()))
    if len(rates) > _MOST_RATES:
        return f"{names}, lr {rates[0]:g} to {rates[-1]:g}"
    return f"{names}, lr {', '.join(f'{rate:g}' for rate in rates)}" if rates else names


def _budget(runs: pd.DataFrame) -> str:
    """The limits of each grid, the first to be reached ends a run: "6000 steps or 110 steps"."""
    columns = [name for name in with_role("limit") if name in runs]
    found = []
    for values in runs[columns].drop_duplicates().sort_values(columns).itertuples(index=False, name=None):
        limits = zip(columns, values, strict=True)
        found.append(", ".join(_limit(name, value) for name, value in limits if pd.notna(value)))
    return " or ".join(filter(None, found)) or "–"


def _limit(column: str, value: float) -> str:
    size = f"{value:.0f}" if float(value).is_integer() else f"{value:g}"
    return f"{size} {unit(column)}" if unit(column) else f"{label(column)} {size}"


def ranges(seeds: Iterable[Any]) -> str:
    """Whole numbers with runs of neighbours as ranges: "0–9, 1000"."""
    found: list[list[int]] = []
    for seed in sorted({int(seed) for seed in seeds}):
        if found and seed == found[-1][-1] + 1:
            found[-1].append(seed)
        else:
            found.append([seed])
    return ", ".join(f"{each[0]}–{each[-1]}" if len(each) > 2 else ", ".join(map(str, each)) for each in found)
