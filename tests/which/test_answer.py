"""One of four answers from paired scores, each worked out by hand.

Ten pairs, differences d ± s in turn: mean d, and as five lie at +s and five at −s of it, the standard deviation
is s·√(10/9). With ρ = 0.25 the standard error is s·√(10/9)·√(0.1 + 0.25) = 0.6236·s, and P(mean > m) is that of
Student's t with 9 degrees of freedom above (m − d)/(0.6236·s). Its quantiles: t(.95) = 1.833, t(.975) = 2.262,
t(.99) = 2.821.
"""

from __future__ import annotations

import math

import pytest

from rnnbench.statistics import Probabilities
from rnnbench.which.answer import Pair, Rows, Terms, decide

SCORES = Terms(better="higher", margin=0.02, rho=0.25)
ERRORS = Terms(better="lower", margin=0.02, rho=0.25)
AGAIN = Terms(better="higher", margin=0.02, rho=0.25, again=True)
FACTOR = math.sqrt(10 / 9) * math.sqrt(0.35)


def pairs(d: float, s: float, n: int = 10, naive: float = 0.5, base: float = 0.8) -> list[Pair]:
    """Scores of the first around base + d, of the second base, apart by d ± s."""
    return [Pair(j, (base + d + (s if j % 2 else -s), base), naive, "majority") for j in range(n)]


def errors(ratio: float, n: int = 10, naive: float = 4.0, spread: float = 0.0) -> list[Pair]:
    """Errors of the first 2.0, of the second `ratio` times that, give or take."""
    return [Pair(j, (2.0, 2.0 * ratio * math.exp(spread if j % 2 else -spread)), naive, "last value") for j in range(n)]


def test_factor() -> None:
    assert pytest.approx(0.6236, abs=1e-4) == FACTOR


def test_use_the_first() -> None:
    """d = .05, s = .02: (.05 − .02)/(.6236 · .02) = 2.405 > 2.262, so P is a little above .975."""
    said = decide(pairs(0.05, 0.02), SCORES)
    assert said.word == "first"
    assert 0.975 < said.chances.above < 0.985
    assert said.beats_naive
    assert said.beats == (True, True)


def test_a_little_less_is_not_enough() -> None:
    """d = .047: (.047 − .02)/.01247 = 2.165 < 2.262."""
    said = decide(pairs(0.047, 0.02), SCORES)
    assert (said.word, said.why) == ("not decided", "open")
    assert 0.95 < said.chances.above < 0.975


def test_a_question_gone_on_with_needs_more() -> None:
    """d = .05: 2.405 < 2.821. d = .056: (.056 − .02)/.01247 = 2.886 > 2.821."""
    assert decide(pairs(0.05, 0.02), AGAIN).word == "not decided"
    assert decide(pairs(0.056, 0.02), AGAIN).word == "first"


def test_use_the_second() -> None:
    said = decide(pairs(-0.05, 0.02), SCORES)
    assert said.word == "second"
    assert said.leads == 1
    assert said.chances.below > 0.975


def test_either() -> None:
    """d = 0, s = .01: .02/.006236 = 3.207 on both sides, each beyond with probability .0054: within .989."""
    said = decide(pairs(0.0, 0.01), SCORES)
    assert said.word == "either"
    assert said.chances.within == pytest.approx(0.9893, abs=5e-4)


def test_either_needs_95_percent() -> None:
    """d = 0, s = .015: .02/.009354 = 2.138, each beyond with .0306: within .939."""
    said = decide(pairs(0.0, 0.015), SCORES)
    assert (said.word, said.why) == ("not decided", "open")
    assert said.chances.within == pytest.approx(0.939, abs=2e-3)


def test_all_equal_is_either_and_divides_by_nothing() -> None:
    said = decide(pairs(0.0, 0.0), SCORES)
    assert said.word == "either"
    assert said.chances == Probabilities(0.0, 1.0, 0.0)


def test_nine_pairs_decide_nothing() -> None:
    said = decide(pairs(0.3, 0.0, n=9), SCORES)
    assert (said.word, said.why) == ("not decided", "few")
    assert not said.beats_naive
    assert decide(pairs(0.3, 0.0, n=10), SCORES).word == "first"


def test_one_pair_is_no_error() -> None:
    assert decide(pairs(0.3, 0.0, n=1), SCORES).word == "not decided"


def test_no_cell_is_named_where_neither_beats_the_naive_baseline() -> None:
    """The first is better by .1 everywhere, and worse than the majority by .1."""
    said = decide(pairs(0.1, 0.0, naive=1.0), SCORES)
    assert (said.word, said.why) == ("not decided", "naive")
    assert not said.beats_naive


