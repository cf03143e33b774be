"""Whether a table holds enough to learn from, and what of it is too little to be judged."""

from __future__ import annotations

import re

import numpy as np

from rnnbench.data.splits import LEAST_OF_A_CLASS
from rnnbench.data.table.columns import shown
from rnnbench.data.table.examples import default_window
from rnnbench.data.table.table import Table
from rnnbench.errors import TooLittleData

LEAST_SEQUENCES = 30
LEAST_WINDOWS = 50
LEAST_CHANGES = 10


def check_enough(table: Table) -> list[str]:
    """Warnings. Raises TooLittleData, saying what there is and what would do."""
    if table.task == "forecast":
        return _forecast(table)
    if table.task == "tagging":
        return _tagging(table)
    return _of_sequences(table) + _of_one_row(table)


def _of_one_row(table: Table) -> list[str]:
    rows = len(table.numbers)
    if len(table.starts) - 1 < rows:
        return []
    steps = "steps in columns are seen where their names count up (t0, t1, …)"
    return [f"each of the {rows:,} sequences has one row: there is no order to learn from; {steps}"]


def _of_sequences(table: Table) -> list[str]:
    target = table.target
    if target.labels is not None:
        return _labels(table)
    assert target.values is not None
    known = ~np.isnan(target.values).all(axis=1)
    count = len(np.flatnonzero(np.add.reduceat(known, table.starts[:-1]))) if target.running else int(known.sum())
    _sequences(count, "with a value")
    if len(np.unique(target.values[known])) < 2:
        raise TooLittleData(f"{', '.join(target.names)} is the same everywhere: nothing is to be learned")
    return []


def _labels(table: Table) -> list[str]:
    assert table.target.labels is not None
    labels = table.target.labels
    known = labels[labels >= 0]
    counts = np.bincount(known, minlength=len(table.target.classes))
    present = np.flatnonzero(counts)
    name = table.target.names[0]
    if len(present) < 2:
        only = table.target.classes[present[0]] if len(present) else "none"
        raise TooLittleData(f"{name} has one class, {only}: nothing is to be told apart")
    _sequences(len(known), "with a label")
    lost = len(labels) - len(known)
    warnings = [f"{lost:,} sequences without a label left out{_or_a_code(table, present)}"] if lost else []
    few = present[counts[present] < LEAST_OF_A_CLASS]
    if len(present) - len(few) < 2:
        least = f"of {LEAST_OF_A_CLASS} sequences or more"
        raise TooLittleData(
            f"{name} has fewer than two classes to judge by, {least}: {_counted(table, counts, present)}"
        )
    if len(few):
        drawn = table.groups is None and (table.official is None or not _given(table, few))
        then = "train, no claim is about them" if drawn else "count only where the test holds some all the same"
        warnings.append(f"{name}: too few of {_counted(table, counts, few)} to judge them by: they {then}")
    return warnings


def _or_a_code(table: Table, present: np.ndarray) -> str:
    """Where NA may be one of the labels, as of continents and countries: the key that says so."""
    codes = all(re.fullmatch("[A-Z]{2,3}", table.target.classes[k]) for k in present)
    return "; missing=not:NA takes NA for a label" if codes else ""


def _counted(table: Table, counts: np.ndarray, classes: np.ndarray) -> str:
    return shown([f"{table.target.classes[k]} ({counts[k]})" for k in classes], 6)


def _given(table: Table, classes: np.ndarray) -> bool:
    """Whether the test set holds sequences of these classes."""
    assert table.official is not None and table.target.labels is not None
    return bool(np.isin(table.target.labels[table.official[table.starts[1:] - 1]], classes).any())


def _sequences(count: int, what: str) -> None:
    if count < LEAST_SEQUENCES:
        raise TooLittleData(f"too few: {count} sequences {what}; at least {LEAST_SEQUENCES} wanted")


def _tagging(table: Table) -> list[str]:
    assert table.target.labels is not None
    labels = table.target.labels
    if len(np.unique(labels[labels >= 0])) < 2:
        raise TooLittleData(f"{table.target.names[0]} is the same at every step: nothing is to be told apart")
    if len(set(table.ids)) >= LEAST_CHANGES:
        return []
    first = np.zeros(len(labels), bool)
    first[table.starts[:-1]] = True
    changes = int(((np.diff(labels) != 0) & ~first[1:]).sum())
    if changes < LEAST_CHANGES:
        raise TooLittleData(
            f"{table.target.names[0]} changes {changes} times in all: parts in time would hold one label each; "
            f"at least {LEAST_CHANGES} changes wanted"
        )
    return []


def _forecast(table: Table) -> list[str]:
    assert table.target.values is not None
    values = table.target.values
    for k, name in enumerate(table.target.names):
        known = values[~np.isnan(values[:, k]), k]
        if len(known) == 0:
            raise TooLittleData(f"{name} is empty")
        if (known == known[0]).all():
            raise TooLittleData(f"{name} is {known[0]:g} everywhere: nothing is to be learned, the last value is exact")
    lengths = np.diff(table.starts)
    window = table.window or default_window(table)
    windows = int(np.maximum(lengths - window - table.horizon + 1, 0).sum())
    if windows < LEAST_WINDOWS:
        raise TooLittleData(
            f"too few: {windows} windows of {window} steps and {table.horizon} ahead in {int(lengths.sum())} rows; "
            f"at least {LEAST_WINDOWS} wanted"
        )
    warnings = []
    short = {table.ids[s] for s in np.flatnonzero(lengths < window + table.horizon)}
    whole = {table.ids[s] for s in np.flatnonzero(lengths >= window + table.horizon)}
    if lost := sorted(short - whole):
        warnings.append(
            f"{len(lost)} series shorter than {window} + {table.horizon} steps give no window: {shown(lost, 6)}"
        )
    return warnings
