"""Tunings as units: which runs are whose, who goes on, and what is averaged; then a whole study of two tunings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from making import TINY
from sweeping import here

from rnnbench.errors import UsageError
from rnnbench.records.table import load_results
from rnnbench.studies import Tuning, evaluate, study_from
from rnnbench.studies.tuning import ranked
from tests.fake_records import record, write

SPACE = {"optimizer.lr": [1e-3, 1e-1]}


def tuning(**changes: Any) -> Tuning:
    values: dict[str, Any] = {"trials": 10, "seeds": (1000, 1001), "space": SPACE} | changes
    return Tuning(**values)


def test_each_so_many_seeds_have_a_tuning_of_their_own() -> None:
    each = tuning(fresh=2)
    assert [each.number(seed) for seed in range(6)] == [0, 0, 1, 1, 2, 2]
    assert [each.trial_seeds(number) for number in range(3)] == [[1000, 1001], [1002, 1003], [1004, 1005]]
    assert each.design(0) == tuning().design() and each.design(1) != each.design(0)
    assert {tuning().number(seed) for seed in range(6)} == {0}


@pytest.mark.parametrize(("trials", "halving", "wanted"), [
    (10, 4, [(10, 1 / 4), (3, 1)]),
    (10, 3, [(10, 1 / 9), (4, 1 / 3), (2, 1)]),
    (8, 2, [(8, 1 / 4), (4, 1 / 2), (2, 1)]),
    (3, 4, [(3, 1)]),
    (7, None, [(7, 1)]),
])  # fmt: skip
def test_one_in_so_many_goes_on_with_so_many_times_the_budget(
    trials: int, halving: int | None, wanted: list[tuple[int, float]]
) -> None:
    found = tuning(trials=trials, halving=halving).rungs()
    assert np.array(found) == pytest.approx(np.array(wanted))


def test_the_better_ones_go_on() -> None:
    """The best first, of equals the earlier one."""
    scores = (0.4, 0.9, 0.4, 0.7)
    assert ranked([[record(test_score=score, timing__steps_to_threshold=None)] for score in scores]) == [1, 3, 0, 2]


@pytest.mark.parametrize(
    ("changes", "message"), [({"fresh": 0}, "study.tuning.fresh=0"), ({"halving": 1}, "halving=1")]
)
def test_what_is_too_few_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tuning(**changes)


def table(directory: Path, rows: list[dict[str, Any]]) -> pd.DataFrame:
    write(directory, rows, histories=False)
    return load_results(directory)


def claims(kind: str = "paired", **changes: Any) -> dict[str, Any]:
    claim = {"id": "c", "statement": "S.", "folklore": "F.", "kind": kind, "metric": "test_score",
             "compare": ["gru", "lstm"], "direction": "greater"} | changes  # fmt: skip
    space = {"trials": 3, "seeds": [1000], "space": SPACE, "fresh": 2}
    return {"title": "T", "sweeps": [{"cell": "lstm,gru", "tune": {}}], "claims": [claim], "tuning": space}


def test_the_runs_of_a_tuning_are_averaged_and_n_counts_tunings(tmp_path: Path) -> None:
    """Ten tunings of two seeds: GRU − LSTM is d ± 0.05 in the two seeds of a tuning, so d in each, 0.01 … 0.10; mean
    0.055, and the t interval of ten numbers with the standard deviation 0.0302765 is ± 2.262157 · 0.0302765 / √10."""
    rows = []
    for seed in range(20):
        d = 0.01 * (seed // 2 + 1) + (0.05 if seed % 2 else -0.05)
        rows += [record(cell, seed=seed, test_score=0.5 + (d if cell == "gru" else 0), lr=0.001 * (seed // 2 + 1),
                        timing__steps_to_threshold=None) for cell in ("lstm", "gru")]  # fmt: skip
    (found,) = evaluate(study_from(claims()), table(tmp_path, rows)).claims
    (only,) = found.verdict.conditions
    assert only.condition.n == 10 and only.condition.effect.estimate == pytest.approx(0.055)
    assert only.condition.effect.high - 0.055 == pytest.approx(2.262157 * 0.0302765 / np.sqrt(10), rel=1e-4)
    assert found.verdict.outcome == "supported" and found.measured[0].tunings


def test_nine_tunings_decide_nothing_though_there_are_eighteen_runs(tmp_path: Path) -> None:
    rows = [record(cell, seed=seed, test_score=0.9 if cell == "gru" else 0.5, timing__steps_to_threshold=None)
            for seed in range(18) for cell in ("lstm", "gru")]  # fmt: skip
    (found,) = evaluate(study_from(claims()), table(tmp_path, rows)).claims
    assert found.verdict.outcome == "undecided" and "too few seeds to say: n = 9" in found.verdict.reason


def test_who_solved_it_has_no_mean() -> None:
    with pytest.raises(UsageError, match=r"study.claims.c.kind=success: .*study.tuning.fresh averages"):
        study_from(claims("success", metric="steps_to_threshold"))


STUDY = """\
# @package _global_
# Mine.
name: mine
study:
  title: Is it so?
  tuning:
    trials: 3
    halving: 2
    fresh: 2
    seeds: [100]
    space: {optimizer.lr: [1e-3, 1e-1]}
  sweeps:
    - {tune: {}, cell: "lstm,gru", seed: "range(0,4)", budget.max_steps: 8, budget.eval_every: 4}
  claims:
    - {id: score, statement: Better., folklore: Better., kind: paired, metric: test_score, compare: [gru, lstm],
       direction: greater}
