"""Inputs that give the target away: found before anything trains, each named in a sentence that begins "leak:".

A forecast sees the past alone, so that a copy of the target at the same step is harmless there, and tomorrow's value in
today's row, or in an earlier one, is not. Elsewhere an input that all but equals the target, a sum of inputs that does,
and one threshold, one spelling, the length alone or the names of sequences that tell the label are named. What is named
may be right to use, if it is known when the model is asked; nothing is left out because of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnnbench.data.table.copies import copies_said
from rnnbench.data.table.earlier import shown_earlier
from rnnbench.data.table.evidence import explained, purity, stump, subset
from rnnbench.data.table.examples import values_of
from rnnbench.data.table.table import Column, Examples, Table
from rnnbench.data.table.telling_names import told_by_names

MOST, MOST_NUMBERS = 20_000, 400_000
"""Examples, or rows, that are looked at, a sample of more; of wide files as many as make so many numbers, or 2,000."""

LEAST, LEAST_OF_CLASS, LEAST_CHANGES = 30, 10, 16
"""Examples, and of each of two classes, below which nothing is said; changes of label along tagged rows likewise."""

COPY = 0.999
"""Of the target's variance, explained by one input."""

SUM = 0.9999
"""… by several together."""

ALONE = 0.97
"""Balanced accuracy of one threshold on one input, or of one spelling a class."""

LENGTH_OF = "the length of a sequence"
"""What stands in the place of a column's name."""

COUNTED = "sequence"
"""What stands as the id where the file has none: its numbers are places in it, or names of a folder's files."""

LENGTH = 0.8
"""Balanced accuracy of two thresholds on the length."""

NEWS = 0.05
"""Of what a target's own past leaves unexplained, the share that is left once tomorrow's column is there."""


@dataclass(frozen=True)
class Leak:
    columns: tuple[str, ...]
    sentence: str


def leaks_of(table: Table, examples: Examples) -> tuple[Leak, ...]:
    """What gives the target of a table away, given test sets aside."""
    if not len(examples):
        return ()
    if table.task == "forecast":
        found = _ahead(table, examples)
    elif table.task == "value":
        found = _values(table, examples)
    else:
        found = _labels(table, examples)
    same = [] if table.task == "forecast" else [Leak((), f"leak: {said}") for said in copies_said(table, examples)]
    return (*found, *same)


def _values(table: Table, examples: Examples) -> Iterator[Leak]:
    index = _sample(table, examples)
    features, names, totals = _summaries(table, examples, index)
    for k, target in enumerate(table.target.names):
        y = values_of(table, examples, index)[:, k].astype(np.float64)
        known = ~np.isnan(y)
        if known.sum() < LEAST:
            continue
        yield from _copied(features[known], names, totals, y[known], target)


def _copied(X: np.ndarray, names: list[str], totals: list[bool], y: np.ndarray, target: str) -> Iterator[Leak]:
    """X: (n, F) features, of the columns `names`, several of each, some of them totals over the steps of a sequence."""
    shares = np.array([explained(column, y) for column in X.T])
    copies = dict.fromkeys(names[f] for f in np.flatnonzero(shares >= COPY))
    for name in copies:
        own = np.array(names) == name
        share = shares[own].max()
        if shares[own & ~np.array(totals)].max(initial=0) >= COPY:
            yield Leak(
                _named(name), f"leak: {name} alone explains {_percent(share)} of {target}: is it the same thing?"
            )
        else:
            said = f"leak: the sum of {name} over all steps explains {_percent(share)} of {target}"
            yield Leak((name,), f"{said}: is {target} made of it?")
    if not copies:
        together = subset(X, y, SUM)
        columns = tuple(dict.fromkeys(names[f] for f in together))
        if len(columns) > 1:
            yield Leak(_named(*columns), f"leak: {target} is a sum of {_and(columns)}, each times a number")


def _labels(table: Table, examples: Examples) -> Iterator[Leak]:
    target, labels = table.target, table.target.labels
    assert labels is not None
    if table.task == "label":
        index = _sample(table, examples)
        X, names, _ = _summaries(table, examples, index, shares=False)
        y = labels[examples.sequence[index]]
        spelled = [(c, table.codes[examples.stop[index] - 1, c.index]) for c in _of("category", table)]
        number = [(c, table.numbers[examples.stop[index] - 1, c.index]) for c in _of("number", table) if c.static]
        spelled += [(c, _few(values)) for c, values in number]
        what = "sequences"
    else:
        rows = _rows(table, labels)
        if (np.diff(labels[rows]) != 0).sum() < LEAST_CHANGES:
            return
        y, X = labels[rows], table.numbers[rows].astype(np.float64)
        names = [c.name for c in sorted(_of("number", table), key=lambda c: c.index)]
        spelled = [(c, table.codes[rows, c.index]) for c in _of("category", table)]
        what = "rows"
    if not _enough(y):
        return
    if len(table.inputs) == 1:  # there is nothing beside it: what it tells is what is asked
        X, names, spelled = X[:, :0], [], []
    found: dict[str, str] = {}
    for column, codes in spelled:
        if purity(codes, y) >= ALONE:
            found[column.name] = f"leak: each value of {column.name} has one {target.names[0]} of its own"
    best: dict[str, tuple[float, str]] = {}
    for values, name in zip(X.T, names, strict=True):
        share, where = stump(values, y)
        if share >= ALONE and share > best.get(name, (0.0, ""))[0]:
            best[name] = (share, where)
    for name, (share, where) in best.items():
        said = f"leak: {name} alone tells {target.names[0]}: {where} is right of {_percent(share)} of the {what}"
        found.setdefault(name, said)
    yield from (Leak((name,), said) for name, said in found.items())
    if table.task == "label":
        length = (examples.stop - examples.start)[index].astype(np.float64)
        share, _ = stump(length, y, cuts=2)
        if share >= LENGTH:
            yield Leak((), f"leak: {LENGTH_OF} alone tells {target.names[0]} in {_percent(share)} of the {what}")
        id = dict(table.roles).get("id")
        names = [table.ids[s] for s in examples.sequence[index].tolist()]
        how = told_by_names(names, y, ALONE, numbers=id != COUNTED) if id else ""
        if id and how:
            yield Leak((id,), f"leak: {id}, though no input, tells {target.names[0]} {how}")


