"""From conditions to words: the rules case by case, then how often a wrong word is said."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from rnnbench.statistics import (
    Claim,
    Condition,
    Interval,
    contrast_condition,
    paired_condition,
    solve_time_condition,
    step_down,
    success_condition,
    verdict,
)

BETTER = Claim("x is better", "greater")
WORSE = Claim("x is worse", "less")
SOMEWHERE = Claim("x is better somewhere", "greater", combine="any")
ON_PAR = Claim("x and y are on par", "equivalent")


def measured(name="c", estimate=1.0, p=1.0, margin=None, within=1.0, beyond=1.0, n=10, spread=1.0, obstacle=""):
    effect = Interval(estimate, estimate - 0.5, estimate + 0.5, n, "t")
    return Condition(name, effect, p, margin, within, beyond, spread, obstacle=obstacle)


CLEAR = measured("clear", 1.0, p=0.002)
REVERSED = measured("reversed", -1.0, p=0.002)
SAME = measured("same", 0.01, p=0.6, margin=0.5, within=0.001)
OPEN = measured("open", 0.5, p=0.3)


@pytest.mark.parametrize(
    ("claim", "conditions", "outcome"),
    [
        (BETTER, [CLEAR], "supported"),
        (BETTER, [REVERSED], "contradicted"),
        (WORSE, [CLEAR], "contradicted"),
        (WORSE, [REVERSED], "supported"),
        (BETTER, [SAME], "equivalent"),
        (BETTER, [OPEN], "undecided"),
        (BETTER, [], "undecided"),
        (BETTER, [CLEAR, CLEAR], "supported"),
        (BETTER, [CLEAR, OPEN], "undecided"),
        (BETTER, [REVERSED, OPEN], "contradicted"),
        (BETTER, [REVERSED, SAME], "contradicted"),
        (BETTER, [CLEAR, REVERSED], "undecided"),
        (BETTER, [CLEAR, SAME], "undecided"),
        (BETTER, [SAME, SAME], "equivalent"),
        (SOMEWHERE, [CLEAR, OPEN, SAME], "supported"),
        (SOMEWHERE, [CLEAR, REVERSED], "undecided"),
        (SOMEWHERE, [REVERSED, OPEN], "contradicted"),
        (SOMEWHERE, [OPEN, SAME], "undecided"),
        (ON_PAR, [SAME, SAME], "supported"),
        (ON_PAR, [SAME, measured(margin=0.5)], "undecided"),
        (ON_PAR, [SAME, measured(margin=0.5, p=0.002)], "undecided"),  # a difference, but perhaps within the margin
        (ON_PAR, [measured(margin=0.5, p=0.002, beyond=0.002)], "contradicted"),
        (ON_PAR, [SAME, measured(margin=0.5, beyond=0.002)], "undecided"),  # it depends
    ],
)
def test_rules(claim, conditions, outcome):
    assert verdict(claim, conditions).outcome == outcome


def test_what_depends_says_so_and_more_seeds_would_not_help():
    for conditions in ([CLEAR, REVERSED], [CLEAR, SAME]):
        said = verdict(BETTER, conditions)
        assert said.reason.startswith("it depends: supported in clear; ")
        assert said.more_seeds is None


def test_holm_across_the_conditions_of_a_claim():
    nearly = [measured(str(k), 1.0, p=0.02) for k in range(2)]  # 3 · 0.02 > 0.05, beside one that is not shown
    assert verdict(BETTER, nearly[:1]).outcome == "supported"
    assert verdict(SOMEWHERE, [*nearly, OPEN]).outcome == "undecided"
    assert [j.p_adjusted for j in verdict(SOMEWHERE, [*nearly, OPEN]).conditions] == pytest.approx([0.06, 0.06, 0.3])


def test_that_all_conditions_go_one_way_needs_no_correction():
    """Each of them has to pass, so the largest p-value speaks for all; but not where they go two ways."""
    together = [measured(str(k), 1.0, p=p) for k, p in enumerate((0.02, 0.03, 0.04))]
    assert [j.p_adjusted for j in verdict(BETTER, together).conditions] == pytest.approx([0.04, 0.04, 0.04])
    assert verdict(BETTER, together).outcome == "supported"
    apart = [*together[:2], measured("other", -1.0, p=0.04)]
    assert [j.p_adjusted for j in verdict(BETTER, apart).conditions] == pytest.approx([0.06, 0.06, 0.06])


def test_the_claims_of_a_page_share_the_error():
    """Four claims with p = 0.01, 0.02, 0.03 and 0.3: by Holm 4 · 0.01 ≤ 0.05, then 3 · 0.02 > 0.05 and no further."""
    p = (0.01, 0.02, 0.03, 0.3)

    def decided(index, family):
        claim = Claim("differs", "either", family=family)
        return verdict(claim, [measured(p=p[index])]).outcome != "undecided"

    families = step_down(4, decided)
    assert families == [4, 3, 3, 3]
    assert [decided(index, k) for index, k in enumerate(families)] == [True, False, False, False]
    assert step_down(0, decided) == []


def test_step_down_rejects_what_holm_does():
    """As he wrote it: from the smallest p-value on while the jth of m is no more than α / (m − j + 1)."""
    rng = np.random.default_rng(4)
    for _ in range(200):
        p = rng.random(12) ** 3
        families = step_down(12, lambda i, k, p=p: k * p[i] <= 0.05)
        ordered = np.sort(p) <= 0.05 / np.arange(12, 0, -1)
        passed = 12 if ordered.all() else int(np.argmin(ordered))
        assert {i for i, k in enumerate(families) if k * p[i] <= 0.05} == set(np.argsort(p)[:passed])


def test_a_claim_of_either_is_supported_whichever_way():
    either = Claim("they differ", "either")
    assert [verdict(either, [c]).outcome for c in (CLEAR, REVERSED, SAME, OPEN)] == [
        "supported", "supported", "equivalent", "undecided",
    ]  # fmt: skip


def test_where_nobody_may_be_called_ahead_nobody_is_though_they_may_be_alike():
    for claim in (BETTER, WORSE, SOMEWHERE, Claim("they differ", "either")):
        said = verdict(claim, [replace(CLEAR, barred="not learned: x is not clearly better than chance")])
        assert (said.outcome, said.reason) == ("undecided", "not learned: x is not clearly better than chance")
    assert verdict(BETTER, [replace(SAME, barred="still improving")]).outcome == "equivalent"
    beyond = measured(margin=0.5, p=0.002, beyond=0.002)
    assert verdict(ON_PAR, [beyond]).outcome == "contradicted"
    assert verdict(ON_PAR, [replace(beyond, barred="still improving")]).outcome == "undecided"


def test_significant_but_within_the_margin_is_equivalent_and_says_that_a_difference_is_there():
    tiny = measured(estimate=0.1, p=0.002, margin=0.5, within=0.001)
    said = verdict(BETTER, [tiny])
    assert said.outcome == "equivalent"
    assert "a difference is there" in said.conditions[0].reason


def test_fewer_than_ten_pairs_decide_nothing():
    said = verdict(BETTER, [measured(n=9, p=0.004)])
    assert (said.outcome, said.n) == ("undecided", 9)
    assert "too few seeds to say: n = 9" in said.reason
    assert said.more_seeds == 1
    assert verdict(BETTER, [paired_condition("c", [1.0], [0.5])]).more_seeds == 9
    assert verdict(BETTER, [paired_condition("c", [], [])]).more_seeds == 10
    assert verdict(BETTER, [CLEAR, measured(n=3, p=0.2)]).outcome == "undecided"


def test_how_many_more_seeds():
    # effect ½ at a spread of 1, α = 0.05 and power 0.8 need 34 pairs (statsmodels 0.15.0: 33.4)
    assert verdict(BETTER, [measured(estimate=0.5, p=0.3)]).more_seeds == 24
    # with two conditions at α/2 each more; "all" waits for the slower, "any" for the quicker
    quick, slow = measured("q", 1.0, p=0.06), measured("s", 0.5, p=0.3)
    both, either = verdict(BETTER, [quick, slow]).more_seeds, verdict(SOMEWHERE, [quick, slow]).more_seeds
    assert both > 24
    assert 1 <= either < 10
    # an effect of 0 will never be a difference, but may be shown to be within a margin of 1: sooner than 20 pairs
    assert verdict(BETTER, [measured(estimate=0.0)]).more_seeds is None
    assert 1 <= verdict(BETTER, [measured(estimate=0.0, margin=1.0)]).more_seeds < 10


def test_an_obstacle_stands_whatever_the_numbers_say():
    said = verdict(BETTER, [measured(p=0.0001, obstacle="no run of either solved it")])
    assert (said.outcome, said.reason, said.more_seeds) == ("undecided", "no run of either solved it", None)


def test_refuses():
    with pytest.raises(ValueError, match="has no margin"):
        verdict(ON_PAR, [OPEN])
    with pytest.raises(ValueError, match="direction must be one of greater, less, either, equivalent, not 'better'"):
        Claim("x", "better")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="combine"):
        Claim("x", "less", combine="most")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alpha"):
        Claim("x", "less", alpha=5)
    with pytest.raises(ValueError, match="min_pairs"):
        Claim("x", "less", min_pairs=1)
    with pytest.raises(ValueError, match="p_difference"):
        measured(p=float("nan"))
    with pytest.raises(ValueError, match="margin"):
        measured(margin=-0.1)
    with pytest.raises(ValueError, match="NaN"):
        paired_condition("diverged", [1.0, float("nan")], [1.0, 1.0])
    with pytest.raises(ValueError, match="ratio must be above 1"):
        paired_condition("c", [1.0, 2.0], [1.0, 1.0], margin=0.05, scale="ratio")


def test_paired_ratio_condition():
    rng = np.random.default_rng(0)
    lstm = rng.lognormal(0, 0.3, 12)
    gru = 0.7 * lstm * rng.lognormal(0, 0.02, 12)
    condition = paired_condition("step time", gru, lstm, margin=1.05, scale="ratio")
    assert condition.effect.estimate == pytest.approx(0.7, rel=0.02)
    assert condition.additive_effect == pytest.approx(math.log(condition.effect.estimate))
    assert verdict(Claim("a GRU is faster", "less"), [condition]).outcome == "supported"
    assert verdict(Claim("as fast", "equivalent"), [condition]).outcome == "contradicted"


def test_success_condition():
    x, y = [True] * 12, [True] * 3 + [False] * 9
    condition = success_condition("copy", x, y, margin=0.1)
    assert condition.p_difference == pytest.approx(2 / 2**9)  # nine seeds that only one solved, all of them x
    assert verdict(BETTER, [condition]).outcome == "supported"
    assert verdict(ON_PAR, [condition]).outcome == "contradicted"
    # ten of ten against ten of ten do not show rates within ten points: z²/(n + z²) = 0.213 at z = 1.645
    assert verdict(ON_PAR, [success_condition("copy", [True] * 10, [True] * 10, margin=0.1)]).outcome == "undecided"
    assert verdict(ON_PAR, [success_condition("copy", [True] * 99, [True] * 99, margin=0.1)]).outcome == "supported"


def test_solve_time_condition():
    x, y = [100.0 + i for i in range(10)], [300.0 + 5 * i for i in range(7)] + [500.0] * 3
    condition = solve_time_condition("adding", x, [True] * 10, y, [True] * 7 + [False] * 3, horizon=500)
    assert condition.effect.estimate == pytest.approx(104.5 - (7 * 315 + 1500) / 10)
    assert "restricted mean to 500" in condition.effect.method
    assert verdict(Claim("x solves sooner", "less"), [condition]).outcome == "supported"
    unsolved = solve_time_condition("copy", [500.0] * 10, [False] * 10, [500.0] * 10, [False] * 10, 500, margin=10)
    assert verdict(ON_PAR, [unsolved]).outcome == "undecided"
    with pytest.raises(ValueError, match="stopped unsolved"):
        solve_time_condition("copy", [400.0], [False], [500.0], [True], 500)


STUDIES = 2_000
AT_MOST_5_PERCENT = stats.binom.ppf(0.999, STUDIES, 0.05)


def exchangeable_cells(rng):
    """Paired scores of two cells that do not differ, in three conditions: normal, skewed, and solved-or-not."""
    shared = rng.normal(size=10)
    yield contrast_condition("normal", (shared + rng.normal(size=10)) - (shared + rng.normal(size=10)))
    yield contrast_condition("skewed", np.subtract(*rng.lognormal(0, 0.7, (2, 10))))
    yield contrast_condition("bimodal", np.subtract(*rng.choice([0.5, 0.95], p=[0.3, 0.7], size=(2, 10))))


@pytest.mark.slow
def test_cells_that_do_not_differ_are_called_supported_or_contradicted_in_at_most_5_percent():
    rng, wrong = np.random.default_rng(0), dict.fromkeys(("one", "all", "any"), 0)
    for _ in range(STUDIES):
        conditions = list(exchangeable_cells(rng))
        said = {
            "one": verdict(BETTER, conditions[:1]),
            "all": verdict(BETTER, conditions),
            "any": verdict(SOMEWHERE, conditions),
        }
        for rule, given in said.items():
            wrong[rule] += given.outcome != "undecided"
    assert max(wrong.values()) <= AT_MOST_5_PERCENT
    assert wrong["one"] >= 0.03 * STUDIES  # and not by never deciding


def test_cells_just_outside_the_margin_are_called_on_par_in_at_most_5_percent():
    """The worst case for "in every condition": one effect just outside, the others so clear that they always pass."""
    rng, wrong = np.random.default_rng(1), 0
    clear = [measured(name, 0.0, margin=0.5, within=0.001) for name in "ab"]
    for _ in range(STUDIES):
        outside = contrast_condition("outside", rng.normal(0.501, 0.4, 10), margin=0.5)
        wrong += verdict(ON_PAR, [*clear, outside]).outcome == "supported"
    assert 0.03 * STUDIES <= wrong <= AT_MOST_5_PERCENT


def test_on_par_somewhere_and_beyond_the_margin_err_in_at_most_5_percent():
    rng, on_par, beyond = np.random.default_rng(2), 0, 0
    somewhere = Claim("on par somewhere", "equivalent", combine="any")
    for _ in range(STUDIES // 4):
        outside = [contrast_condition(name, rng.normal(0.501, 0.4, 10), margin=0.5) for name in "ab"]
        inside = [contrast_condition(name, rng.normal(0.499, 0.4, 10), margin=0.5) for name in "ab"]
        on_par += verdict(somewhere, outside).outcome == "supported"
        beyond += verdict(ON_PAR, inside).outcome == "contradicted"
    assert max(on_par, beyond) <= stats.binom.ppf(0.999, STUDIES // 4, 0.05)


def test_a_clear_difference_is_found():
    rng, found = np.random.default_rng(3), 0
    for _ in range(300):
        conditions = [contrast_condition(str(k), rng.normal(1.0, 0.7, 10), margin=0.1) for k in range(2)]
        found += verdict(BETTER, conditions).outcome == "supported"
    assert found >= 0.9 * 300


def test_success_margin_inverts_newcombes_interval():
    # both rates 10 of 10: the 90 % interval reaches z²/(n + z²) = 2.7055/12.7055 = 0.2129
    same = [True] * 10
    assert success_condition("c", same, same, margin=0.2128).p_within > 0.05
    assert success_condition("c", same, same, margin=0.2131).p_within <= 0.05
