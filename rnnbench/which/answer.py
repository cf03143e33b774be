"""From paired scores to one of four answers, and the sentences that go with it: a pure function.

    dⱼ = score of the first cell − score of the second       of errors log error of the second − log error of the first
    use …         P(mean d beyond the margin) ≥ .975, ≥ .99 where pairs were added to a question answered before, and
                  the winner clearly beats the naive baseline: P(mean gain > 0) ≥ .975
    either        P(mean d within the margin) ≥ .95, and one of the two clearly beats the naive baseline
    not decided   all else, and whatever fewer than ten pairs say

P is the Bayesian correlated t-test's (statistics/correlated.py). With a test set that was given, whose rows all pairs
share, a winner and a gain must hold in the paired bootstrap over its rows, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnnbench.statistics import MIN_PAIRS, Interval, Probabilities, corrected_interval, corrected_test, probabilities
from rnnbench.statistics.checks import FloatArray

Word = Literal["first", "second", "either", "not decided"]

CLEARLY = 0.975
AGAIN = 0.99
WITHIN = 0.95
TINY = 1e-12
"""Of the naive error: errors below count as that, since log 0 is no number."""


@dataclass(frozen=True)
class Pair:
    """One split: what both cells, the best naive baseline and the best simple model scored on its test rows.

    Which baseline is best was chosen on validation. Each cell's score is the mean over seeds, of errors the geometric.
    """

    split: int
    scores: tuple[float, float]
    naive: float
    naive_name: str
    simple: float | None = None
    simple_name: str = ""


@dataclass(frozen=True)
class Rows:
    """What the paired bootstrap over the rows of a given test set says."""

    difference: Probabilities
    gains: tuple[float, float]  # P(gain over the naive baseline > 0) of each cell
    simple: float | None = None  # … of the best simple model; None where what it said is not kept


@dataclass(frozen=True)
class Terms:
    """What was asked and how pairs hang together."""

    better: Literal["higher", "lower"]
    margin: float  # of a score as it is, of an error relative: 0.02 is 2 %
    rho: float
    again: bool = False  # pairs were added after an answer had been given

    @property
    def additive_margin(self) -> float:
        return self.margin if self.better == "higher" else math.log1p(self.margin)


@dataclass(frozen=True)
class Decision:
    """differences, gains: of the pairs, (J,) and (2, J), above 0 in favour of the first, and of the cell."""

    word: Word
    why: str  # won, alike, naive (neither beats it), loser (who leads does not beat it), few, rows or open
    differences: FloatArray
    difference: Interval
    chances: Probabilities
    gains: FloatArray
    gain: tuple[Interval, Interval]
    beats: tuple[bool, bool]  # each cell the naive baseline, clearly
    simple: Interval | None  # gain of the better cell over the best simple model
    beats_simple: bool | None  # None where there is none
    simple_gain: Interval | None  # of the best simple model over the naive baseline
    simple_beats_naive: bool | None  # clearly, by the rule that cells are held to
    leads: int  # 0 or 1: which has the better mean score

    @property
    def beats_naive(self) -> bool:
        """Whether who is named does; where nobody is, whether either does."""
        return self.beats[self.leads] if self.word in ("first", "second") else any(self.beats)


def advantage(of: float, over: float, terms: Terms, scale: float) -> float:
    """By how much `of` is better; of errors in logarithms, those below TINY · scale counted as that."""
    if terms.better == "higher":
        return of - over
    least = TINY * (scale if scale > 0 else 1.0)
    return math.log(max(over, least)) - math.log(max(of, least))


def decide(pairs: Sequence[Pair], terms: Terms, rows: Rows | None = None) -> Decision:
    """The answer from these pairs, in their order. ValueError for none, or a score that is no number."""
    if not pairs:
        raise ValueError("no pairs")
    d = np.array([advantage(*pair.scores, terms, pair.naive) for pair in pairs])
    gains = np.array([[advantage(pair.scores[c], pair.naive, terms, pair.naive) for pair in pairs] for c in (0, 1)])
    chances = probabilities(d, terms.additive_margin, terms.rho)
    leads = 0 if d.mean() >= 0 else 1
    shares = (None, None, None) if rows is None else (*rows.gains, rows.simple or 0.0)
    beats = (_clear(gains[0], terms, shares[0]), _clear(gains[1], terms, shares[1]))
    word, why = _word(d, chances, terms, rows, beats)
    simple, ahead = _over_simple(pairs, terms, leads), _simple_over_naive(pairs, terms)
    return Decision(
        word, why, d, corrected_interval(d, terms.rho), chances, gains,
        (corrected_interval(gains[0], terms.rho), corrected_interval(gains[1], terms.rho)), beats,
        None if simple is None else corrected_interval(simple, terms.rho),
        None if simple is None else _surely_above(simple, terms.rho),
        None if ahead is None else corrected_interval(ahead, terms.rho),
        None if ahead is None else _clear(ahead, terms, shares[2]), leads,
    )  # fmt: skip


def _word(
    d: FloatArray, chances: Probabilities, terms: Terms, rows: Rows | None, beats: tuple[bool, bool]
) -> tuple[Word, str]:
    level = AGAIN if terms.again else CLEARLY
    if len(d) < MIN_PAIRS:
        return "not decided", "few"
    if not any(beats):
        return "not decided", "naive"
    for cell, chance in enumerate((chances.above, chances.below)):
        if chance >= level:
            if rows is not None and (rows.difference.above, rows.difference.below)[cell] < level:
                return "not decided", "rows"
            if not beats[cell]:
                return "not decided", "loser"
            return ("first", "second")[cell], "won"
    return ("either", "alike") if chances.within >= WITHIN else ("not decided", "open")


def _clear(gain: FloatArray, terms: Terms, share: float | None) -> bool:
    """share: of the bootstrap over the rows of a given test set in which there is a gain."""
    return _surely_above(gain, terms.rho) and (share is None or share >= CLEARLY)


def _surely_above(gain: FloatArray, rho: float) -> bool:
    return len(gain) >= MIN_PAIRS and 1 - corrected_test(gain, rho)[0] >= CLEARLY


def _over_simple(pairs: Sequence[Pair], terms: Terms, cell: int) -> FloatArray | None:
    """Gains over the best simple model; None unless all pairs have one."""
    return _gains([(pair.scores[cell], pair.simple, pair.naive) for pair in pairs], terms)


def _simple_over_naive(pairs: Sequence[Pair], terms: Terms) -> FloatArray | None:
    """Gains of the best simple model; None unless all pairs have one."""
    return _gains([(pair.simple, pair.naive, pair.naive) for pair in pairs], terms)


def _gains(scores: Sequence[tuple[float | None, float | None, float]], terms: Terms) -> FloatArray | None:
    """Of each (of, over, scale) the advantage; None where a score is missing."""
    known = [(of, over, scale) for of, over, scale in scores if of is not None and over is not None]
    return None if len(known) < len(scores) else np.array([advantage(a, b, terms, scale) for a, b, scale in known])
