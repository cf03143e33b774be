"""Times and bytes of a GPU beside those of a CPU: conditions of their own, never pooled. The records are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnbench.records.table import with_missing
from rnnbench.report.machines import of_one_machine
from rnnbench.studies import evaluate_claim
from tests.claims import RAMP, claim, scores, table, verdict_of
from tests.fake_records import record

ON_A_GPU = {"environment__device": "cuda", "environment__gpu": "Example GPU"}
COSTS: dict[str, dict[str, Any]] = {
    "step_ms_median": {"kind": "paired"},
    "peak_bytes": {"kind": "paired"},
    "saved_activation_bytes": {"kind": "closed_form"},
}


def runs(metric: str, gru: float, lstm: float, seeds: range, **changes: Any) -> list[dict[str, Any]]:
    """Of both cells, one a seed; a time or a peak a little larger with each seed, which its ratio does not have."""
    made = []
    for seed in seeds:
        by = 100 + (0 if metric == "saved_activation_bytes" else seed)
        for cell, value in (("gru", gru), ("lstm", lstm)):
            run = record(cell, seed=seed, memory__saved_activation_bytes=100, **changes)
            place = run["timing"]["step_ms"] if metric == "step_ms_median" else run["memory"]
            place["median" if metric == "step_ms_median" else metric] = value * by
            made.append(run)
    return made


def asked(metric: str, **changes: Any) -> dict[str, Any]:
    return {"metric": metric, "scale": "ratio", "direction": "less", **COSTS[metric], **changes}


@pytest.mark.parametrize("metric", COSTS)
@pytest.mark.parametrize("device", ["auto", "each"])
def test_a_gpu_is_a_condition_of_its_own(metric: str, device: str, tmp_path: Path) -> None:
    """GRU / LSTM is 8 / 10 on the CPU and 3 / 2 on the GPU; over both it would be 1.1 in the mean. By device=auto the
    two machines ran different seeds, as where a sweep is shared; else the same, asked for by device=cpu,cuda."""
    own = device == "each"
    cpu, cuda, seeds = ("cpu", "cuda", range(10)) if own else ("auto", "auto", range(10, 20))
    here = runs(metric, 8, 10, range(10), config__device=cpu)
    there = runs(metric, 3, 2, seeds, config__device=cuda, **ON_A_GPU)
    for each in there:
        each["run_id"] += "-there"
    found = verdict_of(tmp_path, [*here, *there], **asked(metric))
    assert [m.name for m in found.measured] == ["device = cpu", "device = cuda"]
    effects = [j.condition.effect.estimate for j in found.verdict.conditions]
    assert effects == pytest.approx([0.8, 1.5])
    assert [j.outcome for j in found.verdict.conditions] == ["supported", "contradicted"]
    assert [len(m.seeds) for m in found.measured] == [10, 10]


def test_beside_what_makes_conditions_already(tmp_path: Path) -> None:
    made = [
        {**run, "run_id": f"{run['run_id']}-{backend}-{place.get('environment__device', 'cpu')}"}
        for place in ({}, ON_A_GPU)
        for backend in ("torch", "eager")
        for run in runs("step_ms_median", 8, 10, range(10), config__backend=backend,
                        config__device=place.get("environment__device", "cpu"), **place)
    ]  # fmt: skip
    found = verdict_of(tmp_path, made, **asked("step_ms_median", by=["backend_asked"]))
    assert [m.name for m in found.measured] == [
        f"backend = {backend}, device = {device}" for backend in ("eager", "torch") for device in ("cpu", "cuda")
    ]
    assert found.verdict.outcome == "supported"


def test_no_pair_is_of_two_devices(tmp_path: Path) -> None:
    """All GRUs ran on the GPU and all LSTMs on the CPU: nothing is compared."""
    both = runs("peak_bytes", 8, 10, range(10))
    for run in both:
        if run["config"]["cell"]["name"] == "gru":
            run["environment"] |= {"device": "cuda", "gpu": "Example GPU"}
    found = verdict_of(tmp_path, both, **asked("peak_bytes"))
    assert [len(m.seeds) for m in found.measured] == [0, 0]
    assert found.verdict.outcome == "undecided"


def test_one_device_is_no_condition_and_scores_know_none(tmp_path: Path) -> None:
    here = runs("step_ms_median", 8, 10, range(10))
    assert [m.name for m in verdict_of(tmp_path / "1", here, **asked("step_ms_median")).measured] == ["all runs"]
    contents = scores(0.8 + RAMP, np.full(10, 0.7))
    for run in contents[::2]:
        run["environment"] |= {"device": "cuda", "gpu": "Example GPU"}
    found = verdict_of(tmp_path / "2", contents)
    assert [(m.name, len(m.seeds)) for m in found.measured] == [("all runs", 10)]


def test_what_the_gpu_has_not_run_yet_is_missing_there(tmp_path: Path) -> None:
    here = runs("step_ms_median", 8, 10, range(10), config__device="cpu")
    there = runs("step_ms_median", 3, 2, range(10), config__device="cuda", **ON_A_GPU)
    for each in there:
        each["run_id"] += "-there"
    requested = {run["run_id"]: run["config"] for run in [*here, *there]}
    found = evaluate_claim(
        claim(**asked("step_ms_median")), with_missing(table(tmp_path, [*here, *there[:-2]]), requested)
    )
    assert [(m.name, len(m.seeds), len(m.missing)) for m in found.measured] == [
        ("device = cpu", 10, 0), ("device = cuda", 9, 2),
    ]  # fmt: skip


def test_nor_does_the_page_average_bytes_of_two_devices(tmp_path: Path) -> None:
    here = runs("peak_bytes", 8, 10, range(3))
    there = runs("peak_bytes", 300, 200, range(3, 5), **ON_A_GPU)
    table_of_both = table(tmp_path, [*here, *there]).assign(condition=0)
    kept, line = of_one_machine(table_of_both)
    assert kept.loc[kept["device"].eq("cuda"), ["peak_bytes", "saved_activation_bytes"]].isna().all(axis=None)
    assert kept.loc[kept["device"].eq("cpu"), ["peak_bytes", "saved_activation_bytes"]].notna().all(axis=None)
    assert line.endswith("And so are bytes of different devices.")
