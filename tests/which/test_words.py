"""What is said of a decision, and what would change it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rnnbench.data.table.columns import many
from rnnbench.statistics import Interval
from rnnbench.which.answer import Pair, Terms, decide
from rnnbench.which.prospects import prospect, smallest
from rnnbench.which.words import Facts, answer_word, gain, probability, rounded, sentences

TERMS = Terms(better="higher", margin=0.02, rho=0.25)
FACTS = Facts(("LSTM", "GRU"), "accuracy", "sequences", 200, "random", 40, 3)


def said(d: float, s: float, naive: float = 0.5, simple: float | None = None, n: int = 10) -> tuple[str, list[str]]:
    found = [Pair(j, (0.8 + d + (s if j % 2 else -s), 0.8), naive, "majority", simple, "linear model" if simple else "")
             for j in range(n)]  # fmt: skip
    decision = decide(found, TERMS)
    return answer_word(decision, FACTS), sentences(decision, found, TERMS, FACTS)


def test_the_word_is_one_of_four() -> None:
    assert said(0.1, 0.01)[0] == "use LSTM"
    assert said(-0.1, 0.01)[0] == "use GRU"
    assert said(0.0, 0.001)[0] == "either"
    assert said(0.02, 0.05)[0] == "not decided"
    assert answer_word(None, FACTS) == "not decided"


def test_a_winner_is_named_with_how_much_and_how_sure() -> None:
    first, second, third = said(0.1, 0.02, simple=0.7)[1]
    assert first.startswith("Use LSTM: 0.100 (95 %: ")
    assert "GRU" in first
    assert second.startswith("LSTM beats the naive baseline (majority) by 0.400")
    assert "the best simple model (linear model) by 0.200" in second
    assert "200 sequences" in third
    assert "10 random splits with 3 seeds each" in third


def test_a_simple_model_that_does_better_is_said_second() -> None:
    assert "a simple model (linear model) does better" in said(0.1, 0.0, simple=0.95)[1][1]


def test_the_first_sentence_names_the_baseline_that_nobody_beats() -> None:
    word, found = said(0.1, 0.0, naive=0.95)
    assert word == "not decided"
    assert found[0].startswith("Neither LSTM nor GRU clearly beats the naive baseline (majority)")
    assert not any("Use LSTM" in each or "Use GRU" in each for each in found)


def test_a_simple_model_that_clearly_beats_the_baseline_is_advised_in_its_place() -> None:
    """Simple models are right everywhere, the naive baseline half the time, and the cells by chance."""
    found = [
        Pair(j, (0.5 + (0.2 if j % 2 else -0.2), 0.5), 0.5, "majority", 1.0, "gradient boosting") for j in range(10)
    ]
    decision = decide(found, TERMS)
    assert (answer_word(decision, FACTS), decision.beats_naive) == ("not decided", False)
    first = sentences(decision, found, TERMS, FACTS)[0]
    assert first.startswith("Neither LSTM nor GRU clearly beats the naive baseline (majority): ")
    assert first.endswith("use a simple model (gradient boosting), which beats it by 0.500 (95 %: 0.500 to 0.500).")


def test_one_that_may_be_worse_is_not() -> None:
    found = [Pair(j, (0.5, 0.5), 0.5, "majority", 0.6 + (0.4 if j % 2 else -0.4), "linear model") for j in range(10)]
    assert sentences(decide(found, TERMS), found, TERMS, FACTS)[0].endswith("use the naive baseline (majority).")


def test_a_mean_over_baselines_that_differ_by_split_is_given_to_none_of_them() -> None:
    """Validation chose the linear model on seven splits of ten, the last value on six."""
    found = [Pair(j, (0.9, 0.8), 0.5, "last value" if j < 6 else "drift", 0.7, "linear model" if j < 7 else "nearest")
             for j in range(10)]  # fmt: skip
    said = sentences(decide(found, TERMS), found, TERMS, FACTS)[1]
    assert "the naive baseline (chosen on validation, mostly last value)" in said
    assert "the best simple model (chosen on validation, mostly linear model)" in said


def test_few_pairs_ask_for_minutes() -> None:
    first, last = said(0.3, 0.0, n=4)[1]
    assert first == "Not decided: 4 pairs, and fewer than 10 decide nothing."
    assert last == "More minutes would: ten pairs at least."


def test_one_is_no_plural() -> None:
    assert said(0.3, 0.0, n=1)[1][0].startswith("Not decided: 1 pair, and")
    assert [many(n, "step") for n in (0, 1, 2, 1234)] == ["0 steps", "1 step", "2 steps", "1,234 steps"]


def test_minutes_help_only_where_the_error_that_stays_allows_it() -> None:
    """s√ρ stays. Mean .05 and margin .02: room .03. With s = .02 that is .03 > 2.326 · .02 · .5 = .0233 at a level of
    .99, so pairs help; with s = .03 it is .03 < .0349, so none do."""
    d = np.array([0.05 + sign for sign in (1, -1) * 5]) * 1.0
    for s, helps in ((0.02, True), (0.03, False)):
        d = 0.05 + s * math.sqrt(0.9) * np.array([1, -1] * 5)  # of which s is the sample's standard deviation
        assert (prospect(d, 0.02, 0.25, None).pairs is not None) == helps


def test_the_pairs_that_would_decide_are_the_least_that_do() -> None:
    d = 0.05 + 0.02 * math.sqrt(0.9) * np.array([1, -1] * 5)
    pairs = prospect(d, 0.02, 0.25, None).pairs
    assert pairs is not None

    def decides(J: int) -> bool:
        return float(stats.t.ppf(0.99, J - 1)) * 0.02 * math.sqrt(1 / J + 0.25) < 0.03

    assert decides(pairs)
    assert not decides(int(pairs / 1.1) - 1)
    assert prospect(d, 0.02, 0.25, most=10).pairs in (None, 10)


def test_more_data_shrink_the_error_as_one_over_the_root() -> None:
    """s = .04, J = 10, ρ = .25: error .04 · .5916 = .02366, wanted .03/2.821 = .01063: data times (2.225)² = 4.95."""
    d = 0.05 + 0.04 * math.sqrt(0.9) * np.array([1, -1] * 5)
    assert prospect(d, 0.02, 0.25, None).factor == pytest.approx(4.95, abs=0.02)


def test_a_difference_at_the_margin_is_decided_by_nothing() -> None:
    d = 0.02 + 0.01 * np.array([1, -1] * 5)
    found = prospect(d, abs(float(d.mean())), 0.25, None)
    assert (found.pairs, found.factor) == (None, None)


def test_the_smallest_difference_that_can_be_shown() -> None:
    """Margin .02, s = .05, J = 10, ρ = .25: .02 + (2.262 + .883) · .05 · .5916 = .113."""
    assert smallest(0.05, 10, 0.25, 0.02) == pytest.approx(0.113, abs=5e-4)


def test_numbers() -> None:
    assert probability(0.9834) == ".983"
    assert probability(1.0) == "above .999"
    assert probability(0.0) == "below .001"
    assert [rounded(n) for n in (7, 83, 1234, 98_765)] == ["7", "83", "1,200", "99,000"]


def test_a_gain_of_an_error_is_in_per_cent_and_never_a_number_that_nobody_can_read() -> None:
    errors = Terms(better="lower", margin=0.02, rho=0.25)
    assert gain(Interval(math.log(2), -math.log(3), math.log(4), 10, "t"), errors) == "50.0 % (95 %: -200.0 to 75.0)"
    assert gain(Interval(0.0, -9.0, 9.0, 10, "t"), errors) == "0.0 % (95 %: less than -1000 to 100.0)"