def _ahead(table: Table, examples: Examples) -> Iterator[Leak]:
    """Row t of an input against the target of rows t + 1 … t + h, beside the target's own last three rows."""
    index = _sample(table, examples)
    at = examples.stop[index] - 1
    at = at[at - 2 >= table.starts[examples.sequence[index]]]
    values = table.target.values
    assert values is not None
    inputs = [c for c in _of("number", table) if c.name not in table.target.names]
    X = table.numbers[at][:, [c.index for c in inputs]].astype(np.float64)
    told: set[str] = set()
    for k, target in enumerate(table.target.names):
        past = values[at[:, None] - np.arange(3), k].astype(np.float64)
        for j in sorted({1, table.horizon}):
            y = values[np.minimum(at + j, len(values) - 1), k].astype(np.float64)
            known = ~np.isnan(y) & ~np.isnan(past).any(axis=1)
            if known.sum() < LEAST:
                continue
            later = table.numbers[np.minimum(at + j, len(values) - 1)].astype(np.float64)
            for column in inputs:
                if column.known and column.name not in told and explained(later[known, column.index], y[known]) >= COPY:
                    told.add(column.name)
                    yield Leak(
                        (column.name,), f"leak: {column.name}, said to be known ahead, is all but {target} itself"
                    )
            columns = tuple(inputs[f].name for f in subset(X[known], y[known], 1 - NEWS, beside=past[known]))
            if columns and not told.issuperset(columns):
                told.update(columns)
                yield Leak(columns, f"leak: {_and(columns)} of a row tell{'s' * (len(columns) == 1)} {target} of {j} "
                                    f"row{'s' * (j > 1)} later")  # fmt: skip
            for column, rows in shown_earlier(table, at, k, j, [c for c in inputs if c.name not in told], NEWS):
                told.add(column.name)
                yield Leak((column.name,), f"leak: {column.name}, by its last {rows} rows, tells {target} of {j} "
                                           f"row{'s' * (j > 1)} later")  # fmt: skip


def _summaries(
    table: Table, examples: Examples, index: np.ndarray, shares: bool = True
) -> tuple[np.ndarray, list[str], list[bool]]:
    """(n, F) last, first, mean, least and greatest value of each number, and with `shares` its sum and the length; the
    names; what adds steps."""
    first, after = examples.start[index], examples.stop[index]
    edges = np.stack((first, after), axis=1).ravel()
    found, names, totals = [], [], []
    for column in _of("number", table):
        raw = table.numbers[:, column.index].astype(np.float64)
        own = [raw[after - 1]]
        if not column.static:
            known = np.append(~np.isnan(raw), False)
            filled = np.append(np.where(np.isnan(raw), 0, raw), 0.0)
            total, count = np.add.reduceat(filled, edges)[::2], np.add.reduceat(known.astype(float), edges)[::2]
            low, high = (of.reduceat(np.append(raw, np.nan), edges)[::2] for of in (np.fmin, np.fmax))
            own += [raw[first], np.where(count > 0, total / np.maximum(count, 1), np.nan), low, high]
            own += [total] if shares else []
        found += own
        names += [column.name] * len(own)
        totals += [i in (2, 5) for i in range(len(own))]
    if shares:
        found.append((after - first).astype(np.float64))
        names.append(LENGTH_OF)
        totals.append(False)
    return (np.stack(found, axis=1) if found else np.zeros((len(index), 0))), names, totals


def _named(*columns: str) -> tuple[str, ...]:
    return tuple(name for name in columns if name != LENGTH_OF)


def _most(table: Table) -> int:
    return max(2000, min(MOST, MOST_NUMBERS // max(1, len(table.inputs))))


def _sample(table: Table, examples: Examples) -> np.ndarray:
    index = np.arange(len(examples)) if examples.official is None else np.flatnonzero(~examples.official)
    most = _most(table)
    return index if len(index) <= most else np.sort(np.random.default_rng(0).permutation(index)[:most])


def _rows(table: Table, labels: np.ndarray) -> np.ndarray:
    """Rows with a label, in their order, evenly spaced of too many."""
    rows = np.flatnonzero(labels >= 0 if table.official is None else (labels >= 0) & ~table.official)
    most = _most(table)
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _of(kind: str, table: Table) -> list[Column]:
    return [column for column in table.inputs if column.kind == kind]


def _few(values: np.ndarray) -> np.ndarray:
    """A number of a few values as codes; of many −1 throughout."""
    distinct, codes = np.unique(values, return_inverse=True)
    return codes if len(distinct) <= 20 else np.full(len(values), -1)


def _enough(y: np.ndarray) -> bool:
    return len(y) >= LEAST and (np.bincount(y) >= LEAST_OF_CLASS).sum() >= 2


def _percent(share: float) -> str:
    return f"{np.floor(1000 * share) / 10:g} %"


def _and(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
