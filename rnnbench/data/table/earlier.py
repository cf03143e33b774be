"""Inputs of which earlier rows hold what is to be forecast: y of two days later, a mean that is centred or looks ahead.

Tomorrow's y stands in yesterday's row of the first, and in a mean beside other days, all past, that take it apart. So
the last rows of one input are held against what those of the target itself leave unexplained, by least squares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rnnbench.data.table.examples import default_window
from rnnbench.data.table.table import Column, Table

MOST_ROWS = 12
"""Of the past of an input, and of the target."""

MOST_FORECASTS, A_NUMBER = 2000, 10
"""Forecasts that are looked at; as many for each number that is fitted, at the least."""

NOTHING = 1e-12
"""Of a variance, what rounding to float32 leaves where there is nothing to be explained."""


def shown_earlier(
    table: Table, at: np.ndarray, k: int, j: int, columns: Sequence[Column], news: float
) -> Iterator[tuple[Column, int]]:
    """Which of these number columns, and by how many rows up to row t, explain target k of row t + j, but for a share
    `news` of what its own past leaves. at: (n,) rows t.

    Its own past is as many rows, and those of one and two seasons before, of which an input may be a copy.
    """
    values, owner = table.target.values, np.repeat(np.arange(len(table.ids)), np.diff(table.starts))
    assert values is not None
    rows = min(MOST_ROWS, table.window or default_window(table), len(at) // (2 * A_NUMBER + 2))
    back = [*range(rows), *(s * table.season - j for s in (1, 2) if s * table.season - j >= rows)]
    at = at[(at - max(back, default=0) >= table.starts[owner[at]]) & (at + j < table.starts[owner[at] + 1])]
    at = at[np.linspace(0, len(at) - 1, min(len(at), MOST_FORECASTS)).astype(np.int64)]
    own = values[at[:, None] - np.array(back, dtype=np.int64), k].astype(np.float64)
    y = values[at + j, k].astype(np.float64)
    known = ~np.isnan(y) & ~np.isnan(own).any(axis=1)
    for column in columns if rows >= 2 else ():
        past = table.numbers[at[:, None] - np.arange(rows), column.index].astype(np.float64)
        whole = known & ~np.isnan(past).any(axis=1)
        if whole.sum() >= A_NUMBER * (rows + len(back)) and _left(y[whole], own[whole], past[whole]) <= news:
            yield column, rows


def _left(y: np.ndarray, own: np.ndarray, past: np.ndarray) -> float:
    """Of what `own` (n, G) leaves of the variance of y (n,), the share that is left beside `past` (n, F) as well, each
    less what so many numbers would explain of anything; 1 where `own` leaves nothing, or is all there is in `past`."""
    base, _ = np.linalg.qr(np.column_stack((np.ones(len(y)), _scaled(own))))
    rest, past = y - base @ (base.T @ y), _scaled(past)
    news = past - base @ (base.T @ past)
    news = news[:, (news**2).sum(axis=0) > NOTHING * len(y)]
    before = float(rest @ rest)
    if before <= NOTHING * float(((y - y.mean()) ** 2).sum()) or not news.size:
        return 1.0
    left = rest - news @ np.linalg.lstsq(news, rest, rcond=None)[0]
    free = len(y) - base.shape[1]
    return float(left @ left) / (free - news.shape[1]) / (before / free)


def _scaled(x: np.ndarray) -> np.ndarray:
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
