"""Measured numbers as text: no more digits than are known."""

from __future__ import annotations

import math

import pandas as pd


def number(value: float, digits: int = 3) -> str:
    """A measured value to so many significant digits, without exponents where they can be had without; "–" for none."""
    if pd.isna(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if value == 0 or 1e-4 <= abs(value) < 10**digits:
        places = digits - 1 if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
        return f"{value:.{places}f}"
    return f"{value:,.0f}" if abs(value) < 1e9 and abs(value) >= 1 else f"{value:.{digits - 1}e}"


def count(value: float) -> str:
    """A whole number, or nearly; "–" for none."""
    return "–" if pd.isna(value) else f"{value:,.0f}"


def interval(estimate: float, low: float, high: float) -> str:
    """An estimate with its interval, as precise as the interval is narrow: "0.9917 [0.9881, 0.9953]"."""
    if math.isnan(estimate):
        return "–"
    if math.isnan(low):
        return number(estimate, 4)
    width = high - low
    largest = max(abs(estimate), 1e-12)
    size = math.log10(max(width, 1e-4 * largest))
    places = 4 if width < 1e-9 * largest else max(0, min(8, math.ceil(1.5 - size)))
    # Adding 0.0 to a rounded number makes −0.0 a plain zero.
    estimate, low, high = (round(value, places) + 0.0 for value in (estimate, low, high))
    return f"{estimate:.{places}f} [{low:.{places}f}, {high:.{places}f}]"
