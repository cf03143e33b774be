"""Columns by what a user calls them, and what they hold."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


def one(frame: pd.DataFrame, asked: str, key: str) -> str:
    """The column of this name, or number from 1 where none is called so. Raises UsageError where there is none."""
    if asked in frame.columns:
        return asked
    if asked.isdecimal() and 1 <= int(asked) <= frame.shape[1]:
        return str(frame.columns[int(asked) - 1])
    names = [str(name) for name in frame.columns]
    folded = {name.strip().casefold(): name for name in names}
    close = difflib.get_close_matches(asked, names, n=1)
    found = folded.get(asked.strip().casefold()) or (close[0] if close else None)
    hint = f"; did you mean {found}?" if found else ""
    raise UsageError(f"no such column{hint}", key=key, value=asked, allowed=shown(names))


def several(frame: pd.DataFrame, asked: str, key: str) -> tuple[str, ...]:
    """The columns between commas; a column whose name has a comma is taken whole."""
    if asked in frame.columns:
        return (asked,)
    return tuple(one(frame, name.strip(), key) for name in asked.split(","))


def shown(names: list[str] | tuple[str, ...], most: int = 12) -> str:
    """Names with commas, the first few of many."""
    said = ", ".join(" ".join(str(name).split()) for name in names[:most])
    return said if len(names) <= most else f"{said}, … {len(names) - most} more"


def many(count: int, one: str) -> str:
    """1 row, 2 rows."""
    return f"{count:,} {one}{'s' * (count != 1)}"


def is_text(column: pd.Series) -> bool:
    """Whether it holds spellings rather than numbers."""
    return bool(column.dtype == "category" or column.dtype == object or str(column.dtype) in ("str", "string"))


def codes_of(column: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """(R,) int32 codes, −1 where missing, and the spellings that occur, by their names, or by size of numbers."""
    if is_text(column):
        categories = column.astype("category").cat.remove_unused_categories()
        names = [str(value) for value in categories.cat.categories]
        codes = categories.cat.codes.to_numpy().astype(np.int32)
        order = sorted(range(len(names)), key=lambda i: _sized(names[i]))
    else:
        values = column.to_numpy(dtype=np.float64)
        known = ~np.isnan(values)
        distinct, inverse = np.unique(values[known], return_inverse=True)
        codes = np.full(len(values), -1, np.int32)
        codes[known] = inverse
        return codes, tuple(f"{value:.0f}" if value == round(value) else f"{value:g}" for value in distinct)
    rank = np.empty(len(names) + 1, np.int32)
    rank[order] = np.arange(len(names))
    rank[-1] = -1
    return rank[codes], tuple(names[i] for i in order)


def numbers_of(column: pd.Series) -> np.ndarray:
    """(R,) float32, NaN for what is missing, or too large for it."""
    with np.errstate(over="ignore"):
        values = column.to_numpy(dtype=np.float32, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.float32(np.nan))


def distinct(column: pd.Series) -> int:
    """How many values occur, missing ones aside."""
    return int(column.nunique(dropna=True))


def varies_within(column: pd.Series, sequence: np.ndarray) -> np.ndarray:
    """Sequences in which a column has more than one value, missing ones aside: their numbers, sorted.

    sequence: (R,) numbers from 0.
    """
    values = column.astype("category").cat.codes.to_numpy() if is_text(column) else column.to_numpy(dtype=np.float64)
    known = values >= 0 if is_text(column) else ~np.isnan(values)
    count = int(sequence.max(initial=-1)) + 1
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, sequence[known], values[known])
    np.maximum.at(high, sequence[known], values[known])
    return np.flatnonzero(low < high)


def _sized(name: str) -> tuple[int, Any, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)
