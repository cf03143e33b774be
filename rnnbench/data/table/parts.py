"""A table, its examples and a split → the parts that a model trains on, chooses by and is judged on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from rnnbench.data.base import Parts
from rnnbench.data.splits import Split
from rnnbench.data.table.chance import chance, naive
from rnnbench.data.table.examples import values_of
from rnnbench.data.table.levels import naive_error, pieces_of, several
from rnnbench.data.table.origin import origin_of
from rnnbench.data.table.table import Examples, Table
from rnnbench.data.table.transform import TableTransform, learned, scale_of
from rnnbench.data.table.windows import Gathered, HeldOut, Rows, Training
from rnnbench.errors import UsageError
from rnnbench.objectives.base import Objective
from rnnbench.objectives.forecast import Forecast
from rnnbench.objectives.label import Label
from rnnbench.objectives.label_steps import LabelSteps
from rnnbench.objectives.metrics.mase import MASE
from rnnbench.objectives.recursive import Recursive
from rnnbench.objectives.value import Value

MOST_EXAMPLES = 20_000
"""From so many, evenly spaced, the scale of answers at their windows' levels is learned."""


def parts_of(table: Table, examples: Examples, split: Split, *, window: int | None = None, seed: int = 0) -> Parts:
    """Parts of the split's examples; all that is learned of values is learned from those that train.

    window: the last steps that are seen of each example, no more than it has; None: all. seed: of the order in which
    they train. Raises UsageError where no example trains.
    """
    if not len(split.train):
        raise UsageError("no example is left to train on")
    seen = training_rows(table, examples, split.train, window)
    transform = replace(learned(table, seen), origin=origin_of(table, examples, seen, split.train, window))
    rows = Rows(table, transform)

    def part(kind: type, index: np.ndarray) -> Training | HeldOut:
        return kind(rows, table, examples, np.asarray(index), window, seed)

    train = part(Training, split.train)
    objective = objective_of(table, examples, split.train, train)
    test = part(HeldOut, split.test)
    longest = int(train.lengths.max())
    values = objective if isinstance(objective, Value) else None
    return Parts(
        train=train,  # type: ignore[arg-type]
        valid=part(HeldOut, split.valid),  # type: ignore[arg-type]
        test=test,  # type: ignore[arg-type]
        objective=objective,
        metrics=(MASE(),) if several(table) else (),
        seq_len=longest,
        longest=longest,
        input_size=0 if transform.symbols else transform.input_size,
        symbols=transform.width if transform.symbols else None,
        transform=transform,
        chance=chance(table, examples, split, values, test) if len(split.test) else {},
        baselines=_naive(table, examples, split, test),
    )


def training_rows(table: Table, examples: Examples, index: np.ndarray, window: int | None) -> np.ndarray:
    """(R,) bool: rows that training examples see or answer with."""
    start, stop, last = examples.start[index], examples.stop[index], examples.last[index]
    if window is not None and table.task != "tagging":
        start = np.maximum(start, stop - window)
    return between(start, last, len(table.numbers))


def between(first: np.ndarray, after: np.ndarray, rows: int) -> np.ndarray:
    """(R,) bool: rows first[i] … after[i] − 1 of any i."""
    edges = np.zeros(rows + 1, np.int64)
    np.add.at(edges, first, 1)
    np.add.at(edges, after, -1)
    return np.cumsum(edges[:-1]) > 0


def objective_of(table: Table, examples: Examples, index: np.ndarray, train: Gathered) -> Objective:
    """What is learned, with the scale of training targets and, of one series, their naive error."""
    if table.task == "label":
        return Label(len(table.target.classes))
    if table.task == "tagging":
        return LabelSteps(len(table.target.classes))
    K = len(table.target.names)
    if table.task == "value":
        shift, scale = scale_of(values_of(table, examples, index))
        return Value(K, shift=shift, scale=scale)
    h, values = table.horizon, table.target.values
    assert values is not None
    some = index[np.linspace(0, len(index) - 1, min(len(index), MOST_EXAMPLES)).astype(np.int64)]
    shift, scale = scale_of(train.scaled(values_of(table, examples, some), some).reshape(-1, K))
    answered = between(examples.stop[index], examples.last[index], len(values))
    pieces = [own[:, 0] for parts in pieces_of(table, answered).values() for own in parts]
    naive = 1.0 if several(table) else naive_error(pieces, table.season) if K == 1 else None
    sizes: dict[str, Any] = {
        "horizon": h, "series": K, "shift": shift * h, "scale": scale * h, "relative": True,
        "naive_error": naive if naive and naive > 0 else None,
    }  # fmt: skip
    if not table.recursive:
        return Forecast(**sizes)
    transform, rows = train.rows.transform, train.rows
    return Recursive(**sizes, own=tuple(rows.own), unit=tuple(rows.units), kept=kept_ahead(table, transform))


def kept_ahead(table: Table, transform: TableTransform) -> tuple[tuple[int, int], ...]:
    """(from, to) of the inputs that are known a step ahead: of columns that never change, and of those known ahead,
    whose values beside each step move up by one."""
    steady = transform.places([column.name for column in table.inputs if column.static and not column.known])
    known, W = transform.ahead_places, transform.width
    ahead = len(known) * table.horizon
    up = [(W + at, known[at] if at < len(known) else W + at - len(known)) for at in range(ahead)]
    return (*((place, place) for place in steady), *up)


def _naive(table: Table, examples: Examples, split: Split, test: Gathered) -> dict[str, float]:
    """By the metric that selects."""
    if table.task != "forecast" or not len(split.test):
        return {}
    metric = "mase" if several(table) else "mae"
    return {name: scores[metric] for name, scores in naive(table, examples, split, test).items()}
