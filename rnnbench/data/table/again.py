"""Another file of the same kind, read for a model that is kept: its rows as a table, without knowing any target.

What must be there is named by the model's transform: columns by name, the id, the time. More columns are no harm, and
the target may be there or not; only a forecast needs its past.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table.columns import codes_of, is_text, numbers_of, shown
from rnnbench.data.table.gaps import ELAPSED, Gapped, gapped
from rnnbench.data.table.inputs import inputs_like
from rnnbench.data.table.order import Rows, in_order
from rnnbench.data.table.origin import Origin
from rnnbench.data.table.sheet import Sheet
from rnnbench.data.table.table import Column, Examples, Table, Target
from rnnbench.data.table.times import times_of
from rnnbench.data.table.transform import TableTransform
from rnnbench.data.table.wide import LEAST_SAID, Wide, counted, unrolled
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Again:
    """A table with `horizon` empty rows at its end, that a forecast from its last row may look into; the examples that
    answers are wanted for; where each row stood in its file; what its reader must know."""

    table: Table
    examples: Examples
    lines: np.ndarray  # (R,)
    told: tuple[str, ...] = ()


def read_again(sheet: Sheet, transform: TableTransform) -> Again:
    """Raises UsageError, naming them, for columns that are not there or hold what they did not."""
    origin = transform.origin
    if origin is None:
        raise UsageError("this model was kept without what its file was like")
    columns = columns_of(transform)
    wanted = [c.name for c in columns if c.name != ELAPSED]
    sheet = _long(sheet, origin, wanted)
    _check(sheet, origin, wanted)
    pieces, names = _pieces(sheet, origin, ELAPSED in [c.name for c in columns])
    frame = pieces.rows.frame
    if pieces.elapsed is not None:
        frame = frame.assign(**{ELAPSED: pieces.elapsed})
    numbers, codes = inputs_like(frame, columns)
    h = transform.horizon
    starts = np.append(pieces.starts, pieces.starts[-1] + h) if h else pieces.starts
    ids = tuple(names[s] for s in pieces.owner) + (("",) if h else ())
    table = Table(
        task=origin.task, inputs=columns, numbers=_longer(numbers, h, np.nan), codes=_longer(codes, h, -1),
        starts=starts, ids=ids, target=_target(frame, transform, origin, len(starts) - 1),
        times=pieces.rows.times, offsets=pieces.rows.offsets, window=origin.window, horizon=h, season=origin.season,
        step=pieces.step or origin.step,
    )  # fmt: skip
    examples = _asked(table, transform)
    told = [*pieces.rows.said, *pieces.warned, *_outside(numbers, columns, origin), *_new(frame, columns)]
    return Again(table, examples, pieces.rows.lines, tuple(told))


def columns_of(transform: TableTransform) -> tuple[Column, ...]:
    """The inputs that a transform is of."""
    numbers = [Column(n.name, "number", i, known=n.name in transform.ahead) for i, n in enumerate(transform.numbers)]
    return (*numbers, *(Column(c.name, "category", i, c.values, c.name in transform.ahead)
                        for i, c in enumerate(transform.categories)))  # fmt: skip


def _long(sheet: Sheet, origin: Origin, inputs: list[str]) -> Sheet:
    """Steps in columns become rows, where the model's file had them so."""
    columns = [str(name) for name in sheet.frame.columns]
    if all(name in columns for name in inputs):
        return sheet
    aside = {name for role in ("id", "groups", "target") for name in (origin.role(role) or "").split(",")} | set(inputs)
    free = [name for name in columns if name not in aside and not is_text(sheet.frame[name])]
    steps, id = counted(free, LEAST_SAID, others=True), origin.role("id")
    return sheet if steps is None else unrolled(sheet, Wide(steps, id if id in columns else None), id)


def _check(sheet: Sheet, origin: Origin, inputs: list[str]) -> None:
    columns = {str(name) for name in sheet.frame.columns}
    id, time = origin.role("id"), origin.role("time")
    wanted = [*(name for name in (id,) if name), *(time.split(",") if time else ()), *inputs]
    lacking = [name for name in dict.fromkeys(wanted) if name not in columns]
    if lacking:
        there = shown([str(name) for name in sheet.frame.columns])
        raise UsageError(f"the file lacks {shown(lacking)}; it has {there}")
    if not len(sheet.frame):
        raise UsageError("the file has no rows")


