"""The numbers of the report against values worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnnbench.records.conditions import panels, shown_keys, with_conditions
from rnnbench.records.numbers import interval, number
from rnnbench.records.table import load_results
from rnnbench.report.figures import Material
from rnnbench.report.figures.scores import Scores
from rnnbench.report.findings import compare, ratio
from rnnbench.report.page import _as_tuned
from rnnbench.report.summary import summarise
from rnnbench.studies import StudyRequest, Trial, Tuned, study_from
from tests.fake_records import record, sweep, write


def runs_of(tmp_path: Path, contents: list[dict[str, Any]]) -> pd.DataFrame:
    write(tmp_path, contents, histories=False)
    return with_conditions(load_results(tmp_path))


def test_mean_and_t_interval_of_three_seeds(tmp_path: Path) -> None:
    # 0.90, 0.92, 0.94: mean 0.92, s = 0.02, t(0.975; 2) = 4.302653 → ± 4.302653 · 0.02 / √3 = 0.049683
    runs = runs_of(tmp_path, [record(seed=s, test_score=v) for s, v in enumerate((0.90, 0.92, 0.94))])
    row = summarise(runs).iloc[0]
    assert row["n"] == 3
    assert row["test_mean"] == pytest.approx(0.92)
    assert (row["test_low"], row["test_high"]) == pytest.approx((0.870317, 0.969683), abs=1e-6)


def test_inter_quartile_mean_of_four_runs_or_more(tmp_path: Path) -> None:
    """Of 0.1, 0.6, 0.8, 0.9 the middle two; of three runs none is left out, so there is none."""
    for n, expected in ((4, 0.7), (3, math.nan)):
        runs = [record(seed=seed, test_score=score) for seed, score in enumerate((0.1, 0.6, 0.8, 0.9)[:n])]
        (row,) = summarise(runs_of(tmp_path / str(n), runs)).to_dict("records")
        assert row["test_iqm"] == pytest.approx(expected, nan_ok=True)
    assert math.isnan(row["test_iqm_low"])


def test_conditions_are_told_apart_in_a_copy(tmp_path: Path) -> None:
    write(tmp_path, [record()], histories=False)
    runs = load_results(tmp_path)
    with_conditions(runs)
    assert "condition" not in runs


def test_runs_that_differ_by_anything_but_the_seed_are_not_averaged(tmp_path: Path) -> None:
    runs = runs_of(
        tmp_path,
        [
            record(seed=0, test_score=0.5),
            record(seed=1, test_score=0.7),
            record(seed=0, test_score=0.9, run_id="wide", config__num_layers=2),
            record(seed=0, test_score=0.1, run_id="adam", config__optimizer={"name": "adam", "lr": 0.005, "beta": 0.8}),
        ],
    )
    table = summarise(runs)
    assert sorted(table["test_mean"]) == pytest.approx([0.1, 0.6, 0.9])
    assert {"num_layers", "optimizer_beta"} <= set(shown_keys(runs))


def test_tables_show_what_varies_and_nothing_that_goes_with_cell_or_dataset(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, sweep(datasets=("adding", "jsb"), seq_lens=(50,), seeds=(0,)))
    assert shown_keys(runs) == ["dataset", "seq_len", "cell", "hidden_size"]


def test_diverged_and_failed_runs_are_counted_and_not_averaged(tmp_path: Path) -> None:
    contents = [record(seed=0, test_score=0.8), record(seed=1, status="diverged"), record(seed=2, status="failed")]
    contents[2] |= {"task": {}, "backend": None, "parameters": None, "environment": {}}  # died before they were known
    row = summarise(runs_of(tmp_path, contents))
    assert len(row) == 1
    assert row.loc[0, ["runs", "n", "diverged", "failed"]].tolist() == [3, 1, 1, 1]
    assert row.loc[0, "test_mean"] == 0.8
    assert math.isnan(row.loc[0, "test_low"])


@pytest.mark.parametrize(
    ("steps", "solved", "median"),
    [
        ([100, 300, 200], 3, 200),
        ([100, 300, None], 2, 300),
        ([100, None, None], 1, math.inf),
        ([None] * 3, 0, math.inf),
    ],
)
def test_runs_that_never_got_there_count_as_longer(
    tmp_path: Path, steps: list[int | None], solved: int, median: float
) -> None:
    contents = [record(seed=s, timing__steps_to_threshold=n) for s, n in enumerate(steps)]
    row = summarise(runs_of(tmp_path, contents)).iloc[0]
    assert (row["solved"], row["solved_of"], row["steps_to_threshold"]) == (solved, 3, median)


def test_a_diverged_run_counts_as_not_solved(tmp_path: Path) -> None:
    contents = [record(seed=0, timing__steps_to_threshold=100), record(seed=1, status="diverged")]
    contents[1]["timing"]["steps_to_threshold"] = None
    row = summarise(runs_of(tmp_path, contents)).iloc[0]
    assert (row["solved"], row["solved_of"]) == (1, 2)
    assert math.isinf(row["steps_to_threshold"])


def test_contended_runs_are_kept_out_of_step_times(tmp_path: Path) -> None:
    times = {"p10": 1.0, "p90": 9.0, "n": 5}
    contents = [record(seed=s, timing__step_ms={"median": ms, **times}) for s, ms in enumerate((2.0, 4.0, 100.0))]
    contents[2]["timing"]["contended"] = True
    row = summarise(runs_of(tmp_path, contents)).iloc[0]
    assert (row["step_ms"], row["contended"]) == (3.0, 1)


def test_the_step_time_of_a_probe_stands_for_runs_that_others_were_beside(tmp_path: Path) -> None:
    busy = {"median": 9.0, "p10": 8.0, "p90": 10.0, "n": 190}
    contents = [record(seed=s, timing__step_ms=busy, timing__contended=True) for s in range(3)]
    probe = {"step_ms": {"median": 3.0, "p10": 2.5, "p90": 4.0, "n": 50}, "kind": "fused on X, threads: 1"}
    contents[0]["timing"]["probe"] = probe
    row = summarise(runs_of(tmp_path, contents)).iloc[0]
    assert (row["step_ms"], row["step_ms_p10"], row["step_ms_p90"], row["contended"]) == (3.0, 2.5, 4.0, 2)


def test_differences_are_paired_by_seed(tmp_path: Path) -> None:
    # GRU − LSTM: −0.10, −0.12, −0.14 although each cell's scores spread over 0.5: mean 0.12 ± 4.302653 · 0.02 / √3
    gru = (0.2, 0.4, 0.7)
    contents = [record("gru", seed=s, test_score=v) for s, v in enumerate(gru)]
    contents += [record("lstm", seed=s, test_score=v + 0.10 + 0.02 * s) for s, v in enumerate(gru)]
    contents += [record("lstm", seed=7, test_score=0.0)]  # no partner
    (found,) = compare(runs_of(tmp_path, contents))
    assert (found.pair, found.difference.n) == ("GRU − LSTM", 3)
    assert found.difference.estimate == pytest.approx(-0.12)
    assert found.difference.high == pytest.approx(-0.070317, abs=1e-6)


def test_ratios_are_of_pairs_as_in_claims(tmp_path: Path) -> None:
    """Of seeds 0 and 1 the GRU takes 2 and 1/2 times as long: their geometric mean is 1; that of medians would be
    2.5 / 3.5."""
    times = {"p10": 1.0, "p90": 9.0, "n": 5}
    contents = [record(cell, seed=s, timing__step_ms={"median": ms, **times})
                for cell, both in (("gru", (4.0, 3.0)), ("lstm", (2.0, 6.0))) for s, ms in enumerate(both)]  # fmt: skip
    assert ratio(runs_of(tmp_path, contents), "step_ms_median") == "GRU 1.00 × LSTM"


@pytest.mark.parametrize(
    ("width", "first_seed", "words"),
    [(36, 0, "too few seeds to say"), (46, 0, "settings differ"), (36, 5, "no seed in common")],
)
def test_a_title_says_why_cells_are_not_compared(tmp_path: Path, width: int, first_seed: int, words: str) -> None:
    contents = [record("lstm", dataset="jsb", hidden_size=36, seed=s, test_score=8.5 + 0.1 * s) for s in (0, 1)]
    contents += [
        record("gru", dataset="jsb", hidden_size=width, seed=first_seed + s, test_score=8.6 - 0.1 * s) for s in (0, 1)
    ]
    runs = runs_of(tmp_path, contents)
    (drawing,) = Scores().drawings(Material(runs, runs, compare(runs)))
    assert words in drawing.finding


def test_cells_tuned_apart_are_compared_and_it_is_said(tmp_path: Path) -> None:
    contents = [record("gru", seed=s, lr=0.01, test_score=0.9) for s in range(2)]
    contents += [record("lstm", seed=s, lr=0.002, test_score=0.8) for s in range(2)]
    (found,) = compare(runs_of(tmp_path, contents))
    assert found.tuned == ["optimizer_lr"]


def test_a_cell_without_a_forget_gate_stands_beside_each_bias_of_those_with_one(tmp_path: Path) -> None:
    made = [record("lstm", seed=seed, config__forget_bias=bias) for bias in (1.0, "chrono") for seed in (0, 1)]
    made += [record("gru", seed=seed, config__forget_bias=None) for seed in (0, 1)]
    made += [record("gru", seq_len=400, seed=0, config__forget_bias=None, config__batch_size=7)]
    for index, each in enumerate(made):
        each["run_id"] += f"-{index}"
    write(tmp_path, made, histories=False)
    found = panels(with_conditions(load_results(tmp_path)), one_x=True)
    assert [(p.fixed["forget_bias"], sorted(p.runs["cell"])) for p in found] == [
        ("1", ["gru", "gru", "lstm", "lstm"]),
        ("chrono", ["gru", "gru", "lstm", "lstm"]),
        (None, ["gru"]),  # of another grid, in which no cell has one
    ]


def test_the_axis_is_what_varies_and_other_settings_make_panels(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, sweep(seq_lens=(50, 100), hidden_sizes=(16, 32)))
    assert [(p.x, p.fixed, len(p.runs)) for p in panels(runs)] == [
        ("seq_len", {"hidden_size_asked": 16}, 12),
        ("seq_len", {"hidden_size_asked": 32}, 12),
    ]
    one = runs_of(tmp_path / "one", [record(seed=s, train_size=n, config__train_size=n, task__train_size=n,
                                            run_id=f"{n}-{s}") for s in (0, 1) for n in (10, 20)])  # fmt: skip
    assert [p.x for p in panels(one)] == ["train_size"]


def test_ratio_of_parameters(tmp_path: Path) -> None:
    assert ratio(runs_of(tmp_path, sweep()), "recurrent_parameters") == "GRU 0.75 × LSTM"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123456, "0.0123"), (12.345, "12.3"), (123456, "123,456"), (0.0, "0.00"), (math.nan, "–"), (3e-6, "3.00e-06")],
)
def test_numbers_for_readers(value: float, text: str) -> None:
    assert number(value) == text


def test_intervals_for_readers() -> None:
    assert interval(0.92, 0.870317, 0.969683) == "0.920 [0.870, 0.970]"
    assert interval(0.9, math.nan, math.nan) == "0.9000"
    assert interval(0.5, 0.5, 0.5) == "0.5000 [0.5000, 0.5000]"


def test_runs_at_defaults_are_not_taken_for_tuned_ones(tmp_path: Path) -> None:
    """One grid tuned (to 0.01) and the same at its default (0.002) make two conditions, not one of twice the seeds."""
    values = {"title": "t", "sweeps": [{"cell": "gru"}], "claims": [],
              "tuning": {"trials": 1, "seeds": [9], "space": {"optimizer.lr": [0.001, 0.1]}}}  # fmt: skip
    tuned = Tuned({"cell": "gru"}, (Trial({"optimizer.lr": 0.01}, ("trial",)),), 0, 2)
    request = StudyRequest("s", study_from(values), {}, (tuned,))
    both = [record(seed=seed, lr=lr) for lr in (0.01, 0.002) for seed in (0, 1)]
    assert _as_tuned(runs_of(tmp_path / "both", both), request)["optimizer_lr"].isna().sum() == 2
    each_its_own = [record(cell, seed=seed, lr=lr) for cell, lr in (("gru", 0.01), ("lstm", 0.05)) for seed in (0, 1)]
    assert _as_tuned(runs_of(tmp_path / "own", each_its_own), request)["optimizer_lr"].isna().all()
