"""Of every tuned setting the one that each cell would have been given, by its validation score, under each condition.

One choice a condition and cell, for all its seeds, as in a study (studies/tuning.py): the best mean of `select`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.errors import UsageError
from rnnbench.records import said
from rnnbench.report.scores.request import Request


@dataclass(frozen=True)
class Choice:
    """What a cell has under one condition. `at_end`: chosen columns whose value is the least or largest one tried."""

    values: dict[str, Any] = field(default_factory=dict)
    tried: int = 1  # combinations
    at_end: tuple[str, ...] = ()


Key = tuple[tuple[Any, ...], str]  # (the condition's values, the cell)


def choose(asked: Request) -> tuple[pd.DataFrame, dict[Key, Choice]]:
    """The rows that were chosen, one a condition, cell and seed, and what was chosen.

    Raises UsageError where a condition, cell, seed and tuned setting has several rows.
    """
    table, by = asked.table, [*asked.conditions, asked.cell]
    _check_once(asked, [*by, *asked.tuned, asked.seed])
    kept, choices = [], {}
    for values, part in table.groupby(by, sort=False):
        *condition, cell = values
        rows, choice = _best(asked, part)
        kept.append(rows)
        choices[tuple(condition), str(cell)] = choice
    return table.loc[np.concatenate(kept)], choices


def _best(asked: Request, part: pd.DataFrame) -> tuple[pd.Index, Choice]:
    """part: the rows of one condition and cell."""
    if not asked.tuned:
        return part.index, Choice()
    worst = -math.inf if asked.higher else math.inf
    settings = part.groupby(list(asked.tuned), sort=True)[asked.select]
    scored, means = settings.count(), settings.mean().replace([math.inf, -math.inf], worst).fillna(worst)
    means = means[scored == scored.max()]  # one that was tried with fewer seeds is not known to be better
    best: Any = means.idxmax() if asked.higher else means.idxmin()
    chosen = dict(zip(asked.tuned, best if len(asked.tuned) > 1 else (best,), strict=True))
    rows = np.logical_and.reduce([part[name] == value for name, value in chosen.items()])
    return part.index[rows], Choice(chosen, len(scored), tuple(_ends(part, chosen)))


def _ends(part: pd.DataFrame, chosen: dict[str, Any]) -> list[str]:
    """Numbers of which the chosen one has no neighbour that was tried on one side."""
    numbers = [name for name in chosen if pd.api.types.is_numeric_dtype(part[name]) and part[name].nunique() > 1]
    return [name for name in numbers if chosen[name] in (part[name].min(), part[name].max())]


def _check_once(asked: Request, one: list[str]) -> None:
    twice = asked.table[asked.table.duplicated(one, keep=False)]
    if twice.empty:
        return
    first = twice[(twice[one] == twice[one].iloc[0]).all(axis=1)]
    where = ", ".join(f"{name} {said(first[name].iloc[0])}" for name in one)
    known = {*one, asked.score, asked.select}
    differ = [str(name) for name in first if name not in known and first[name].nunique(dropna=False) > 1]
    hint = f"they differ in {', '.join(differ)}: name it in conditions= or in tuned=" if differ else "they are the same"
    raise UsageError(f"{len(first)} rows for one {where}; {hint}")
