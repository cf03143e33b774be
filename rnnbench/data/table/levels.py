"""The level of each series that is forecast, and, of several, its unit, from training rows alone: (y − mean) / unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnbench.data.table.table import Table


@dataclass(frozen=True)
class Level:
    """Of one series, (K,) each: means of its targets in training rows; and, of several, naive errors, else 1."""

    name: str
    mean: tuple[float, ...]
    naive: tuple[float, ...]


def several(table: Table) -> bool:
    """Whether several series are forecast: each then counts in its own unit."""
    return table.task == "forecast" and len(set(table.ids)) > 1


def levels_learned(table: Table, rows: np.ndarray) -> tuple[Level, ...]:
    """Of each series; one that never moves has the unit of the others' median. (): nothing is forecast."""
    if table.task != "forecast":
        return ()
    pieces = pieces_of(table, rows)
    K = len(table.target.names)
    means = np.array([[moments(_joined(own)[:, k])[0] for k in range(K)] for own in pieces.values()])
    naives = np.array(
        [[naive_error([p[:, k] for p in own], table.season) for k in range(K)] for own in pieces.values()]
    )
    for k in range(K):
        moving = naives[:, k] > 0
        naives[~moving, k] = np.median(naives[moving, k]) if moving.any() else 1.0
    if not several(table):
        naives[:] = 1.0
    return tuple(
        Level(name, tuple(mean), tuple(naive))
        for name, mean, naive in zip(pieces, means.tolist(), naives.tolist(), strict=True)
    )


def _joined(pieces: Sequence[np.ndarray]) -> np.ndarray:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)  # no copy of what may be most of the memory


def naive_error(pieces: Sequence[np.ndarray], season: int) -> float:
    """mean |y_t − y_{t−m}| over known pairs within these pieces of a series, m the season, or 1 where that is longer
    than all of them; NaN where there is no pair."""
    lag = season if max(map(len, pieces), default=0) > season else 1
    steps = [np.abs(piece[lag:].astype(np.float64) - piece[:-lag]) for piece in pieces if len(piece) > lag]
    known = np.concatenate([step[~np.isnan(step)] for step in steps]) if steps else np.zeros(0)
    return float(known.mean()) if len(known) else float("nan")


def pieces_of(table: Table, rows: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Id → its pieces' targets, (n, K) each, NaN outside of `rows` (R,)."""
    assert table.target.values is not None
    found: dict[str, list[np.ndarray]] = {}
    for name, start, stop in zip(table.ids, table.starts[:-1], table.starts[1:], strict=True):
        inside = rows[start:stop]
        if inside.any():
            own = np.where(inside[:, None], table.target.values[start:stop], np.float32(np.nan))
            found.setdefault(name, []).append(own)
    return found


def moments(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the known values: 0 and 1 where none is, 1 where all are the same."""
    known = values[~np.isnan(values)].astype(np.float64)
    if not len(known):
        return 0.0, 1.0
    mean, std = float(known.mean()), float(known.std())
    return mean, std if std > 1e-6 * abs(mean) else 1.0
