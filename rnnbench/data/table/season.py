"""The season of series: what the calendar offers and the series repeat."""

from __future__ import annotations

import numpy as np

CALENDAR = {
    "1 second": (60, 3600), "1 minute": (60, 1440), "5 minutes": (288, 2016), "10 minutes": (144, 1008),
    "15 minutes": (96, 672), "20 minutes": (72, 504), "30 minutes": (48, 336), "1 hour": (24, 168), "1 day": (7, 365),
    "1 working day": (5, 260), "1 week": (52,), "1 month": (12,), "1 quarter": (4,),
}  # fmt: skip
"""Usual step → steps of the seasons that the calendar has for it, the shortest first."""

MOST_SERIES, MOST_STEPS = 20, 20_000
LEAST_SEASONS = 3
LEAST, LEAST_RISE = 0.3, 0.1
"""Of the correlation at a season, and by how much it is above that at half of one."""


def season(series: list[np.ndarray], step: str) -> tuple[int, str]:
    """Steps of the season, 1 where there is none, and what is said of it. series: of one target, (n,) each."""
    series = [values[-MOST_STEPS:] for values in sorted(series, key=len, reverse=True)[:MOST_SERIES]]
    candidates = CALENDAR.get(step)
    if candidates is None:
        found = _searched(series)
        return (found, f"{found} steps, by autocorrelation") if found > 1 else (1, "none found")
    for m in candidates:
        usable = [values for values in series if len(values) >= LEAST_SEASONS * m]
        if usable and _repeats(usable, m):
            return m, f"{m} steps of {step}"
    tried = " or ".join(str(m) for m in candidates)
    return 1, f"none: {tried} steps of {step} do not repeat"


def correlation(rest: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """(L,) autocorrelation at these lags of values without a level, over pairs where both are known; NaN of none."""
    variance = np.nanmean(rest**2) if (~np.isnan(rest)).sum() > 8 else 0.0
    if not variance > 0:
        return np.full(len(lags), np.nan)
    found = []
    for lag in lags:
        product = rest[lag:] * rest[: len(rest) - lag]
        found.append(np.nanmean(product) / variance if (~np.isnan(product)).sum() > 8 else np.nan)
    return np.array(found)


def _repeats(series: list[np.ndarray], m: int) -> bool:
    """Of values less their mean over the season about them: whether they are like those a season before, and less so
    those half of one before."""
    at = np.array([correlation(_less_their_mean(values, m), np.array([m, max(1, m // 2)])) for values in series])
    at = at[~np.isnan(at).any(axis=1)]
    if not len(at):
        return False
    full, half = np.median(at, axis=0)
    return bool(full > LEAST and full > half + LEAST_RISE)


def _less_their_mean(values: np.ndarray, m: int) -> np.ndarray:
    """y less the mean of the known ones among the m about it; NaN where less than half of these are known."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0).astype(np.float64)
    t, half = np.arange(len(values)), m // 2
    low, high = np.maximum(t - half, 0), np.minimum(t + half + 1, len(values))
    sums, counts = (np.concatenate(([0], np.cumsum(v)))[high] - np.concatenate(([0], np.cumsum(v)))[low]
                    for v in (filled, known))  # fmt: skip
    rest = np.where(known & (counts > half), values - sums / np.maximum(counts, 1), np.nan)
    scale = np.nanmax(np.abs(filled), initial=0.0)
    return np.where(np.abs(rest) > 1e-9 * scale, rest, 0.0) if scale else rest * 0


def _line_taken(values: np.ndarray) -> np.ndarray:
    """Less their straight line."""
    t, known = np.arange(len(values)), ~np.isnan(values)
    if known.sum() < 8:
        return np.full(len(values), np.nan)
    return values - np.polyval(np.polyfit(t[known], values[known].astype(np.float64), 1), t)


def _searched(series: list[np.ndarray]) -> int:
    """Of the longest series: the first lag at which the correlation has a clear peak."""
    values = series[0] if series else np.zeros(0)
    most = min(len(values) // 3, 400)
    if most < 6:
        return 1
    r = correlation(_line_taken(values), np.arange(1, most + 1))
    if np.isnan(r).any():
        return 1
    for m in range(2, most):
        lag = m - 1
        near = r[max(0, lag - max(1, m // 8)) : lag + max(1, m // 8) + 1]
        if r[lag] == near.max() and r[lag] > 0.3 and r[lag] > r[max(0, m // 2 - 1)] + 0.3:
            return m
    return 1
