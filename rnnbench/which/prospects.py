"""What would decide a question that is open: more minutes, more data, or neither. Pure functions.

With J pairs of which each two share training data, the standard error of the mean difference is s √(1/J + ρ): minutes
buy pairs, and however many they are s √ρ stays. That shrinks with the data alone, as 1/√n.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from rnnbench.statistics.checks import FloatArray
from rnnbench.which.answer import AGAIN, WITHIN

MOST_FACTOR = 100.0
"""More data than so many times what there is, nobody has."""


@dataclass(frozen=True)
class Prospect:
    """`pairs`: in all, after which it would be decided if what was seen is true; None: no number of pairs decides.
    `factor`: times the data with which the pairs there are would decide; None: beyond MOST_FACTOR."""

    pairs: int | None
    factor: float | None


def prospect(d: FloatArray, margin: float, rho: float, most: int | None) -> Prospect:
    """What would decide, were the mean and the spread of d (J,) the true ones. J ≥ 2.

    most: pairs that there can be, None: any number.
    """
    J, mean, spread = len(d), abs(float(d.mean())), float(d.std(ddof=1))
    room = abs(mean - margin)
    level = AGAIN if mean > margin else WITHIN

    def decides(pairs: float, factor: float = 1.0) -> bool:
        error = spread * math.sqrt((1 / pairs + rho) / factor)
        quantile = float(stats.t.ppf(level, pairs - 1)) if math.isfinite(pairs) else float(stats.norm.ppf(level))
        return room > quantile * error

    found = None
    if decides(math.inf):
        pairs = J
        while not decides(pairs) and pairs < 10_000:
            pairs += max(1, pairs // 20)
        if decides(pairs) and (most is None or pairs <= most):
            found = pairs
    if room == 0:
        return Prospect(found, None)
    factor = (float(stats.t.ppf(level, J - 1)) * spread * math.sqrt(1 / J + rho) / room) ** 2
    return Prospect(found, max(factor, 1.0) if factor <= MOST_FACTOR else None)


def smallest(spread: float, J: int, rho: float, margin: float) -> float:
    """The smallest difference that J pairs of this spread can show in four of five cases, beyond the margin."""
    if J < 2:
        return math.inf
    reach = float(stats.t.ppf(0.975, J - 1)) + float(stats.t.ppf(0.8, J - 1))
    return margin + reach * spread * math.sqrt(1 / J + rho)
