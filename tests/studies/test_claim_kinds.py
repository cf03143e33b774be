"""The other kinds of claims on hand-made runs: times to solve, counts, heterogeneity, interactions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rnnbench.records.table import load_results
from rnnbench.report.verdicts import condition_table
from rnnbench.report.wording import effects
from rnnbench.studies import evaluate_claim
from tests.claims import RAMP, claim, scores, table, verdict_of
from tests.fake_records import record


def times(cell: str, solved: Iterable[int | None], **changes: Any) -> list[dict[str, Any]]:
    return [
        record(cell, seed=seed, timing__steps_to_threshold=step, steps=2000 if step is None else step, **changes)
        for seed, step in enumerate(solved)
    ]


SOLVES = {"solve": {"kind": "solve_time", "metric": "steps_to_threshold", "direction": "less"},
          "success": {"kind": "success", "metric": "steps_to_threshold", "direction": "greater"}}  # fmt: skip


def test_unsolved_runs_are_censored_at_the_budget(tmp_path: Path) -> None:
    """GRU solves at 100, 200, … 1000; LSTM at 1100, … 1900, and once not within 2000 steps: means 550 and 1550."""
    gru, lstm = range(100, 1001, 100), [*range(1100, 1901, 100), None]
    found = verdict_of(tmp_path, [*times("gru", gru), *times("lstm", lstm)], **SOLVES["solve"])
    (condition,), (m,), (log_rank,) = found.verdict.conditions, found.measured, found.log_rank
    assert found.verdict.outcome == "supported"
    assert condition.condition.effect.estimate == pytest.approx(550 - 1550)
    assert condition.condition.effect.method.startswith("restricted mean to 2000")
    assert m.second_solved.sum() == 9
    assert m.left_out == ("1 of 20 runs never solved it and are censored (horizon 2000)",)
    censored = stats.CensoredData.right_censored([*range(1100, 1901, 100), 2000], [False] * 9 + [True])
    expected = stats.logrank(list(gru), censored)
    assert log_rank is not None and log_rank.p_value == pytest.approx(expected.pvalue)


def test_nobody_solved_it(tmp_path: Path) -> None:
    found = verdict_of(tmp_path, [*times("gru", [None] * 10), *times("lstm", [None] * 10)], **SOLVES["solve"])
    assert found.verdict.outcome == "undecided"
    assert found.verdict.reason == "no run of either solved it before 2000"
    (judged,) = found.verdict.conditions  # no effect of 0 with an interval of width 0, and nothing shown equal
    assert math.isnan(judged.condition.effect.estimate) and judged.condition.p_within == 1.0
    assert effects(found) == "GRU − LSTM: –"


def test_nobody_solved_it_and_nobody_knows_until_when(tmp_path: Path) -> None:
    """All diverged, and no budget in steps: nothing says up to when they would have been watched."""
    lost = [*times("gru", [None] * 10, status="diverged"), *times("lstm", [None] * 10, status="diverged")]
    for content in lost:
        content["config"]["budget"]["max_steps"] = None
    found = verdict_of(tmp_path, lost, **SOLVES["solve"])
    assert (found.verdict.outcome, found.verdict.reason) == ("undecided", "no run of either solved it")
    assert found.log_rank == (None,)


def test_all_solve_at_the_same_step(tmp_path: Path) -> None:
    """At 300 of a budget without steps: a difference of exactly 0, which is not that nobody solved it."""
    same = [*times("gru", [300] * 10), *times("lstm", [300] * 10)]
    for content in same:
        content["config"]["budget"]["max_steps"] = None
    found = verdict_of(tmp_path, same, **SOLVES["solve"] | {"margin": 50})
    assert found.verdict.conditions[0].condition.effect.estimate == 0
    assert found.verdict.outcome == "equivalent"


def test_a_run_that_stopped_unsolved_before_the_budget_is_an_obstacle(tmp_path: Path) -> None:
    contents = [*times("gru", range(100, 1001, 100)), *times("lstm", [*range(100, 901, 100), None])]
    contents[-1]["steps"] = 500  # out of patience
    found = verdict_of(tmp_path, contents, **SOLVES["solve"])
    assert found.verdict.outcome == "undecided"
    assert "stopped unsolved before the horizon 2000" in found.verdict.reason


def test_diverged_is_unsolved(tmp_path: Path) -> None:
    """10 of 10 against 0 of 10, which all diverged."""
    contents = [*times("gru", range(100, 1001, 100)), *times("lstm", [None] * 10, status="diverged")]
    found = verdict_of(tmp_path, contents, **SOLVES["success"])
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == 1.0
    found = evaluate_claim(claim(**SOLVES["solve"]), load_results(tmp_path))
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(550 - 2000)


def test_seconds_to_solve_are_cut_where_every_run_is_known(tmp_path: Path) -> None:
    """Unsolved LSTMs stopped after 30 and 40 s: up to 30 s all is known."""
    contents = [*times("gru", range(100, 1001, 100)), *times("lstm", [100] * 8 + [None, None])]
    for index, content in enumerate(contents):
        content["timing"] |= {"seconds_to_threshold": 10.0, "train_seconds": 10.0}
        if index >= 18:
            content["timing"] |= {"seconds_to_threshold": None, "train_seconds": 30.0 + 10 * (index - 18)}
    found = verdict_of(tmp_path, contents, **SOLVES["solve"] | {"metric": "seconds_to_threshold"})
    assert found.measured[0].horizon == 30
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(-4.0)  # (8 · 0 + 2 · −20) / 10
    row = condition_table(found).iloc[0]  # the means that were compared: 10, and (8 · 10 + 2 · 30) / 10
    assert tuple(row[f"{cell}: mean s, unsolved to the end"] for cell in ("GRU", "LSTM")) == ("10.00", "14.00")


COUNTED = {"kind": "closed_form", "metric": "recurrent_parameters", "scale": "ratio", "direction": "less"}


def test_a_count_is_exactly_three_quarters_or_not(tmp_path: Path) -> None:
    runs = table(tmp_path, [record(cell) for cell in ("gru", "lstm", "rnn")])
    found = evaluate_claim(claim(**COUNTED, expected=0.75), runs)
    assert (found.verdict.outcome, found.verdict.n) == ("supported", 1)
    assert found.verdict.conditions[0].condition.effect.estimate == 0.75
    assert evaluate_claim(claim(**COUNTED, expected=0.5), runs).verdict.outcome == "contradicted"
    assert evaluate_claim(claim(**COUNTED), runs).verdict.outcome == "supported"
    assert evaluate_claim(claim(**COUNTED, compare=["lstm", "rnn"]), runs).verdict.outcome == "contradicted"


def test_a_width_without_its_partner_is_no_case_of_it_depends(tmp_path: Path) -> None:
    runs = [record("gru"), record("lstm"), record("gru", hidden_size=32)]
    found = verdict_of(tmp_path, runs, **COUNTED, expected=0.75, by=["hidden_size"])
    assert found.verdict.reason == "supported in h = 64; undecided in h = 32"


def test_it_depends_on_the_data(tmp_path: Path) -> None:
    """Each cell clearly ahead at one length; or one cell at both."""
    high, low = 0.8 + RAMP, 0.5 + RAMP[::-1]
    by = {"kind": "heterogeneity", "by": ["seq_len"]}
    both = [*scores(high, low, seq_len=50), *scores(low, high, seq_len=100)]
    found = verdict_of(tmp_path / "both", both, **by)
    assert found.verdict.outcome == "supported"
    assert found.verdict.reason == "GRU above LSTM in T = 50; GRU below LSTM in T = 100"
    assert found.spread is not None and found.spread.p_value < 1e-6
    few = verdict_of(tmp_path / "few", [each for each in both if each["config"]["seed"] < 4], **by)
    assert few.verdict.reason == "too few seeds to say: n = 4"
    one = [*scores(high, low, seq_len=50), *scores(high, low, seq_len=100)]
    assert verdict_of(tmp_path / "one", one, **by).verdict.outcome == "contradicted"


INTERACTION = {"kind": "interaction", "over": "train_size", "direction": "greater", "margin": 0.001}


def by_size(gru: float, lstm: float, seeds: int = 10) -> list[dict[str, Any]]:
    """Scores over 100, 200 and 400 examples that grow by so much with each doubling, and a little more with the seed,
    from a level that the seed and the cell shift."""
    found = []
    for cell, slope in (("gru", gru), ("lstm", lstm)):
        for seed in range(seeds):
            for doublings in range(3):
                score = 0.3 + 0.01 * seed + (0.07 if cell == "gru" else 0) + (slope + 0.001 * seed) * doublings
                own = record(cell, seed=seed, test_score=score, task__train_size=100 * 2**doublings)
                found.append(own | {"run_id": f"{own['run_id']}-{doublings}"})
    return found


def test_an_interaction_is_how_the_difference_changes_with_each_doubling(tmp_path: Path) -> None:
    """The level, which differs by 0.07, is none of it: 0.05 − 0.03 for every seed, or 0.02 − 0.05."""
    noise = np.array([0, 2e-4] * 5)
    contents = by_size(0.05, 0.03)
    for seed, more in enumerate(noise):  # the last size of gru alone: adds `more` / 2 to the slope
        content = contents[3 * seed + 2]
        content["metrics"]["test"]["accuracy"] += more
    found = verdict_of(tmp_path / "more", contents, **INTERACTION)
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(0.02 + noise.mean() / 2)
    assert found.measured[0].first - found.measured[0].second == pytest.approx(0.02 + noise / 2)
    lower = verdict_of(tmp_path / "less", by_size(0.02, 0.05), **INTERACTION)
    assert lower.verdict.outcome == "contradicted"


def test_an_interaction_over_two_names_is_the_change_from_the_first_to_the_second(tmp_path: Path) -> None:
    """GRU / LSTM is 0.5 through one backend and 1.5 through the other, so it changes by a factor of 3."""
    contents = []
    for (cell, backend), ms in {
        ("gru", "fused"): 2.0, ("lstm", "fused"): 4.0, ("gru", "torch"): 9.0, ("lstm", "torch"): 6.0,
    }.items():  # fmt: skip
        for seed in range(10):
            factor = 1 + 0.01 * seed * (cell == "gru" and backend == "torch")
            own = record(cell, seed=seed, backend=backend, config__backend=backend)
            own["timing"]["step_ms"] |= {"median": ms * factor}
            contents.append(own | {"run_id": f"{own['run_id']}-{backend}"})
    contrast: dict[str, Any] = {
        "kind": "interaction", "over": "backend_asked", "metric": "step_ms_median", "scale": "ratio", "margin": 1.05,
    }  # fmt: skip
    found = verdict_of(tmp_path, contents, **contrast)
    assert found.verdict.outcome == "supported"
    expected = 3 * math.exp(np.log(1 + 0.01 * np.arange(10)).mean())
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(expected)
    less = verdict_of(tmp_path, contents, **contrast, direction="less")
    assert less.verdict.outcome == "contradicted"


def test_an_interaction_over_three_names_is_none(tmp_path: Path) -> None:
    contents = [
        record(cell, seed=0, backend=backend, config__backend=backend) | {"run_id": f"{cell}-{backend}"}
        for cell in ("gru", "lstm") for backend in ("eager", "fused", "torch")
    ]  # fmt: skip
    (m,) = verdict_of(tmp_path, contents, kind="interaction", over="backend_asked").measured
    assert m.left_out[-1] == "backend_asked has 3 names, not two"
    assert m.seeds == ()


@pytest.mark.parametrize(("changes", "reason"), [
    ({"over": "dropout"}, "sizes must be positive"),  # 0 and 0.5
    ({"over": "batch_size", "scale": "ratio", "margin": 1.1}, "a ratio needs positive values; test_score holds 0"),
])  # fmt: skip
def test_an_interaction_of_what_has_no_logarithm_is_undecided(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    contents = [
        record(cell, seed=seed, test_score=0.0, config__dropout=0.5 * more, config__batch_size=16 * (1 + more))
        for cell in ("gru", "lstm") for seed in range(10) for more in (0, 1)
    ]  # fmt: skip
    for index, each in enumerate(contents):
        each["run_id"] += f"-{index}"
    besides = ["dropout", "batch_size"]
    found = verdict_of(tmp_path, contents, **{"kind": "interaction", "besides": besides} | changes)
    assert found.verdict.outcome == "undecided"
    assert found.verdict.reason.startswith(reason)


def test_an_interaction_over_nothing_that_runs_have(tmp_path: Path) -> None:
    found = verdict_of(tmp_path, by_size(0.05, 0.03), **INTERACTION | {"over": "train_siz"})
    assert (found.verdict.outcome, found.verdict.reason) == ("undecided", "no run has a column train_siz")


def test_a_seed_without_every_size_has_no_slope(tmp_path: Path) -> None:
    contents = by_size(0.05, 0.03, seeds=11)
    del contents[4]
    (m,) = verdict_of(tmp_path, contents, **INTERACTION).measured
    assert m.seeds == (0, *range(2, 11))
    assert m.left_out[-2:] == (
        "1 seed(s) of a side lack a value of train_size",
        "1 run(s) have no partner of the same seed",
    )


def test_two_runs_for_one_seed_are_refused_by_name(tmp_path: Path) -> None:
    contents = [*scores(0.5 + RAMP, 0.5 + RAMP), *scores(0.5 + RAMP, 0.5 + RAMP, lr=1e-3)]
    found = verdict_of(tmp_path, contents)
    assert found.verdict.outcome == "undecided"
    assert "several runs for one seed, which differ in optimizer_lr" in found.verdict.reason
    assert verdict_of(tmp_path, contents, select={"optimizer_lr": 1e-3}).measured[0].obstacle == ""


def test_backends_are_compared_as_cells_are(tmp_path: Path) -> None:
    contents = []
    for backend, ms in (("fused", 1.0), ("torch", 2.0)):
        for seed in range(10):
            own = record("gru", seed=seed, backend=backend, config__backend=backend, timing__step_ms={"median": ms})
            contents.append(own | {"run_id": f"{own['run_id']}-{backend}"})
    found = verdict_of(tmp_path, contents, between="backend_asked", compare=["fused", "torch"], direction="less",
                       metric="step_ms_median", scale="ratio", by=["cell"])  # fmt: skip
    assert found.verdict.outcome == "supported"
    assert found.verdict.conditions[0].condition.effect.estimate == pytest.approx(0.5)
