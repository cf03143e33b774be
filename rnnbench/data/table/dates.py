"""Spellings of dates → datetime64[s] in UTC, or plain steps where they are no calendar's.

    2021-01-04  2021/1/4 18:00  2021-01-04T18:00:00.000Z  2021-01-04 18:00+05:30     year first
    10/03/2004 18.00.00  3/10/2004  10.3.04                                          day or month first, by the column
    Jan-1-1995  1 Jan 1995  January 1995                                             a month's name
    1949-01  1970 Q1  1970Q1  20210104  19580329                                     months, quarters, digits
    1-01                                                                             no calendar's: steps

What pandas would read as nanoseconds since 1970 or as year 1 comes through none of these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

FIRST_YEAR, LAST_YEAR = 1500, 2299
CHUNK = 200_000
"""Spellings that are taken apart at once, as Python's own objects."""

_CLOCK = (
    r"(?:[T ,]+(?P<h>\d{1,2})[:.h](?P<min>\d{2})(?:[:.](?P<s>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
)
_MONTH = r"(?P<name>[A-Za-zÀ-ÿ]{3,9})\.?"
SHAPES = {
    "year first": rf"(?P<y>\d{{4}})(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep)(?P<d>\d{{1,2}}){_CLOCK}",
    "two numbers": rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<y>\d{{4}}|\d{{2}}){_CLOCK}",
    "month's name first": rf"{_MONTH}[-/ .]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[-/ ,.]+(?P<y>\d{{4}}){_CLOCK}",
    "day, month's name": rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[-/ .]*{_MONTH}[-/ ,.]*(?P<y>\d{{4}}|\d{{2}}){_CLOCK}",
    "month's name, year": rf"{_MONTH}[-/ ,.]*(?P<y>\d{{4}})",
    "year, month's name": rf"(?P<y>\d{{4}})[-/ ,.]*{_MONTH}",
    "quarters": r"(?P<y>\d{4})[-/ ]*[Qq](?P<q>[1-4])",
    "quarters, year last": r"[Qq](?P<q>[1-4])[-/ ]*(?P<y>\d{4})",
    "months": r"(?P<y>\d{4})[-/.M](?P<m>\d{1,2})",
    "months, year last": r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})",
    "eight digits": rf"(?P<y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}}){_CLOCK}",
}  # fmt: skip
"""Shape → pattern of a whole spelling; a column has the first that fits all of it."""

STEPS = r"(?P<a>\d{1,3})-(?P<b>\d{1,2})"
TIME_ALONE = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Dates:
    """values: (n,) datetime64[s], NaT where a spelling is missing; or int64 steps of what is no date."""

    values: np.ndarray
    said: str  # how they were read
    offsets: np.ndarray | None = None  # (n,) int32 seconds ahead of UTC


def looks_dated(spellings: list[str], *, steps: bool = False) -> bool:
    """Whether nearly all of these, of a column's, are of a shape above. steps: or such as 1-01, which may be ages."""
    some = [text.strip() for text in spellings[:50] if text.strip()]
    if not some:
        return False
    return any(
        sum(re.fullmatch(p, s) is not None for s in some) >= 0.9 * len(some)
        for p in (*SHAPES.values(), *([STEPS] if steps else []))
    )


def is_time_alone(spellings: list[str]) -> bool:
    """Whether these are times of a day without a date."""
    some = [text.strip() for text in spellings[:50] if text.strip()]
    return bool(some) and all(re.fullmatch(TIME_ALONE, text) for text in some)


def read_dates(texts: pd.Series) -> Dates | str:
    """Of a column of spellings, missing ones allowed. A text: the first that is of no shape, or why none can be."""
    import pandas as pd

    if (plain := _iso(texts)) is not None:  # before millions are copied
        return Dates(plain, "year first")
    texts = texts.str.strip()
    known = texts.dropna()
    known = known[known != ""]
    if not len(known):
        return "holds nothing"
    if (plain := _iso(known)) is not None:
        return _spread(Dates(plain, "year first"), known.index, texts.index)
    odd = ""
    for shape, pattern in SHAPES.items():
        if not re.fullmatch(pattern, known.iloc[0]):
            continue
        some = (known.iloc[at : at + CHUNK].str.extract(f"^(?:{pattern})$") for at in range(0, len(known), CHUNK))
        found = pd.concat([each.astype("str") for each in some])
        unread = known[found["y"].isna()]
        if len(unread):
            odd = odd or f'"{unread.iloc[0]}" is no date like "{known.iloc[0]}"'
            continue
        dates = _read(found, shape)
        if isinstance(dates, str):
            return dates
        return _spread(dates, known.index, texts.index)
    if not odd and known.str.fullmatch(STEPS).all():
        parts = known.str.extract(f"^{STEPS}$").astype(np.int64)
        steps = parts["a"] * max(12, int(parts["b"].max())) + parts["b"]
        if len(known) < len(texts):
            return "is missing in some rows"
        return Dates(steps.to_numpy(), f'"{known.iloc[0]}" is no calendar date: steps in this order')
    return odd or f'"{known.iloc[0]}" is no date'


