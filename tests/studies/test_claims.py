"""Paired claims on hand-made runs of which the verdict is known: what counts, what is left out and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnnbench.records.table import load_results, with_missing
from rnnbench.studies import evaluate_claim
from tests.claims import RAMP, claim, scores, table, verdict_of
from tests.fake_records import record


def test_a_difference_that_is_there_is_supported_and_its_opposite_contradicted(tmp_path: Path) -> None:
    """Differences 0.10, 0.11, … 0.19: all of one sign, so p = 2/2¹⁰; their mean is 0.145."""
    runs = table(tmp_path, scores(0.8 + np.arange(10) / 100, np.full(10, 0.7)))
    for direction, outcome in (("greater", "supported"), ("less", "contradicted")):
        found = evaluate_claim(claim(direction=direction), runs)
        (condition,) = found.verdict.conditions
        assert found.verdict.outcome == outcome
        assert condition.condition.effect.estimate == pytest.approx(0.145)
        assert condition.condition.p_difference == pytest.approx(2 / 1024)
        assert found.verdict.n == 10


def test_on_par_within_the_margin(tmp_path: Path) -> None:
    """Differences ±0.001 in turn; a margin of 0.02 holds all of them."""
    gru = 0.9 + 0.001 * (-1) ** np.arange(10)
    found = verdict_of(tmp_path, scores(gru, np.full(10, 0.9)), direction="equivalent", margin=0.02)
    assert found.verdict.outcome == "supported"
    found = evaluate_claim(claim(direction="greater", margin=0.02), load_results(tmp_path))
    assert found.verdict.outcome == "equivalent"


def test_nine_pairs_decide_nothing(tmp_path: Path) -> None:
    found = verdict_of(tmp_path, scores(0.8 + RAMP[:9], np.full(9, 0.7)))
    assert found.verdict.outcome == "undecided"
    assert found.verdict.reason == "too few seeds to say: n = 9"
    assert found.verdict.more_seeds is not None and found.verdict.more_seeds >= 1


def test_missing_runs_are_counted_and_named_and_cost_their_pair(tmp_path: Path) -> None:
    contents = scores(0.8 + RAMP, np.full(10, 0.7))
    requested = {content["run_id"]: content["config"] for content in contents}
    gone = contents.pop(3)["run_id"]
    runs = with_missing(table(tmp_path, [*contents, record("gru", seed=77)]), requested)
    assert len(runs) == 20  # the run of seed 77 was not asked for
    found = evaluate_claim(claim(), runs)
    assert found.missing == (gone,)
    assert found.runs == 20
    assert found.verdict.outcome == "undecided"
    assert found.verdict.n == 9
    assert "1 run(s) have no partner of the same seed" in found.measured[0].left_out


def test_nothing_there_yet_is_a_condition_each_and_undecided(tmp_path: Path) -> None:
    contents = [*scores(RAMP, RAMP, seq_len=50), *scores(RAMP, RAMP, seq_len=100)]
    runs = load_results([])
    found = evaluate_claim(claim(by=["seq_len"]), with_missing(runs, {c["run_id"]: c["config"] for c in contents}))
    assert [m.name for m in found.measured] == ["T = 50", "T = 100"]
    assert len(found.missing) == 40
    assert found.verdict.outcome == "undecided"


def test_missing_runs_stand_in_the_condition_that_they_were_asked_for(tmp_path: Path) -> None:
    """All GRU runs, asked for with seq_len=null, are missing: they belong to T = 100, which the LSTM's decided."""
    contents = scores(RAMP, RAMP, config__seq_len=None)
    requested = {content["run_id"]: content["config"] for content in contents}
    runs = with_missing(table(tmp_path, [c for c in contents if c["config"]["cell"]["name"] == "lstm"]), requested)
    for changes in ({"by": ["seq_len"]}, {"select": {"seq_len": 100}}):
        (m,) = evaluate_claim(claim(**changes), runs).measured
        assert (m.runs, len(m.missing)) == (20, 10)


def test_a_diverged_run_has_the_worse_of_chance_and_the_worst_score(tmp_path: Path) -> None:
    """Chance on adding is 0.066 here, below every score; of a loss, without a chance level, it is the largest."""
    contents = [*scores(0.8 + RAMP[:9], 0.7 + np.zeros(10)), record("gru", seed=9, status="diverged")]
    runs = table(tmp_path, contents)
    (m,) = evaluate_claim(claim(), runs).measured
    assert m.first[9] == 0.066
    assert len(m.seeds) == 10
    assert m.left_out[0] == "1 diverged run(s) count as 0.066, the worse of chance and the worst run"
    (m,) = evaluate_claim(claim(metric="test_loss", direction="less"), runs).measured
    assert m.first[9] == pytest.approx(0.17 - 0.16 * 0.7)
    (m,) = evaluate_claim(claim(metric="step_ms_median", scale="ratio"), runs).measured
    assert len(m.seeds) == 9
    assert m.left_out[0] == "1 diverged run(s) are kept out"


def test_where_nobody_learned_anything_nobody_is_on_par(tmp_path: Path) -> None:
    """Chance is 0.066 here: no run is above it, one run is, or one cell is, by t = 2.26 standard errors and more."""
    low = np.full(10, 0.06)
    found = verdict_of(tmp_path / "none", scores(low, low), direction="equivalent", margin=0.02)
    assert (found.verdict.outcome, found.verdict.more_seeds) == ("undecided", None)
    assert found.verdict.reason == "not learned: neither GRU nor LSTM is clearly better than chance"
    for name, gru, outcome in (("one", [0.07, *low[1:]], "undecided"), ("cell", low + 0.01 + RAMP / 9, "supported")):
        found = verdict_of(tmp_path / name, scores(gru, low), direction="equivalent", margin=0.02)
        assert found.verdict.outcome == outcome


