"""Small tables, and what is split of them, for tests of baselines: made by hand, no file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnbench.data.splits import Split
from rnnbench.data.table.examples import examples_of
from rnnbench.data.table.table import Column, Examples, Table, Target


def series(*values: Sequence[float], horizon: int = 1, season: int = 1, window: int = 2, **more: Any) -> Table:
    """Series to be forecast, whose own past is the one input."""
    flat = np.concatenate([np.asarray(each, np.float32) for each in values])[:, None]
    return Table(
        task="forecast", inputs=(Column("y", "number", 0),), numbers=flat, codes=np.zeros((len(flat), 0), np.int32),
        starts=_starts(values), ids=tuple(str(s) for s in range(len(values))),
        target=Target(("y",), values=flat), horizon=horizon, season=season, window=window, **more,
    )  # fmt: skip


def labelled(inputs: Sequence[np.ndarray], labels: Sequence[int], classes: int = 2) -> Table:
    """Sequences (T, C) with a label each."""
    flat = np.concatenate(inputs).astype(np.float32)
    return Table(
        task="label", inputs=_columns(flat), numbers=flat, codes=np.zeros((len(flat), 0), np.int32),
        starts=_starts(inputs), ids=tuple(str(s) for s in range(len(inputs))),
        target=Target(("label",), tuple("abcdefgh"[:classes]), labels=np.asarray(labels, np.int64)),
    )  # fmt: skip


def valued(inputs: Sequence[np.ndarray], values: Sequence[float]) -> Table:
    """Sequences (T, C) with a value each."""
    flat = np.concatenate(inputs).astype(np.float32)
    return Table(
        task="value", inputs=_columns(flat), numbers=flat, codes=np.zeros((len(flat), 0), np.int32),
        starts=_starts(inputs), ids=tuple(str(s) for s in range(len(inputs))),
        target=Target(("value",), values=np.asarray(values, np.float32)[:, None]),
    )  # fmt: skip


def tagged(inputs: Sequence[np.ndarray], labels: Sequence[Sequence[int]], classes: int = 2) -> Table:
    """Sequences (T, C) with a label a step; ten or more of them are taken whole."""
    flat = np.concatenate(inputs).astype(np.float32)
    return Table(
        task="tagging", inputs=_columns(flat), numbers=flat, codes=np.zeros((len(flat), 0), np.int32),
        starts=_starts(inputs), ids=tuple(str(s) for s in range(len(inputs))),
        target=Target(("tag",), tuple("abcdefgh"[:classes]), labels=np.concatenate(labels).astype(np.int64)),
    )  # fmt: skip


def split_at(table: Table, train: Sequence[int], valid: Sequence[int], test: Sequence[int]) -> tuple[Examples, Split]:
    return examples_of(table), Split(*(np.asarray(part, np.int64) for part in (train, valid, test)))


def _columns(flat: np.ndarray) -> tuple[Column, ...]:
    return tuple(Column(f"x{c}", "number", c) for c in range(flat.shape[1]))


def _starts(each: Sequence[Any]) -> np.ndarray:
    return np.concatenate(([0], np.cumsum([len(one) for one in each]))).astype(np.int64)
