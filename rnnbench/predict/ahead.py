"""Of a forecast: what of its past is unknown, the dates that follow, and quantiles from residuals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnnbench.data.table.columns import shown
from rnnbench.data.table.table import Examples, Table
from rnnbench.errors import UsageError

RESIDUALS = "residuals.npz"
"""Beside a kept model: `residual` (n, h, K), target less answer on validation, in the unit of the objective."""

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def told_of_past(table: Table, examples: Examples, firsts: Sequence[object]) -> list[str]:
    """What a forecast's reader must know of its window: that less of it is known than was learned from, and that its
    last rows lack the target, so that what follows them is forecast and not they. firsts: the first date of each."""
    short: dict[str, int] = {}
    empty: dict[str, tuple[int, object]] = {}
    values = table.target.values
    assert values is not None
    for s, start, stop, first in zip(examples.sequence, examples.start, examples.stop, firsts, strict=True):
        known = ~np.isnan(values[start:stop]).all(axis=1)
        if table.window and known.sum() < table.window:
            short[table.ids[s]] = int(known.sum())
        if len(known) and not known[-1]:
            empty[table.ids[s]] = (int(known[::-1].argmax()) if known.any() else len(known), first)
    names, n, told = shown(list(table.target.names)), len(examples), []
    if n == 1 and short:
        (count,) = short.values()
        told.append(f"only {count} of {table.window} steps before the forecast {'is' if count == 1 else 'are'} known")
    elif short:
        told.append(f"{len(short)} of {n} series: fewer than the {table.window} steps before the forecast are known "
                    f"({shown(list(short))})")  # fmt: skip
    if n == 1 and empty:
        ((count, first),) = empty.values()
        rows = "row" if count == 1 else f"{count} rows"
        day = "" if first is None else f", with {str(first).removesuffix(' 00:00:00')}"
        told.append(f"{names}: empty in the last {rows}; what is forecast begins after{day}")
    elif empty:
        told.append(f"{names}: empty in the last rows of {len(empty)} of {n} series ({shown(list(empty))}); what is "
                    "forecast begins after")  # fmt: skip
    return told


def dates_after(last: np.datetime64 | np.int64, h: int, step: str) -> np.ndarray:
    """(h,) the times that follow, a step apart. step: "1 hour", "3 months", "1 working day"; of counted steps: 1.

    Months keep the day, or the last day of a shorter month.
    """
    ahead = np.arange(1, h + 1)
    if not isinstance(last, np.datetime64):
        return last + ahead
    found = re.fullmatch(r"([\d.]+)? ?(working day|\w+?)s?", step)
    number, unit = (float(found[1] or 1), found[2]) if found else (1.0, "")
    if unit == "working day":
        return np.busday_offset(last.astype("datetime64[D]"), ahead * int(number), roll="backward").astype(last.dtype)
    if unit in MONTHS:
        return np.array([_months_after(last, int(number) * MONTHS[unit] * int(j)) for j in ahead])
    if unit not in SECONDS:
        raise UsageError(f"the step between rows is not known ({step or 'none'}): give two rows or more")
    return last + (ahead * number * SECONDS[unit]).astype("timedelta64[s]")


def _months_after(last: np.datetime64, months: int) -> np.datetime64:
    month, day = last.astype("datetime64[M]"), last.astype("datetime64[D]")
    then = month + months
    length = ((then + 1).astype("datetime64[D]") - then.astype("datetime64[D]")).astype(int)
    mine = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int)
    at = (day - month.astype("datetime64[D]")).astype(int)
    at = length - 1 if at == mine - 1 else min(at, length - 1)  # the last day stays the last
    return (
        then.astype("datetime64[D]").astype(last.dtype) + np.timedelta64(int(at), "D") + (last - day.astype(last.dtype))
    )


def quantiles_of(folder: Path, asked: Sequence[float], h: int, K: int) -> tuple[np.ndarray, str]:
    """(Q, h, K) quantiles of residuals by step ahead, and where the residuals are from.

    Raises UsageError for one that is no number between 0 and 1, and where no residuals were kept, or too few for it.
    """
    if bad := [q for q in asked if not 0 < q < 1]:
        raise UsageError("out of range", key="quantiles", value=f"{bad[0]:g}", allowed="between 0 and 1: 0.1,0.5,0.9")
    own, test = folder / RESIDUALS, folder / "predictions.npz"
    if own.exists():
        with np.load(own, allow_pickle=False) as arrays:
            residuals = arrays["residual"]
        where = f"quantiles are of {len(residuals):,} residuals on validation"
    elif test.exists():
        with np.load(test, allow_pickle=False) as arrays:
            residuals = arrays["target"] - arrays["prediction"]
        where = f"quantiles are of {len(residuals):,} residuals on the test examples"
    else:
        raise UsageError(f"{folder} keeps no residuals", key="quantiles", value=",".join(map(str, asked)))
    residuals = residuals.reshape(len(residuals), h, K).astype(np.float64)
    least = int(np.ceil(1 / min(min(q, 1 - q) for q in asked)))
    if len(residuals) < least:
        raise UsageError(f"{len(residuals)} residuals are too few", key="quantiles", value=",".join(map(str, asked)),
                         allowed=f"what {least} or more can show")  # fmt: skip
    return np.nanquantile(residuals, asked, axis=0), where
