"""A table of scores judged as a plain sweep would be: claims of one page, each of two cells under one condition."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rnnbench.records import COLUMNS, cell_name, in_order, said
from rnnbench.records.names import cell_of
from rnnbench.records.schema import CHANCE
from rnnbench.report.scores.chosen import Choice, Key, choose
from rnnbench.report.scores.request import Request
from rnnbench.studies import Evaluated, StudyClaim, evaluate_claims, learned
from rnnbench.studies.kinds import BY_SEED


@dataclass(frozen=True)
class Compared:
    """Two cells under one condition. The last two: for each of `judged.claim.compare`, in its order."""

    condition: tuple[str, ...]
    judged: Evaluated
    choices: tuple[Choice, Choice]
    learned: tuple[bool | None, bool | None]  # None where chance is not known

    @property
    def effect(self) -> float:
        return self.judged.verdict.conditions[0].condition.effect.estimate


def compare(asked: Request) -> tuple[list[Compared], pd.DataFrame]:
    """Every cell beside the LSTM (else the first, or the one that is asked for), under each condition that they share;
    and the runs that this is about. In the order of the table."""
    rows, choices = choose(asked)
    runs = _as_runs(asked, rows)
    cells = {str(raw): cell for raw, cell in zip(rows[asked.cell], runs["cell"], strict=True)}
    raw = {cell: name for name, cell in cells.items()}
    claims: list[tuple[tuple[Any, ...], StudyClaim]] = []
    for values, part in _conditions(asked, rows):
        here = in_order(runs.loc[part.index, "cell"])
        first = cells.get(asked.beside, here[0])
        label = _label(asked, values)
        claims += [(values, _claim(asked, cell, first, label)) for cell in here if first in here and cell != first]
    judged = evaluate_claims([claim for _, claim in claims], runs)
    found = []
    for (values, _), each in zip(claims, judged, strict=True):
        both = [str(side) for side in each.claim.compare]
        keys: list[Key] = [(values, raw[side]) for side in both]
        own = runs["dataset"] == _label(asked, values)
        level = [learned(runs, (own & (runs["cell"] == side)).to_numpy()) for side in both]
        choice = choices[keys[0]], choices[keys[1]]
        found.append(Compared(tuple(map(said, values)), each, choice, (level[0], level[1])))
    return found, runs


def _conditions(asked: Request, rows: pd.DataFrame) -> Sequence[tuple[tuple[Any, ...], pd.DataFrame]]:
    if not asked.conditions:
        return [((), rows)]
    return [(tuple(values), part) for values, part in rows.groupby(list(asked.conditions), sort=False)]


def _label(asked: Request, values: Sequence[Any]) -> str:
    """A condition by its values, a number with its column's name: "copy, Delay = 10"."""
    parts = [
        str(v) if isinstance(v, str) else f"{n} = {said(v)}" for n, v in zip(asked.conditions, values, strict=True)
    ]
    return ", ".join(parts) or asked.name


def _claim(asked: Request, cell: str, beside: str, condition: str) -> StudyClaim:
    return StudyClaim(
        id=re.sub(r"[^A-Za-z0-9_-]+", "-", f"{cell}-{beside}-{condition}").strip("-") or "all",
        statement=f"{cell_name(cell)} and {cell_name(beside)} differ in {asked.score}: {condition}.",
        folklore="",
        kind=BY_SEED,
        metric="test_score",
        compare=(cell, beside),
        direction="either",
        select={"dataset": condition},
        by=("dataset",),
        margin=asked.margin,
    )


def _as_runs(asked: Request, rows: pd.DataFrame) -> pd.DataFrame:
    """As the records of runs are: of a table without them each column that a claim about a score reads.

    A score that is infinite is that of a run that diverged; one that is absent that of a run that is missing.
    """
    scores = rows[asked.score].to_numpy(float)
    conditions = [rows[name] for name in asked.conditions]
    dataset = [_label(asked, values) for values in zip(*conditions, strict=True)] or [asked.name] * len(rows)
    cells, seeds = _cells(rows[asked.cell].astype(str)), _seeds(rows[asked.seed])
    chance = asked.chance.loc[rows.index]
    columns: dict[str, Any] = {
        "run_id": [f"{c} of {d}, {asked.seed} {s}" for c, d, s in zip(cells, dataset, rows[asked.seed], strict=True)],
        "status": np.where(np.isnan(scores), "missing", np.where(np.isinf(scores), "diverged", "ok")),
        "cell": cells,
        "dataset": dataset,
        "seed": seeds,
        "metric": asked.score,
        "unit": None,
        "higher_is_better": asked.higher,
        "chance": chance,
        "to_beat": chance,
        "to_beat_is": [None if unknown else CHANCE for unknown in chance.isna()],
        "test_score": np.where(np.isfinite(scores), scores, math.nan),
        "numerics": None,
        "optimizer_schedule": None,
        "best_step": None,
        "steps": None,
        "stopped_by": None,
    }
    return pd.DataFrame({name: pd.Series(values, rows.index, COLUMNS[name].kind) if np.ndim(values) else
                         pd.Series([values] * len(rows), rows.index, COLUMNS[name].kind)
                         for name, values in columns.items()})  # fmt: skip


def _cells(raw: pd.Series) -> list[str]:
    """Cells of conf/cell under whatever capitals, by name or title; others as they are called."""
    meant = {name: cell_of(name) for name in raw.unique()}
    if len(set(meant.values())) < len(meant):
        meant = {name: name for name in meant}  # two spellings of one: they are told apart as the table tells them
    return [meant[name] for name in raw]


def _seeds(raw: pd.Series) -> list[int]:
    """Whole numbers as they are; of other names their places."""
    if pd.api.types.is_integer_dtype(raw):
        return raw.tolist()
    return pd.factorize(raw.astype(str), sort=True)[0].tolist()