def ordinals(numbers: np.ndarray, digits: int) -> np.ndarray | None:
    """Whole numbers such as 19580329, or 195803 of six digits, as datetime64[s]; None where one is no date."""
    whole = np.round(numbers).astype(np.int64)
    if not np.array_equal(whole, numbers):
        return None
    year, month, day = whole // 10**4, whole // 100 % 100, whole % 100
    if digits == 6:
        year, month, day = whole // 100, whole % 100, np.ones_like(whole)
    if not (_is_year(year).all() and ((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all()):
        return None
    days = day_number(year, month, day)
    return None if days is None else days.astype("datetime64[s]")


def day_number(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray | None:
    """datetime64[D] of calendar dates; None where one does not exist, as 31 February."""
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    return days if (days.astype("datetime64[M]") == first).all() else None


def _iso(known: pd.Series) -> np.ndarray | None:
    """2021-01-04 18:00 without a zone, all of one length, many at a time; None where they are not so."""
    import pandas as pd

    if not len(known) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?", str(known.iloc[0])):
        return None
    if not (known.str.len() == len(known.iloc[0])).all():
        return None
    mark = known.iloc[0][10:11]
    form = f"%Y-%m-%d{mark}%H:%M:%S"[: {10: 8, 16: 14, 19: 17}[len(known.iloc[0])]]
    some = (known.iloc[at : at + CHUNK] for at in range(0, len(known), CHUNK))
    values = np.concatenate([
        pd.to_datetime(each, format=form, errors="coerce").to_numpy().astype("datetime64[s]") for each in some
    ])  # fmt: skip
    years = values.astype("datetime64[Y]").astype(np.int64) + 1970
    return values if not np.isnat(values).any() and _is_year(years).all() else None


def _read(found: pd.DataFrame, shape: str) -> Dates | str:
    year = found["y"].astype(np.int64).to_numpy()
    if found["y"].str.len().iloc[0] == 2:
        year = year + np.where(year < 69, 2000, 1900)
    if not _is_year(year).all():
        return f"holds the year {year[~_is_year(year)][0]}"
    day = np.ones_like(year)
    if "q" in found:
        month = found["q"].astype(np.int64).to_numpy() * 3 - 2
    elif "name" in found:
        names = found["name"].str[:3].str.lower()
        month = names.map({name: i + 1 for i, name in enumerate(_MONTHS)}).to_numpy(dtype=np.float64, na_value=0)
        month = month.astype(np.int64)
        if not month.all():
            return f'"{found["name"].iloc[int(np.argmin(month))]}" is no month'
    elif "a" in found:
        first, second = (found[name].astype(np.int64).to_numpy() for name in "ab")
        shape = _day_or_month_first(year, first, second, found["sep"].iloc[0])
        if shape.startswith("cannot"):
            return shape
        day, month = (first, second) if shape.startswith("day") else (second, first)
    else:
        month = found["m"].astype(np.int64).to_numpy()
    if "d" in found:
        day = found["d"].astype(np.int64).to_numpy()
    if ((month < 1) | (month > 12) | (day < 1)).any() or (days := day_number(year, month, day)) is None:
        return "holds a date that no calendar has"
    return _with_clock(days.astype("datetime64[s]"), found, shape)


def _day_or_month_first(year: np.ndarray, first: np.ndarray, second: np.ndarray, mark: str) -> str:
    """By what is above 12; else by which reading has the more even steps; else a full stop is Europe's."""
    if (first > 12).any() and (second > 12).any():
        return "cannot be read: its first number is above 12 in some rows, its second in others"
    if (first > 12).any():
        return "day first (days above 12 occur)"
    if (second > 12).any():
        return "month first (days above 12 occur)"
    steps = []
    for month, day in ((second, first), (first, second)):
        days = day_number(year, month, day)
        steps.append(np.inf if days is None else len(np.unique(np.diff(np.unique(days)))))
    if steps[0] != steps[1]:
        return f"{'day' if steps[0] < steps[1] else 'month'} first (its steps are even so)"
    if mark == ".":
        return "day first (full stops)"
    return "cannot be told: day or month first? Write dates as 2021-12-31"


def _with_clock(days: np.ndarray, found: pd.DataFrame, shape: str) -> Dates | str:
    if "h" not in found or found["h"].isna().all():
        return Dates(days, shape)
    hour, minute, second = (found[name].fillna("0").astype(np.int64).to_numpy() for name in ("h", "min", "s"))
    half = found["half"].str[:1].str.lower()
    if half.notna().any():
        hour = hour % 12 + 12 * (half == "p").to_numpy()
    if ((hour > 24) | (minute > 59) | (second > 60)).any():
        return "holds a time of day that no clock has"
    values = days + (hour * 3600 + minute * 60 + second).astype("timedelta64[s]")
    zone = found["zone"]
    if zone.isna().all():
        return Dates(values, shape)
    if zone.isna().any():
        return "has a time zone in some rows and none in others"
    plain = zone.replace({"Z": "+0000", "UTC": "+0000", "GMT": "+0000"}).str.replace(":", "")
    ahead = plain.str[1:3].astype(np.int64) * 3600 + plain.str[3:5].replace("", "0").astype(np.int64) * 60
    seconds = np.where(plain.str[0] == "-", -ahead, ahead)
    distinct = sorted(zone.unique())
    said = f"{shape}, {distinct[0]}" if len(distinct) == 1 else f"{shape}, {len(distinct)} time zones, taken as UTC"
    return Dates(values - seconds.astype("timedelta64[s]"), said, seconds.astype(np.int32))


def _spread(dates: Dates, known: pd.Index, everything: pd.Index) -> Dates:
    """Over all rows again, NaT where nothing stood."""
    if len(known) == len(everything):
        return dates
    import pandas as pd

    values = pd.Series(dates.values, index=known).reindex(everything).to_numpy().astype("datetime64[s]")
    offsets = dates.offsets
    if offsets is not None:
        offsets = pd.Series(offsets, index=known).reindex(everything, fill_value=0).to_numpy()
    return Dates(values, dates.said, offsets)


def _is_year(year: np.ndarray) -> np.ndarray:
    return (year >= FIRST_YEAR) & (year <= LAST_YEAR)
