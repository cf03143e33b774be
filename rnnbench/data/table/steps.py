"""The usual step of a sequence's times.

A step is a month, or several, where all dates are of one day of the month or at its end; a working day where none is of
a weekend; else the most frequent distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
MOST_MISSING_DAYS = 5
"""Working days that exchanges and offices may be closed."""


@dataclass(frozen=True)
class Steps:
    """How many usual steps lie between the n rows of one sequence."""

    ticks: np.ndarray  # (n − 1,) float64
    name: str  # "1 hour"; "" where there are too few rows to tell, or steps are counted one by one
    regular: np.ndarray | None = None  # all times from first to last, one a step, where it is the same everywhere


def steps_of(times: np.ndarray) -> Steps:
    """times: (n,) rising."""
    if len(times) < 3:
        return Steps(np.ones(max(len(times) - 1, 0)), "")
    if times.dtype.kind != "M":
        distances = np.diff(times).astype(np.float64)
        unit = _mode(distances)
        return Steps(distances / unit, "" if unit == 1 else f"{unit:g}", np.arange(times[0], times[-1] + 1, int(unit)))
    if _of_months(times):
        months = np.diff(times.astype("datetime64[M]").astype(np.int64)).astype(np.float64)
        unit = _mode(months)
        name = {1: "1 month", 3: "1 quarter", 12: "1 year"}.get(int(unit), f"{unit:g} months")
        return Steps(months / unit, name, _every_month(times, int(unit)))
    distances = np.diff(times).astype(np.int64).astype(np.float64)
    unit = _typical(distances)
    if _of_working_days(times, unit):
        days = times.astype("datetime64[D]")
        working = np.busday_count(days[:-1], days[1:]).astype(np.float64)
        every = np.arange(days[0], days[-1] + 1)
        regular = times[0] - days[0] + every[np.is_busday(every)].astype(times.dtype)
        return Steps(np.where(working <= 1 + MOST_MISSING_DAYS, 1.0, working), "1 working day", regular)
    name = next((n for n, s in reversed(SECONDS.items()) if unit % s == 0), "second")
    number = unit / SECONDS[name]
    regular = np.arange(times[0], times[-1] + np.timedelta64(1, "s"), np.timedelta64(int(unit), "s"))
    return Steps(distances / unit, f"{number:g} {name}{'s' if number != 1 else ''}", regular)


def _of_months(times: np.ndarray) -> bool:
    midnight = (times == times.astype("datetime64[D]")).all()
    return bool(midnight) and (_on_one_day(times) or _at_ends(times))


def _every_month(times: np.ndarray, unit: int) -> np.ndarray:
    """From the first to the last, each `unit` months: on the first one's day, or at their ends where all are."""
    first, last = times[0].astype("datetime64[M]"), times[-1].astype("datetime64[M]")
    month = np.arange(first, last + 1, unit)
    end = (month + 1).astype("datetime64[D]") - 1
    if _at_ends(times):
        return end.astype(times.dtype)
    day = times[0].astype("datetime64[D]") - first.astype("datetime64[D]")
    return np.minimum(month.astype("datetime64[D]") + day, end).astype(times.dtype)


def _on_one_day(times: np.ndarray) -> bool:
    days = times.astype("datetime64[D]")
    return len(np.unique(days - days.astype("datetime64[M]").astype("datetime64[D]"))) == 1


def _at_ends(times: np.ndarray) -> bool:
    days = times.astype("datetime64[D]")
    return bool(((days + 1).astype("datetime64[M]") > days.astype("datetime64[M]")).all())


def _of_working_days(times: np.ndarray, unit: float) -> bool:
    if unit != SECONDS["day"] or len(times) < 10:
        return False
    return bool(((times.astype("datetime64[D]").astype(np.int64) + 3) % 7 < 5).all())  # 1970-01-01 was a Thursday


def _mode(distances: np.ndarray) -> float:
    values, counts = np.unique(distances[distances > 0], return_counts=True)
    return float(values[counts.argmax()]) if len(values) else 1.0


def _typical(distances: np.ndarray) -> float:
    """The most frequent distance; where clocks waver about a round one, that."""
    unit = _mode(distances)
    for seconds in (86400, 3600, 1800, 900, 600, 300, 60):
        if 0 < abs(unit - seconds) <= 0.05 * seconds:
            return float(seconds)
    return unit