def test_equal_to_the_naive_baseline_is_not_better() -> None:
    said = decide(pairs(0.0, 0.0, naive=0.8), SCORES)
    assert (said.word, said.why) == ("not decided", "naive")


def test_alike_within_the_margin_needs_one_that_beats_the_baseline() -> None:
    assert decide(pairs(0.0, 0.01, naive=0.9), SCORES).word == "not decided"


def test_who_leads_must_beat_the_baseline() -> None:
    """The second beats the baseline by .02 everywhere. The first leads it by .1 in the mean but gains 0.12 ± 0.2:
    .12/(.6236 · .2) = .96 standard errors over the baseline, and over the second .80."""
    found = [Pair(j, (0.62 + (0.2 if j % 2 else -0.2), 0.52), 0.5, "majority") for j in range(10)]
    said = decide(found, SCORES)
    assert said.word == "not decided"
    assert said.beats == (False, True)
    assert said.beats_naive  # one of them does, and nobody is named


def test_errors_are_compared_in_logarithms() -> None:
    """The second's error is 1.10 times the first's everywhere: log 1.1 = .0953 above log 1.02 = .0198."""
    said = decide(errors(1.10), ERRORS)
    assert said.word == "first"
    assert said.difference.estimate == pytest.approx(math.log(1.1))
    assert decide(errors(1 / 1.10), ERRORS).word == "second"
    assert decide(errors(1.019), ERRORS).word == "either"
    assert decide(errors(1.021), ERRORS).word == "first"  # without spread the mean is known


def test_errors_times_1024_change_nothing() -> None:
    small = decide(errors(1.03, spread=0.02), ERRORS)
    large = [Pair(p.split, (p.scores[0] * 1024, p.scores[1] * 1024), p.naive * 1024, p.naive_name)
             for p in errors(1.03, spread=0.02)]  # fmt: skip
    assert decide(large, ERRORS).word == small.word
    assert decide(large, ERRORS).chances.above == pytest.approx(small.chances.above, rel=1e-9)


def test_an_error_of_zero_is_no_division_and_no_logarithm_of_zero() -> None:
    found = [Pair(j, (0.0, 1.0), 4.0, "last value") for j in range(10)]
    said = decide(found, ERRORS)
    assert said.word == "first"
    assert math.isfinite(said.difference.estimate)
    both = [Pair(j, (0.0, 0.0), 4.0, "last value") for j in range(10)]
    assert decide(both, ERRORS).word == "either"


def test_a_given_test_set_wants_both() -> None:
    sure = Rows(Probabilities(0.99, 0.01, 0.0), (1.0, 1.0))
    unsure = Rows(Probabilities(0.90, 0.10, 0.0), (1.0, 1.0))
    lucky = Rows(Probabilities(0.99, 0.01, 0.0), (0.9, 0.9))
    found = pairs(0.1, 0.02)
    assert decide(found, SCORES, sure).word == "first"
    assert (decide(found, SCORES, unsure).word, decide(found, SCORES, unsure).why) == ("not decided", "rows")
    assert (decide(found, SCORES, lucky).word, decide(found, SCORES, lucky).why) == ("not decided", "naive")


def test_simple_models() -> None:
    """The first scores .9: against .85 it gains .05 without spread, against .95 it loses."""
    better = [Pair(j, (0.9, 0.8), 0.5, "majority", 0.85, "linear model") for j in range(10)]
    worse = [Pair(j, (0.9, 0.8), 0.5, "majority", 0.95, "linear model") for j in range(10)]
    assert decide(better, SCORES).beats_simple is True
    assert decide(worse, SCORES).beats_simple is False
    assert decide(pairs(0.1, 0.0), SCORES).beats_simple is None


def test_a_simple_model_is_held_against_the_naive_baseline_as_cells_are() -> None:
    """.9 over .5 without spread; over the rows of a given test set only where the bootstrap has it, and was asked."""
    found = [Pair(j, (0.4, 0.4), 0.5, "majority", 0.9, "linear model") for j in range(10)]
    sure = Rows(Probabilities(0.0, 1.0, 0.0), (0.0, 0.0), 0.98)
    assert decide(found, SCORES).simple_beats_naive is True
    assert decide(found, SCORES, sure).simple_beats_naive is True
    for share in (0.97, None):
        assert decide(found, SCORES, Rows(sure.difference, sure.gains, share)).simple_beats_naive is False
    assert decide(found[:9], SCORES).simple_beats_naive is False
    assert decide(pairs(0.1, 0.0), SCORES).simple_beats_naive is None


def test_no_pairs() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        decide([], SCORES)
