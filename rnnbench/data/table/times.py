"""The time of each row: which columns hold it, and what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table import dates
from rnnbench.data.table.columns import is_text
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("year", "quarter", "month", "day", "hour", "minute", "second")
_SHORT = {"yr": "year", "mo": "month", "mon": "month", "dy": "day", "hr": "hour", "min": "minute", "sec": "second"}
NAMES = r"(date|time|datum|zeit|datetime|timestamp|ds|day|month|week|quarter|year|jahr|period|step|t|idx|index|cycle)"
_CYCLES = re.compile(r"day|week|month|quarter|hour", re.IGNORECASE)
REPEATED = 0.1
"""Share of rows from which on a number of a day or a month comes again."""
TIMED = re.compile(rf"(^|[^a-z]){NAMES}([^a-z]|$)|date|time", re.IGNORECASE)


@dataclass(frozen=True)
class Times:
    values: np.ndarray  # (R,) datetime64[s] UTC, or int64 steps
    said: str
    offsets: np.ndarray | None = None  # (R,) int32 seconds ahead of UTC


def guessed(frame: pd.DataFrame, taken: tuple[str, ...] = (), id: str | None = None) -> tuple[str, ...]:
    """The columns that hold the time, as far as names and spellings tell; (): none do. taken: they are something else.
    id: the column of sequences.

    Parts of a date in columns of their own; a date and a time of day; a column of dates; whole numbers under a name of
    time.
    """
    free = [str(name) for name in frame.columns if name not in taken]
    parts = {_part(name): name for name in reversed(free) if _part(name) and not is_text(frame[name])}
    if "year" in parts and len(parts) > 1 and _is_calendar(frame[parts["year"]]):
        return tuple(parts[part] for part in PARTS if part in parts)
    texts = {name: _some(frame[name]) for name in free if is_text(frame[name])}
    clocks = [name for name, some in texts.items() if dates.is_time_alone(some)]
    dated = [name for name, some in texts.items() if name not in clocks
             and dates.looks_dated(some, steps=TIMED.search(name) is not None)]  # fmt: skip
    if dated:
        day = dated[0]
        alone = not any(re.search(r"\d[:h]\d", text) for text in texts[day])
        return (day, clocks[0]) if clocks and alone else (day,)
    for name in free:
        if not is_text(frame[name]) and TIMED.search(name) and _counts_up(frame[name]):
            if _CYCLES.search(name) and frame.duplicated([*([id] if id else []), name]).mean() > REPEATED:
                continue  # a day of the week, a month of any year
            return (name,)
    return ()


def times_of(frame: pd.DataFrame, names: tuple[str, ...], lines: np.ndarray) -> Times:
    """What these columns say. Raises UsageError, with the line, for what is no time or is missing."""
    asked = ",".join(names)
    if len(names) > 1 and all(_part(name) and not is_text(frame[name]) for name in names):
        found = _of_parts(frame, names)
    elif len(names) > 1:
        found = _of_texts(_joined(frame, names))
    elif is_text(frame[names[0]]):
        found = _of_texts(frame[names[0]])
    else:
        found = _of_numbers(frame[names[0]].to_numpy(dtype=np.float64), names[0])
    if isinstance(found, str):
        if len(names) == 1 and is_text(frame[names[0]]) and (total := _total_row(frame[names[0]])):
            said = f'line {lines[-1]}, the last, has "{total}" where the others have a time: a row of totals?'
            raise UsageError(said, key="time", value=asked, allowed=f"remove line {lines[-1]}")
        raise UsageError(f"{found}; time=none takes rows as steps", key="time", value=asked)
    missing = np.isnat(found.values) if found.values.dtype.kind == "M" else np.zeros(len(found.values), bool)
    if missing.any():
        raise UsageError(f"line {lines[int(np.argmax(missing))]} has no time", key="time", value=asked)
    return found


def _total_row(column: pd.Series) -> str:
    """The word in the last row, where that alone is no time; else nothing."""
    last, before = column.iloc[-1], column.iloc[:-1].astype("str")
    if len(before) < 3 or not isinstance(last, str) or re.search(r"\d", last):
        return ""
    return "" if isinstance(_of_texts(before), str) else last


def _of_texts(column: pd.Series) -> Times | str:
    """Each spelling is read once."""
    import pandas as pd

    kinds = column.astype("category")
    if kinds.cat.categories.dtype.kind == "M" and not kinds.isna().any():  # they were read as times
        return Times(kinds.to_numpy().astype("datetime64[s]"), "year first")
    spellings = pd.Series(kinds.cat.categories).astype("str")
    if dates.is_time_alone(spellings.head(50).tolist()):
        return "holds times of a day without a date"
    # Which reading of 3/10/2004 has even steps, and what a column's first spelling is like, is a matter of all of them.
    read = dates.read_dates(spellings)
    if isinstance(read, str):
        return read
    codes = kinds.cat.codes.to_numpy()
    if (codes < 0).any() and read.values.dtype.kind != "M":
        return "is missing in some rows"
    gone = np.array(["NaT"], "datetime64[s]") if read.values.dtype.kind == "M" else np.zeros(1, np.int64)
    values = np.concatenate((read.values, gone))[codes]
    offsets = None if read.offsets is None else np.concatenate((read.offsets, np.zeros(1, np.int32)))[codes]
    return Times(values, read.said, offsets)


def _of_numbers(values: np.ndarray, name: str) -> Times | str:
    if np.isnan(values).any():
        return "is missing in some rows"
    low, high = values.min(), values.max()
    for digits, first, last in ((8, 15_000_101, 22_991_231), (6, 150_001, 229_912)):
        if first <= low and high <= last and (read := dates.ordinals(values, digits)) is not None:
            return Times(read, "YYYYMMDD" if digits == 8 else "YYYYMM")
    whole = bool(np.array_equal(values, np.round(values)))
    if _part(name) == "year" and whole and low >= dates.FIRST_YEAR and high <= dates.LAST_YEAR:
        return Times((values.astype(np.int64) - 1970).astype("datetime64[Y]").astype("datetime64[s]"), "years")
    if re.search(r"time|date|epoch|unix|ds", name, re.IGNORECASE):
        for unit, factor in (("seconds", 1), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)):
            if 3e8 * factor <= low and high <= 4e9 * factor:  # 1979 to 2096
                return Times((values / factor).astype("datetime64[s]"), f"{unit} since 1970")
    if whole:
        return Times(values.astype(np.int64), "steps, as counted")
    distances = np.diff(np.unique(values))
    smallest = float(distances.min(initial=np.inf))
    steps = np.round((values - low) / smallest)
    if not np.isfinite(smallest) or steps.max() > 2**40:
        return "is no time"
    return Times(steps.astype(np.int64), f"numbers, {smallest:g} a step")


def _of_parts(frame: pd.DataFrame, names: tuple[str, ...]) -> Times | str:
    part = {str(_part(name)): frame[name].to_numpy(dtype=np.float64) for name in names}
    if any(np.isnan(values).any() for values in part.values()):
        return "is missing in some rows"
    whole = {name: np.round(values).astype(np.int64) for name, values in part.items()}
    year = whole["year"]
    if not ((year >= dates.FIRST_YEAR) & (year <= dates.LAST_YEAR)).all():
        return f"holds the year {year.min()}"
    month = whole.get("month", np.ones_like(year))
    if "quarter" in whole:
        month = whole["quarter"] * 3 - 2
    day = whole.get("day", np.ones_like(year))
    if ((month < 1) | (month > 12) | (day < 1)).any() or (days := dates.day_number(year, month, day)) is None:
        return "holds a date that no calendar has"
    clock = sum(whole.get(name, 0) * seconds for name, seconds in (("hour", 3600), ("minute", 60), ("second", 1)))
    values = days.astype("datetime64[s]") + np.asarray(clock, np.int64).astype("timedelta64[s]")
    return Times(values, f"{len(names)} columns: {', '.join(names)}")


def _joined(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.Series:
    """Date and time of day in one text."""
    texts = [frame[name].astype("object") for name in names]
    joined = texts[0].astype("str").where(texts[0].notna())
    for text in texts[1:]:
        joined = joined + " " + text.astype("str").where(text.notna())
    return joined


def _part(name: str) -> str | None:
    plain = name.strip().casefold()
    plain = _SHORT.get(plain, plain)
    return plain if plain in PARTS else None


def _is_calendar(column: pd.Series) -> bool:
    return bool(column.min() >= dates.FIRST_YEAR and column.max() <= dates.LAST_YEAR)


def _some(column: pd.Series) -> list[str]:
    return [str(value) for value in column.dropna().head(50)]


def _counts_up(column: pd.Series) -> bool:
    """Whether it holds numbers that mostly grow from row to row."""
    values = column.to_numpy(dtype=np.float64)
    return not np.isnan(values).any() and len(values) > 1 and float((np.diff(values) > 0).mean()) > 0.8
