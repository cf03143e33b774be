"""What was run on each dataset: a row each, values that vary listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from rnnbench.records import cell_name, in_order, said
from rnnbench.report.summary import count

_LIMITS = {
    "budget_max_steps": "{:.0f} steps",
    "budget_max_epochs": "{:.0f} epochs",
    "budget_max_seconds": "{:g} s",
    "budget_patience": "patience {:.0f}",
}
_MOST_RATES = 3


def what_was_run(runs: pd.DataFrame, tuned: Sequence[str] = ()) -> pd.DataFrame:
    """A row a dataset, all text. tuned: keys whose values trials chose, such as "optimizer.lr"."""
    return pd.DataFrame([_row(str(dataset), part, tuned) for dataset, part in runs.groupby("dataset", sort=True)])


def _row(dataset: str, runs: pd.DataFrame, tuned: Sequence[str]) -> dict[str, str]:
    biases = [said(value) for value in sorted(set(runs["forget_bias"].dropna()), key=str)]
    return {
        "dataset": dataset,
        "cells": ", ".join(cell_name(cell) for cell in in_order(runs["cell"])),
        "T": _either(runs["seq_len"]),
        "h": _either(runs["hidden_size_asked"]),
        "match": _either(runs["match"]),
        "forget bias": ", ".join(biases) or "–",
        "layers": _either(runs["num_layers"]),
        "batch size": _either(runs["batch_size"]),
        "optimizer": _optimizer(runs, tuned),
        "budget": _budget(runs),
        "threshold": _either(runs["budget_solved"].dropna()),
        "training examples": ", ".join(map(count, sorted(set(runs["train_size"].dropna())))) or "made as needed",
        "seeds": ranges(runs["seed"]),
        "backend": ", ".join(sorted(set(runs["backend"].dropna()))) or "–",
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
    columns = [name for name in _LIMITS if name in runs]
    found = []
    for values in runs[columns].drop_duplicates().sort_values(columns).itertuples(index=False, name=None):
        limits = zip(columns, values, strict=True)
        found.append(", ".join(_LIMITS[name].format(value) for name, value in limits if pd.notna(value)))
    return " or ".join(filter(None, found)) or "–"


def ranges(seeds: Iterable[Any]) -> str:
    """Whole numbers with runs of neighbours as ranges: "0–9, 1000"."""
    found: list[list[int]] = []
    for seed in sorted({int(seed) for seed in seeds}):
        if found and seed == found[-1][-1] + 1:
            found[-1].append(seed)
        else:
            found.append([seed])
    return ", ".join(f"{each[0]}–{each[-1]}" if len(each) > 2 else ", ".join(map(str, each)) for each in found)