def test_two_diverged_runs_are_no_evidence_that_cells_are_equal(tmp_path: Path) -> None:
    gone = [record(cell, seed=seed, status="diverged") for cell in ("gru", "lstm") for seed in range(10)]
    found = verdict_of(tmp_path / "all", gone, direction="equivalent", margin=0.02)
    assert (found.verdict.outcome, found.verdict.n) == ("undecided", 0)
    contents = [*scores(0.8 + RAMP, 0.8 + RAMP), *(gone[i] | {"run_id": f"d{i}"} for i in (0, 10))]
    contents[20]["config"]["seed"] = contents[21]["config"]["seed"] = 10
    (m,) = verdict_of(tmp_path / "one", contents, direction="equivalent", margin=0.02).measured
    assert m.seeds == tuple(range(10))
    assert "1 pair(s) of which both runs diverged say nothing and are kept out" in m.left_out


def test_a_loss_that_no_run_has_is_said_and_more_seeds_are_no_advice(tmp_path: Path) -> None:
    gone = [record(cell, seed=seed, status="diverged") for cell in ("gru", "lstm") for seed in range(10)]
    found = verdict_of(tmp_path, gone, metric="test_loss", direction="less")
    assert (found.verdict.reason, found.verdict.more_seeds) == ("no run has test_loss", None)


def test_runs_that_were_still_improving_at_the_end_of_their_budget_are_said(tmp_path: Path) -> None:
    """Best at step 1,900 of 2,000 and after: three GRUs; the others stopped by themselves or were best before."""
    contents = scores(0.8 + RAMP, np.full(10, 0.7), stopped_by="patience", steps=2000, best_step=2000)
    for seed, (by, best) in enumerate(
        [("max_steps", 2000), ("max_epochs", 1900), ("max_steps", 1950), ("max_steps", 1800)]
    ):
        contents[seed] |= {"stopped_by": by, "best_step": best}
    (m,) = verdict_of(tmp_path, contents).measured
    assert m.left_out == ("3 of 10 GRU run(s) were still improving on validation when the budget ended",)


def test_contended_runs_and_other_machines_are_kept_out_of_times_alone(tmp_path: Path) -> None:
    contents = scores(0.8 + RAMP, np.full(10, 0.7))
    contents[0]["timing"]["contended"] = True
    contents[1]["environment"]["cpu"] = "another"
    runs = table(tmp_path, contents)
    (m,) = evaluate_claim(claim(metric="step_ms_median", scale="ratio"), runs).measured
    assert m.seeds == tuple(range(2, 10))
    assert m.left_out == (
        "1 run(s) timed while another ran beside them are kept out",
        "1 run(s) have no partner of the same seed",
        "1 pair(s) timed on different machines or threads are kept out",
    )
    (m,) = evaluate_claim(claim(), runs).measured
    assert len(m.seeds) == 10


def test_where_all_runs_are_contended_nothing_is_said_of_times(tmp_path: Path) -> None:
    contents = scores(RAMP, RAMP, timing__contended=True)
    found = verdict_of(tmp_path, contents, metric="step_ms_median", scale="ratio")
    assert found.verdict.outcome == "undecided"
    assert (
        found.verdict.reason
        == "all 20 runs were timed while another ran beside them: force=true workers=1 repeats them"
    )


def test_settings_are_compared_as_cells_are(tmp_path: Path) -> None:
    """LSTMs whose forget gates start at 1 and at 0: differences 0.1 + a ramp of mean 0.0045."""
    contents = []
    for bias, values in ((1.0, 0.8 + RAMP), (0.0, np.full(10, 0.7))):
        made = [record("lstm", seed=s, test_score=v, config__forget_bias=bias) for s, v in enumerate(values)]
        contents += [own | {"run_id": f"{own['run_id']}-{bias:g}"} for own in made]
    found = verdict_of(tmp_path, contents, between="forget_bias", compare=[1, 0])
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(0.1045)
    assert found.claim.sides == ("forget_bias 1", "forget_bias 0")


def test_a_setting_may_be_a_number_or_a_word(tmp_path: Path) -> None:
    """chrono 0.1 above bias 1, and bias 1 as good as the GRU, which has none."""
    contents = scores(0.7 + RAMP, [], config__forget_bias=None)
    for bias, values in (("chrono", 0.8 + RAMP), (1.0, 0.7 + RAMP[::-1]), (0.5, RAMP)):
        made = [record("lstm", seed=s, test_score=v, config__forget_bias=bias) for s, v in enumerate(values)]
        contents += [own | {"run_id": f"{own['run_id']}-{bias}"} for own in made]
    found = verdict_of(tmp_path, contents, between="forget_bias", compare=["chrono", 1], select={"cell": "lstm"})
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(0.1)
    assert found.claim.sides == ("forget_bias chrono", "forget_bias 1")
    runs = load_results(tmp_path)
    for bias, difference in (("chrono", -0.1), (1, 0.0), (0.5, 0.7)):
        against = evaluate_claim(claim(compare=["lstm", "gru"], select={"forget_bias": [bias, None]}), runs)
        assert against.verdict.conditions[0].condition.effect.estimate == pytest.approx(difference)
    named = [m.name for m in evaluate_claim(claim(by=["forget_bias"]), runs).measured]
    assert named == [f"forget_bias = {bias}" for bias in ("0.5", "1", "chrono", "null")]
