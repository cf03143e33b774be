"""Times written as 2021-01-04 18:00:00, each later than the one before: read as times, without a spelling of each.

Of a file with millions of them, no two alike, spellings would take more memory, and longer, than all its numbers.
"""

from __future__ import annotations

import numpy as np

from rnnbench.data.table.dates import FIRST_YEAR, LAST_YEAR, day_number
from rnnbench.data.table.read.dialect import Dialect

_FORM = np.frombuffer(b"0000-00-00 00:00:00", np.uint8)
_DIGITS, _MARKS = (np.flatnonzero(np.isin(_FORM, ord("0"), invert=marks)) for marks in (False, True))
_NEWLINE = ord("\n")


def stamps(text: bytes, column: int, dialect: Dialect) -> np.ndarray | None:
    """(r,) datetime64[s] that a column of whole records holds; None where one is written otherwise, or not later."""
    cells = _cells(text, column, dialect)
    if cells is None or (cells[:, _MARKS] != _FORM[_MARKS]).any():
        return None
    digits = cells[:, _DIGITS] - np.uint8(ord("0"))  # below "0" it is far above 9
    if (digits > 9).any():
        return None
    year, month, day, hour, minute, second = (_number(digits[:, a:b]) for a, b in
                                              ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14)))  # fmt: skip
    real = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    if not (real & (hour <= 23) & (minute <= 59) & (second <= 59)).all():
        return None
    days = day_number(year, month, day)
    if days is None:
        return None
    found = days.astype("datetime64[s]") + (hour * 3600 + minute * 60 + second).astype("timedelta64[s]")
    return found if (found[1:] > found[:-1]).all() else None


def _cells(text: bytes, column: int, dialect: Dialect) -> np.ndarray | None:
    """(r, 19) letters of a column's cells; None where one has more or less, or quotation marks may hide separators."""
    if dialect.width == 1 or len(dialect.separator) != 1 or (dialect.quoted and b'"' in text):
        return None
    letters = np.frombuffer(text, np.uint8)
    edges = np.flatnonzero((letters == ord(dialect.separator)) | (letters == _NEWLINE))
    if len(edges) % dialect.width:
        return None
    stops = edges[column :: dialect.width]
    starts = np.concatenate(([0], edges[dialect.width - 1 : -1 : dialect.width] + 1)) if column == 0 else (
        edges[column - 1 :: dialect.width] + 1)  # fmt: skip
    if not (stops - starts == len(_FORM)).all():
        return None
    return letters[starts[:, None] + np.arange(len(_FORM))]


def _number(digits: np.ndarray) -> np.ndarray:
    """(r,) int64 that (r, n) digits make."""
    found = digits[:, 0].astype(np.int64)
    for place in range(1, digits.shape[1]):
        found = 10 * found + digits[:, place]
    return found