"""


@pytest.mark.slow
def test_a_study_of_two_tunings_with_halving(tmp_path: Path) -> None:
    """Of each cell and tuning three trials with 4 of the 8 steps, of which the two best by validation have all 8; the
    best of these is run with the tuning's two seeds. 2 · 2 · (3 + 2) trials, 2 · 4 runs, as the plan says before."""
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.yaml").write_text(STUDY)
    tiny = [text for text in TINY if not text.startswith("budget")]
    planned = here("-m", f"--config-dir={tmp_path}", "study=mine", *tiny, "plan=only")
    assert "20 trials: 0 finished, 20 to do" in planned.stdout, planned.stderr
    assert "8 runs whose settings the trials choose: 0 finished, 8 to do" in planned.stdout
    assert not Path("results").exists()
    done = here("-m", f"--config-dir={tmp_path}", "study=mine", *tiny)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if " to do" in line] == [
        "12 trials: 0 finished before, 12 to do", "8 trials: 0 finished before, 8 to do",
        "8 runs: 0 finished before, 8 to do",
    ]  # fmt: skip
    found = {path.parent.name: json.loads(path.read_text()) for path in Path("results/mine/runs").glob("*/run.json")}
    for cell in ("lstm", "gru"):
        for number in range(2):
            own = [r for r in found.values() if r["config"]["cell"]["name"] == cell]
            tried = [r for r in own if r["config"]["seed"] == 100 + number]
            merits = {
                steps: {r["config"]["optimizer"]["lr"]: (valid["accuracy"], -valid["loss"]) for r in tried
                        if r["config"]["budget"]["max_steps"] == steps and (valid := r["metrics"]["valid"])}
                for steps in (4, 8)
            }  # fmt: skip
            assert len(merits[4]) == 3
            assert set(merits[8]) == set(sorted(merits[4], key=lambda lr: merits[4][lr], reverse=True)[:2])
            (chosen,) = {
                r["config"]["optimizer"]["lr"] for r in own if r["config"]["seed"] in (2 * number, 2 * number + 1)
            }
            assert merits[8][chosen] == max(merits[8].values())
    verdicts = pd.read_csv("results/mine/verdicts.csv")
    assert verdicts["tunings"].tolist() == [2] and "n = 2" in verdicts["reason"][0]
    listed = pd.read_csv("results/mine/tuning.csv")
    assert len(listed) == 20 and set(listed["tuning"]) == {0, 1}
    needed = pd.read_csv("results/mine/trials_needed.csv")
    assert needed["trials"].tolist() == [1, 2, 3] * 2 and set(needed["tunings"]) == {2}
    page = Path("results/mine/report.html").read_text()
    assert "Test score against the number of trials" in page
    assert "3 with 1/2 of the budget then 2 with all of the budget" in page
    assert "another choice of tuned values is in them" in page and "of 2 at an end of the range" in page
