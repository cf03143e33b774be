"""Rows in time: sorted within each sequence, exact copies dropped, contradictions refused by their lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table.columns import is_text
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True)
class Rows:
    """Rows of a frame in the order in which they are learned from."""

    frame: pd.DataFrame  # R rows
    lines: np.ndarray  # (R,) where each stands in its file
    sequence: np.ndarray  # (R,) int64 number of its sequence, from 0, rising
    times: np.ndarray | None  # (R,)
    offsets: np.ndarray | None  # (R,)
    official: np.ndarray | None  # (R,) bool
    said: tuple[str, ...] = ()

    def take(self, index: np.ndarray) -> Rows:
        def of(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[index]

        return replace(
            self, frame=self.frame.iloc[index].reset_index(drop=True), lines=self.lines[index],
            sequence=self.sequence[index], times=of(self.times), offsets=of(self.offsets), official=of(self.official),
        )  # fmt: skip

    @property
    def starts(self) -> np.ndarray:
        """(S + 1,) first row of each sequence."""
        return np.searchsorted(self.sequence, np.arange(int(self.sequence.max(initial=-1)) + 2))


def in_order(rows: Rows, time: str) -> Rows:
    """Sequences one after another, each in time; each (sequence, time) once.

    time: name of its column or columns, for refusals.
    """
    rows = _unshifted(rows)
    key = (rows.sequence,) if rows.times is None else (rows.times, rows.sequence)
    order = np.lexsort(key)
    if not np.array_equal(order, np.arange(len(order))):
        sorted_ids = bool((np.diff(rows.sequence) >= 0).all())
        what = "sorted by time" if rows.times is not None and sorted_ids else "brought together by sequence"
        rows = replace(rows.take(order), said=(*rows.said, f"rows were not in order: {what}"))
    return rows if rows.times is None else _once(rows, time)


def _once(rows: Rows, time: str) -> Rows:
    """Exact copies dropped; one that is the test's stays so. Raises UsageError for two rows of one time that say
    different things."""
    assert rows.times is not None
    same = (np.diff(rows.sequence) == 0) & (np.diff(rows.times.astype(np.int64)) == 0)
    if not same.any():
        return rows
    after = np.flatnonzero(same) + 1
    before = after - 1
    equal = np.ones(len(after), bool)
    for name in rows.frame.columns:
        column = rows.frame[name]
        values = column.cat.codes.to_numpy() if is_text(column) else column.to_numpy(dtype=np.float64)
        pair = values[after], values[before]
        equal &= (pair[0] == pair[1]) | (np.isnan(pair[0]) & np.isnan(pair[1]) if values.dtype.kind == "f" else False)
    if not equal.all():
        _refuse(rows, before[~equal], after[~equal], time)
    kept = np.ones(len(rows.sequence), bool)
    kept[after] = False
    dropped = f"{len(after):,} exact {'copy' if len(after) == 1 else 'copies'} of rows dropped"
    if rows.official is not None:
        given = np.zeros(int(kept.sum()), bool)
        np.logical_or.at(given, np.cumsum(kept) - 1, rows.official)
        if moved := int(given.sum() - rows.official[kept].sum()):
            dropped += f"; {moved:,} of them stand in the test too, and only there now"
        rows = replace(rows, official=given[np.cumsum(kept) - 1])
    return replace(rows.take(np.flatnonzero(kept)), said=(*rows.said, dropped))


def _refuse(rows: Rows, before: np.ndarray, after: np.ndarray, time: str) -> None:
    assert rows.times is not None
    first, second = sorted((int(rows.lines[before[0]]), int(rows.lines[after[0]])))
    when = spoken(rows.times[after[0]])
    more = "" if len(after) == 1 else f", and {len(after) - 1:,} more such pairs"
    raise UsageError(f"lines {first} and {second} say different things of {when}{more}", key="time", value=time,
                     allowed="one row for each time, or id= and the column that tells series apart")  # fmt: skip


def _unshifted(rows: Rows) -> Rows:
    """Local time as it was counted on, where a clock change shows in the order of rows: an hour that comes twice in
    autumn, or is left out in spring. Times after it keep their steps; offsets say by how much local time differs."""
    times = rows.times
    if times is None or times.dtype.kind != "M" or rows.offsets is not None or len(times) < 3:
        return rows
    together = np.diff(rows.sequence) == 0
    steps = np.diff(times)
    forward = steps[together & (steps > np.timedelta64(0))]
    if not len(forward):
        return rows
    values, counts = np.unique(forward, return_counts=True)
    step = values[counts.argmax()]
    if step > HOUR or HOUR % step:
        return rows
    back = together & (steps == step - HOUR) & _may_change(times[1:], autumn=True)
    if not back.any() or ((steps < np.timedelta64(0)) & together & ~back).any():
        return rows  # the order of rows says nothing
    ahead = together & (steps == step + HOUR) & _may_change(times[1:], autumn=False)
    change = back.astype(np.int64) - ahead.astype(np.int64)
    total = np.concatenate(([0], np.cumsum(change)))
    start = (
        np.searchsorted(rows.sequence, rows.sequence) if (np.diff(rows.sequence) >= 0).all() else np.zeros_like(total)
    )
    total = total - total[start]  # of each sequence by itself
    said = [f"{spoken(times[i + 1])} occurs twice (clock change?): kept in order" for i in np.flatnonzero(back)]
    said += [
        f"an hour is left out before {spoken(times[i + 1])} (clock change?): no gap" for i in np.flatnonzero(ahead)
    ]
    shifted = times + total * HOUR
    return replace(rows, times=shifted, offsets=(-3600 * total).astype(np.int32), said=(*rows.said, *said[:4]))


def _may_change(times: np.ndarray, *, autumn: bool) -> np.ndarray:
    """Whether clocks may change at this time: early on a Sunday, in autumn or spring of either half of the world."""
    days = times.astype("datetime64[D]")
    sunday = (days.astype(np.int64) + 3) % 7 == 6  # 1970-01-01 was a Thursday
    month = times.astype("datetime64[M]").astype(np.int64) % 12 + 1
    hour = (times - days) // HOUR
    months = (9, 10, 11, 3, 4) if autumn else (3, 4, 9, 10, 11)
    return sunday & np.isin(month, months) & (hour <= 4)


def spoken(time: np.datetime64 | np.int64) -> str:
    """2021-10-31 02:00, without what is zero; a step as its number."""
    if not isinstance(time, np.datetime64):
        return f"step {time}"
    text = str(time.astype("datetime64[s]")).replace("T", " ")
    return text.removesuffix(" 00:00:00").removesuffix(":00") if text.count(":") == 2 else text
