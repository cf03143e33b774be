"""Numbers that look like a mark for "missing": named, never taken for one unless `missing=` says so."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table.sheet import Line

if TYPE_CHECKING:
    import pandas as pd

_NEGATIVE = (-99, -99.9, -199, -200, -888, -999, -999.9, -8888, -9999, -32768, -99999)
_POSITIVE = (999, 9999, 65535, 99999, 999999)
_KNOWN = frozenset(float(value) for value in (*_NEGATIVE, *_POSITIVE))
_CHANCE = 1e-4  # how likely it may be that zeros stand beside missing values by chance
_AMOUNT = re.compile(r"(?=.*[%$€£KMB])[$€£]?\s?[+-]?[$€£]?\d[\d.,]*\s?[%$€£KMB]?")
_MOST = 200  # columns that are looked through


def marks(frame: pd.DataFrame) -> list[Line]:
    """Repeated extremes far from all other values, and zeros that stand only where other columns are missing."""
    numbers = [name for name in frame.columns if frame[name].dtype != "category"][:_MOST]
    extremes = {name: _extremes(frame[name].to_numpy()) for name in numbers}
    sure = {value for found in extremes.values() for value, _, stands_apart in found if stands_apart}
    where: dict[float, list[str]] = defaultdict(list)
    for name, found in extremes.items():
        for value, count, _ in found:
            if value in sure:
                where[value].append(f"{name} {count:,}")
    lines = []
    for value, columns in where.items():
        shown = ", ".join(columns[:4]) + (f" and {len(columns) - 4} more" if len(columns) > 4 else "")
        mark = f"{value:.15g}"
        lines.append(Line("marks", f"{mark} looks like a missing value ({shown}): missing={mark} says so", "missing"))
    return lines + _zeros(frame, numbers) + _amounts(frame)


def _amounts(frame: pd.DataFrame) -> list[Line]:
    """Text in which every spelling is a number with a sign beside it."""
    lines = []
    for name in [name for name in frame.columns if frame[name].dtype == "category"][:_MOST]:
        spellings = [str(spelling) for spelling in frame[name].cat.categories[:50]]
        if len(spellings) > 1 and all(_AMOUNT.fullmatch(spelling) for spelling in spellings):
            text = f"{name} is read as text, but looks like numbers with a sign ({spellings[0]}): write bare numbers"
            lines.append(Line("marks", text))
    return lines


def _extremes(values: np.ndarray) -> list[tuple[float, int, bool]]:
    """The least and the greatest value where it is repeated and may be a mark: value, count, surely one."""
    values = values[~np.isnan(values)]
    found: list[tuple[float, int, bool]] = []
    if len(values) < 5:
        return found
    for extreme, side in ((values.min(), -1), (values.max(), 1)):
        same = values == extreme
        count = int(same.sum())
        rest = values[~same]
        if count < 2 or len(rest) < 3 or abs(extreme) < 9:
            continue
        value = round(float(extreme), 4)
        gap, spread = abs(float(rest.min() if side < 0 else rest.max()) - value), float(np.ptp(rest))
        wrong_sign = value < 0 <= float(rest.min())
        known = value in _KNOWN and (wrong_sign or gap > 0.25 * spread)
        if known or wrong_sign:
            found.append((value, count, known or (count > 2 and gap > spread > 0)))
    return found


def _zeros(frame: pd.DataFrame, numbers: list[str]) -> list[Line]:
    """Zeros that occur in a column only in rows where another is missing, which by chance they hardly would."""
    missing = {name: np.isnan(frame[name].to_numpy()) for name in numbers}
    share = {name: float(gone.mean()) for name, gone in missing.items() if gone.any()}
    lines = []
    for name in numbers:
        zero = frame[name].to_numpy() == 0
        if not (count := int(zero.sum())):
            continue
        beside = [other for other in share if share[other] ** count < _CHANCE and missing[other][zero].all()]
        if beside:
            shown = ", ".join(beside[:3])
            text = f"{name} is 0 in {count:,} rows, in all of which {shown} is missing: 0 may mean missing there, too"
            lines.append(Line("marks", text, "missing"))
    return lines
