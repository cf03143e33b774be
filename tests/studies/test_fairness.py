"""A claim pairs only runs that differ in what it compares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnbench.records.columns import with_role
from rnnbench.studies import WORDS, evaluate_claim
from tests.claims import RAMP, claim, scores, table, verdict_of
from tests.fake_records import record

BETTER = (0.8 + RAMP, np.full(10, 0.7))


def with_gru(**changes: Any) -> list[dict[str, Any]]:
    """Ten runs of each cell, the GRU's clearly better and with these changes."""
    gru = [record("gru", seed=seed, test_score=value, **changes) for seed, value in enumerate(BETTER[0])]
    return [*gru, *(record("lstm", seed=seed, test_score=value) for seed, value in enumerate(BETTER[1]))]


@pytest.mark.few(5)
@pytest.mark.parametrize(
    ("change", "column", "values"),
    [
        ({"config__batch_size": 7}, "batch_size", "7 and 32"),
        ({"config__optimizer__name": "sgd"}, "optimizer", "sgd and adam"),
        ({"lr": 0.02}, "optimizer_lr", "0.02 and 0.005"),
        ({"config__clip_norm": None}, "clip_norm", "null and 1"),
        ({"config__budget__max_steps": 9000}, "budget_max_steps", "9000 and 2000"),
        ({"config__budget__solved": 0.9}, "budget_solved", "0.9 and 0.99"),
        ({"config__budget__eval_every": 10}, "budget_eval_every", "10 and 100"),
        ({"config__num_layers": 2}, "num_layers", "2 and 1"),
        ({"config__dropout": 0.5}, "dropout", "0.5 and 0"),
        ({"config__dtype": "float64"}, "dtype", "float64 and float32"),
        ({"config__match": "params"}, "match", "params and hidden"),
        ({"hidden_size": 96}, "hidden_size_asked", "96 and 64"),
        ({"seq_len": 50}, "seq_len", "50 and 100"),
        ({"task__train_size": 77}, "train_size", "77 and"),
        ({"config__dataset__n_max": 77}, "dataset_n_max", "77 and null"),
        ({"dataset": "copy"}, "dataset", "copy and adding"),
    ],
)
def test_runs_under_unequal_settings_decide_nothing(
    tmp_path: Path, change: dict[str, Any], column: str, values: str
) -> None:
    assert verdict_of(tmp_path / "equal", with_gru()).verdict.outcome == "supported"
    found = verdict_of(tmp_path / "unequal", with_gru(**change))
    assert found.verdict.outcome == "undecided"
    assert f"differ in {column}, {values}" in found.verdict.reason
    named = verdict_of(tmp_path / "unequal", with_gru(**change), besides=[column])
    assert column == "dataset" or named.verdict.outcome == "supported"


def test_what_equal_trials_chose_may_differ(tmp_path: Path) -> None:
    runs = table(tmp_path, with_gru(lr=0.02))
    assert evaluate_claim(claim(), runs, ["optimizer_lr"]).verdict.outcome == "supported"
    assert evaluate_claim(claim(), runs, ["clip_norm"]).verdict.outcome == "undecided"


def test_one_pair_among_many_is_enough(tmp_path: Path) -> None:
    contents = with_gru()
    contents[6]["config"]["batch_size"] = 64
    assert "differ in batch_size, 64 and 32" in verdict_of(tmp_path, contents).verdict.reason


def test_a_cell_without_a_forget_gate_is_paired_with_any_bias_and_two_with_one_are_not(tmp_path: Path) -> None:
    assert verdict_of(tmp_path / "gru", with_gru(config__forget_bias=None)).verdict.outcome == "supported"
    found = verdict_of(tmp_path / "both", with_gru(config__forget_bias=0.0))
    assert "differ in forget_bias, 0 and 1" in found.verdict.reason


def test_costs_depend_on_the_backend_and_scores_do_not(tmp_path: Path) -> None:
    runs = table(tmp_path, with_gru(backend="fused"))
    assert evaluate_claim(claim(), runs).verdict.outcome == "supported"
    found = evaluate_claim(claim(metric="step_ms_median", scale="ratio", direction="less"), runs)
    assert "differ in backend, fused and torch" in found.verdict.reason


def test_a_number_of_sizes_is_compared_size_by_size(tmp_path: Path) -> None:
    """Two sizes; the GRU's batches differ at the larger one alone."""
    contents = []
    for size in (100, 200):
        own = scores(*BETTER, task__train_size=size)
        contents += [each | {"run_id": f"{each['run_id']}-{size}"} for each in own]
    found = verdict_of(tmp_path / "equal", contents, kind="interaction", over="train_size")
    assert found.measured[0].obstacle == ""
    for each in contents[20:30]:
        each["config"]["batch_size"] = 64
    found = verdict_of(tmp_path / "unequal", contents, kind="interaction", over="train_size")
    assert "differ in batch_size, 64 and 32" in found.verdict.reason


SOLVING = {"metric": "steps_to_threshold", "direction": "less"}
COUNTED = {"kind": "closed_form", "metric": "recurrent_parameters", "scale": "ratio", "direction": "less"}


@pytest.mark.parametrize("kind", [
    {},
    {"metric": "step_ms_median", "scale": "ratio", "direction": "less"},
    {"kind": "solve_time", **SOLVING},
    {"kind": "success", **SOLVING},
])  # fmt: skip
def test_runs_of_two_numerics_are_never_pooled(tmp_path: Path, kind: dict[str, Any]) -> None:
    """Whether the two sides are of two, or one run of twenty; no `besides` allows it."""
    words = "runs of numerics 1 and 2 are not pooled: force=true repeats the older"
    one = with_gru()
    one[3]["numerics"] = 1
    for place, contents in (("side", with_gru(numerics=1)), ("run", one)):
        found = verdict_of(tmp_path / place, contents, besides=["numerics"], **kind)
        said = ("withdrawn", WORDS) if found.claim.metric in with_role("time") else ("undecided", words)
        assert (found.verdict.outcome, found.verdict.reason) == said
    assert "numerics" not in verdict_of(tmp_path / "same", with_gru(), **kind).verdict.reason


def test_what_is_counted_is_the_same_in_every_numerics(tmp_path: Path) -> None:
    assert verdict_of(tmp_path, with_gru(numerics=1), **COUNTED).verdict.outcome == "supported"
