"""Fewer kept models: of each condition the best run's alone."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rnnbench.errors import UsageError
from rnnbench.records.conditions import with_conditions
from rnnbench.records.files import MODEL, MODEL_FACTS
from rnnbench.records.table import load_results


class Pruned(NamedTuple):
    dropped: int  # models
    left: int
    bytes: int  # freed


def prune(directory: Path) -> Pruned:
    """Drop the models of results/NAME but for one a condition: of runs with a model that of the best validation score.

    Of equals the one with the lowest seed stays. Records, histories and predictions stay. Raises UsageError where there
    is no such directory, or a file cannot be removed.
    """
    runs = load_results(directory)
    there = runs[[(Path(path) / MODEL).exists() for path in runs["path"]]]
    dropped = left = freed = 0
    for _, alike in with_conditions(there).groupby("condition", sort=True):
        best = _best(alike)
        left += 1
        for path in alike["path"].drop(best):
            freed += _drop(Path(path))
            dropped += 1
    return Pruned(dropped, left, freed)


def _best(alike: pd.DataFrame) -> int:
    """The row of the best one; runs of one condition are sorted by seed."""
    sign = np.where(alike["higher_is_better"].fillna(True).astype(bool), 1.0, -1.0)
    return int((alike["valid_score"].astype(float) * sign).fillna(-np.inf).to_numpy().argmax() + alike.index[0])


def _drop(run_dir: Path) -> int:
    """The bytes that it took. What says that there is a model goes first."""
    freed = 0
    try:
        for name in (MODEL_FACTS, MODEL):
            if (path := run_dir / name).exists():
                freed += path.stat().st_size
                path.unlink()
    except OSError as error:
        raise UsageError(f"cannot remove {path}: {error.strerror or error}") from error
    return freed
