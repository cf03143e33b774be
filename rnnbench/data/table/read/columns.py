"""Columns that come as arrays, from parquet, NumPy or pandas, as a sheet has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read.cells import narrow
from rnnbench.data.table.read.finish import from_codes
from rnnbench.data.table.sheet import Line
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

_EXACT_DOUBLE = 1 << 53
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def column_of(values: Any, name: str) -> Any:
    """(R,) numbers as float32 or float64 with NaN for missing, all else as categories of text.

    `values` is an array, or a Series. Dates become text ("2021-01-01 00:00:00"), as they would stand in a CSV; whole
    numbers that float64 would alter, too.
    """
    import pandas as pd
    from pandas.api import types

    series = values if isinstance(values, pd.Series) else pd.Series(values)
    if isinstance(series.dtype, pd.CategoricalDtype):
        if not types.is_numeric_dtype(series.cat.categories.dtype):
            return from_codes(series.cat.codes.to_numpy(), [str(one) for one in series.cat.categories])
        series = series.astype("float64")
    if types.is_complex_dtype(series.dtype):
        raise UsageError(f"column {name} holds complex numbers: give real and imaginary parts as two columns")
    if types.is_bool_dtype(series.dtype):
        return _text(series.astype("str").where(series.notna()))
    if types.is_integer_dtype(series.dtype) and bool((series.abs() > _EXACT_DOUBLE).any()):
        return _text(series.astype("str").where(series.notna()))
    if types.is_numeric_dtype(series.dtype):
        return narrow(_finite(series.to_numpy(dtype=np.float64, na_value=np.nan)))
    if types.is_timedelta64_dtype(series.dtype):
        return narrow(series.dt.total_seconds().to_numpy(dtype=np.float64))
    if types.is_datetime64_any_dtype(series.dtype):
        return _text(series.astype("str").where(series.notna()))
    return _objects(series, name)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def _objects(series: pd.Series, name: str) -> Any:
    from decimal import Decimal

    known = series[series.notna()]
    first = known.iloc[0] if len(known) else None
    if isinstance(first, list | tuple | dict | set | np.ndarray):
        raise UsageError(f"column {name} holds lists: write one row a step, or one column a step (pandas: explode)")
    if isinstance(first, Decimal | int | float) and all(isinstance(one, Decimal | int | float) for one in known):
        return narrow(_finite(np.array([np.nan if one is None or one != one else float(one) for one in series])))
    if isinstance(first, bytes):
        series = series.map(lambda one: one.decode("utf-8", "replace") if isinstance(one, bytes) else one)
    return _text(series.astype("str").where(series.notna()))


def _text(series: pd.Series) -> pd.Categorical:
    codes, spellings = series.factorize()
    return from_codes(codes, [str(one) for one in spellings])


def without(column: Any, keys: Keys) -> tuple[Any, int]:
    """The column with what `missing=` says taken for missing, and how many of its values are missing then."""
    said = [spelling.strip() for spelling in keys.missing.split(",")] if keys.missing is not None else []
    if isinstance(column, np.ndarray):
        marks = [float(spelling) for spelling in said if _NUMBER.fullmatch(spelling)]
        column = np.where(np.isin(column, np.array(marks, column.dtype)), column.dtype.type(np.nan), column)
        return column, int(np.isnan(column).sum())
    column = column.remove_categories([one for one in column.categories if one in said])
    return column, int((column.codes < 0).sum())


def missing_line(counts: dict[str, int]) -> Line:
    """How many values are missing, by column."""
    some = {name: count for name, count in counts.items() if count}
    shown = ", ".join(f"{name} {count:,}" for name, count in list(some.items())[:4])
    more = f" and {len(some) - 4} more columns" if len(some) > 4 else ""
    return Line("missing", f"{sum(some.values()):,} ({shown}{more})" if some else "no values", "missing")


def repeated(column: Any, times: np.ndarray) -> Any:
    """A column of one row a sequence for each step: (N,) → (Σ times,)."""
    if isinstance(column, np.ndarray):
        return np.repeat(column, times)
    return from_codes(np.repeat(column.codes, times), list(column.categories))


def numbered(count: int, times: np.ndarray) -> pd.Categorical:
    """Which sequence a step belongs to: "1" to "N"."""
    return from_codes(np.repeat(np.arange(count), times), [str(i + 1) for i in range(count)])


def free_name(wished: str, taken: Sequence[str]) -> str:
    """A name for a column that no other has."""
    name, again = wished, 1
    while name in taken:
        again += 1
        name = f"{wished} {again}"
    return name
