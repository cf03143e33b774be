"""Many cells on the same tasks: their scores in blocks, of which each holds every cell once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnnbench.records import in_order
from rnnbench.records.conditions import panels
from rnnbench.report.figures.base import Material
from rnnbench.statistics.ranks import Ranks, ranks
from rnnbench.studies import UNIT

MANY = 5
"""Cells, from which on they are ranked: fewer are compared two by two."""


@dataclass(frozen=True)
class Blocks:
    """`merit`: (n, k), larger is better, block by cell; `tasks`: of each block its task, (n,)."""

    cells: list[str]
    merit: NDArray[np.float64]
    tasks: list[str]

    @property
    def ranks(self) -> Ranks:
        return ranks(self.merit)

    def of(self, task: str) -> NDArray[np.float64]:
        """The blocks of one task, (n, k)."""
        return self.merit[[each == task for each in self.tasks]]

    @property
    def ahead(self) -> NDArray[np.float64]:
        """In which share of blocks each cell is better than each other, a tie half, (k, k)."""
        one, other = self.merit[:, :, None], self.merit[:, None, :]
        return np.asarray(((one > other) + 0.5 * (one == other)).mean(axis=0))


def blocks(page: Material) -> Blocks | None:
    """A block is a seed, or a tuning with the mean over its seeds, on one task; None where few cells share any.

    A run that diverged counts as the worst of its block.
    """
    found: list[tuple[str, pd.DataFrame]] = []
    ended = page.scored[page.scored["status"].isin(["ok", "diverged"])]
    for panel in panels(ended, one_x=True) if ended["cell"].nunique() >= MANY else []:
        runs = panel.runs
        if runs["higher_is_better"].dropna().empty:
            continue
        sign = 1.0 if bool(runs["higher_is_better"].dropna().iloc[0]) else -1.0
        unit = runs[UNIT if UNIT in runs else "seed"]
        merit = sign * runs["test_score"].astype("float64")
        table = merit.fillna(merit.min()).groupby([unit.to_numpy(), runs["cell"].to_numpy()]).mean().unstack()
        found.append((panel.label, table))
    if not found:
        return None
    shared = set.intersection(*(set(table.columns) for _, table in found))
    whole = [(label, table[in_order(shared)].dropna()) for label, table in found]
    tasks = [label for label, table in whole for _ in range(len(table))]
    if len(shared) < MANY or len(tasks) < 2:
        return None
    return Blocks(in_order(shared), np.vstack([table.to_numpy(float) for _, table in whole]), tasks)