def _pieces(sheet: Sheet, origin: Origin, elapsed: bool) -> tuple[Gapped, tuple[str, ...]]:
    frame, id, time = sheet.frame, origin.role("id"), origin.role("time")
    names: tuple[str, ...] = ("",)
    sequence = np.zeros(len(frame), np.int64)
    if id is not None:
        codes, found = codes_of(frame[id])
        if (codes < 0).any():
            raise UsageError(f"{id} is missing in {int((codes < 0).sum()):,} rows")
        kinds, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")  # in the order in which they begin
        sequence, names = rank[inverse], tuple(found[k] for k in kinds[np.argsort(first, kind="stable")])
    read = times_of(frame, tuple(time.split(",")), sheet.lines) if time else None
    times, offsets = (None, None) if read is None else (read.values, read.offsets)
    rows = in_order(Rows(frame, sheet.lines, sequence, times, offsets, None), time or "")
    cut = origin.task in ("forecast", "tagging")
    return gapped(rows, names, "keep" if elapsed else None, cut=cut), names


def _asked(table: Table, transform: TableTransform) -> Examples:
    """Whole sequences; windows side by side where steps are tagged; of each series to be forecast its last window."""
    first, after = table.starts[:-1], table.starts[1:]
    if table.task != "forecast":
        sequence = np.flatnonzero(after > first)
        start, stop = first[sequence], after[sequence]
        if table.task == "tagging" and table.window is not None:
            counts = -(-(stop - start) // table.window)
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            sequence, begin, end = (np.repeat(each, counts) for each in (sequence, start, stop))
            start = begin + within * table.window
            stop = np.minimum(start + table.window, end)
        elif table.window is not None:
            start = np.maximum(start, stop - table.window)
        return Examples(sequence, start, stop, stop)
    newest = {name: s for s, name in enumerate(table.ids[:-1])}  # of pieces of one series the last
    sequence = np.array(list(newest.values()), np.int64)
    stop = after[sequence]
    if transform.ahead:
        stop = np.array([_known_until(table, s) for s in sequence.tolist()], np.int64)
        short = [table.ids[s] or "the series" for s, at in zip(sequence.tolist(), stop, strict=True)
                 if after[s] - at < table.horizon]  # fmt: skip
        if short:
            what = f"{shown(list(transform.ahead))} in the {table.horizon} rows after the last value"
            raise UsageError(f"{shown(short)}: a forecast needs {what}, where the target stays empty")
    start = np.maximum(first[sequence], stop - (table.window or int((after - first).max())))
    return Examples(sequence, start, stop, stop + table.horizon)


def _known_until(table: Table, s: int) -> int:
    """The row after the last one of sequence s whose target is known."""
    assert table.target.values is not None
    known = np.flatnonzero(~np.isnan(table.target.values[table.starts[s] : table.starts[s + 1]]).all(axis=1))
    if not len(known):
        raise UsageError(f"{table.ids[s] or 'the series'}: no value of {shown(list(table.target.names))} is known")
    return int(table.starts[s] + known[-1] + 1)


def _target(frame: pd.DataFrame, transform: TableTransform, origin: Origin, S: int) -> Target:
    """Unknown, but for the past of what is forecast."""
    names, classes, R = transform.targets, transform.classes, len(frame)
    if origin.task in ("label", "tagging"):
        return Target(names, classes, labels=np.full(S if origin.task == "label" else R, -1))
    if origin.task == "value":
        return Target(names, values=np.full((S, len(names)), np.nan, np.float32))
    values = np.stack([numbers_of(frame[name]) for name in names], axis=1)
    return Target(names, values=_longer(values, transform.horizon, np.nan))


def _longer(rows: np.ndarray, more: int, empty: float) -> np.ndarray:
    return np.concatenate((rows, np.full((more, *rows.shape[1:]), empty, rows.dtype))) if more else rows


def _outside(numbers: np.ndarray, columns: tuple[Column, ...], origin: Origin) -> list[str]:
    found, places = [], {column.name: column.index for column in columns if column.kind == "number"}
    for each in origin.ranges:
        values = numbers[:, places[each.name]]
        count = int(((values < each.low) | (values > each.high)).sum())
        if count:
            outside = f"lie outside of {each.low:g} to {each.high:g}, which is all that was learned from"
            found.append(f"{each.name}: {count:,} of {len(values):,} values {outside}")
    return found


def _new(frame: pd.DataFrame, columns: tuple[Column, ...]) -> list[str]:
    found = []
    for column in columns:
        if column.kind == "category":
            codes, names = codes_of(frame[column.name])
            unseen = [i for i, name in enumerate(names) if name not in set(column.values)]
            if unseen:
                rows = int(np.isin(codes, unseen).sum())
                found.append(f"{column.name}: {rows:,} rows with values that were never seen: "
                             f"{shown([names[i] for i in unseen], 6)}; taken for another")  # fmt: skip
    return found
