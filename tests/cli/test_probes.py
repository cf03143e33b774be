"""Step times taken alone after a sweep whose runs went side by side: one a condition, where it is honest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from making import tiny
from sweeping import SWEEP, here

import rnnbench
from rnnbench.records import write_record
from rnnbench.records.packing import write_pack
from rnnbench.run import run

NAMES = [("lstm", 0), ("lstm", 1), ("gru", 0), ("gru", 1)]
"""Two conditions of two seeds, in the order in which SWEEP asks for them."""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests' runs are not seen."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)  # read TMPDIR again


def each(cell: str, seed: int, **options: Any) -> Path:
    return tiny("name=swept", f"cell={cell}", f"seed={seed}").run_dir


def timings() -> dict[tuple[str, int], dict[str, Any]]:
    return {name: json.loads((each(*name) / "run.json").read_text())["timing"] for name in NAMES}


@pytest.fixture
def _contended() -> None:
    """All four runs as they are made beside others."""
    for cell, seed in NAMES:
        assert run(tiny("name=swept", f"cell={cell}", f"seed={seed}"), beside=True).status == "ok"


@pytest.mark.slow
@pytest.mark.usefixtures("_contended")
def test_each_condition_is_timed_once_in_the_record_of_one_run() -> None:
    before = timings()
    assert all(timing["contended"] and "probe" not in timing for timing in before.values())
    done = here("-m", *SWEEP)
    assert "2 conditions have no step time taken alone: timed now, one at a time" in done.stdout.splitlines()
    after = timings()
    assert [name for name in NAMES if "probe" in after[name]] == [("lstm", 0), ("gru", 0)]
    for name in NAMES:
        assert {key: value for key, value in after[name].items() if key != "probe"} == before[name]
    found = after["gru", 0]["probe"]
    assert found["step_ms"]["n"] == 50  # a tiny step takes less than 2 s / 50
    assert 0 < found["step_ms"]["p10"] <= found["step_ms"]["median"] <= found["step_ms"]["p90"]
    assert [found["kind"]] == before["gru", 0]["kinds"]

    again = here("-m", *SWEEP)
    assert again.stdout.splitlines()[1].startswith("0 ok") and "timed now" not in again.stdout
    assert timings() == after


@pytest.mark.usefixtures("_contended")
@pytest.mark.slow
def test_the_table_takes_times_of_the_probe_and_a_pack_carries_it() -> None:
    here("-m", *SWEEP)
    median = timings()["gru", 0]["probe"]["step_ms"]["median"]
    write_pack(Path("results/swept"))
    for _ in range(2):
        runs = rnnbench.load_results("results/swept").set_index(["cell", "seed"])
        row = runs.loc[("gru", 0)]
        assert (row["step_ms_median"], row["contended"], row["step_ms_n"]) == (median, False, 50)
        assert row["train_seconds"] == pytest.approx(20 * median / 1000)  # twenty steps
        assert row["probe"].endswith("threads: 1")
        assert runs.loc[("gru", 1), "contended"]
        for name in NAMES:  # the second time from the pack
            (each(*name) / "run.json").unlink(missing_ok=True)


@pytest.mark.slow
@pytest.mark.usefixtures("_contended")
def test_what_was_interrupted_goes_on_with_the_missing_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the second probe."""
    from rnnbench.training.loop import Training

    timed, calls = Training.timed, []

    def interrupted(training: Training, most: int, seconds: float, least: int) -> list[float]:
        calls.append(training)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return timed(training, most, seconds, least)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "timed", interrupted)
        assert here("-m", *SWEEP).returncode == 130
    first = timings()
    assert [name for name in NAMES if "probe" in first[name]] == [("lstm", 0)]
    assert "1 conditions have no step time" in here("-m", *SWEEP).stdout
    second = timings()
    assert second["lstm", 0] == first["lstm", 0]
    assert "probe" in second["gru", 0]


@pytest.mark.slow
@pytest.mark.usefixtures("_contended")
def test_nothing_is_written_on_a_machine_of_another_kind() -> None:
    for name in NAMES:
        path = each(*name)
        record = json.loads((path / "run.json").read_text())
        record["timing"]["kinds"] = ["fused on Another Processor, threads: 1"]
        write_record(path, record)
    before = timings()
    said = "0 timed; 2 not on this kind of machine, not alone, or read-only: the same command tries again"
    assert said in here("-m", *SWEEP).stdout.splitlines()
    assert timings() == before


@pytest.mark.slow
@pytest.mark.usefixtures("_contended")
def test_nothing_is_written_while_another_run_is_seen() -> None:
    before = timings()
    training = "with Presence():\n    print('training', flush=True)\n    input()"
    code = f"from rnnbench.machine.presence import Presence\n{training}"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "training\n"
        assert "0 timed; 2 not" in here("-m", *SWEEP).stdout
        other.kill()
    assert timings() == before


@pytest.mark.slow
@pytest.mark.usefixtures("_contended")
def test_a_condition_with_a_run_timed_alone_needs_no_probe() -> None:
    assert run(tiny("name=swept", "cell=gru", "seed=1", "force=true")).status == "ok"
    assert "1 conditions have no step time" in here("-m", *SWEEP).stdout
    assert [name for name in NAMES if "probe" in timings()[name]] == [("lstm", 0)]


@pytest.mark.slow
def test_runs_of_warm_up_alone_and_failed_ones_have_nothing_to_replace() -> None:
    for more in ("budget.max_steps=10", "hidden_size=400000000"):
        run(tiny("name=swept", "cell=gru", more), beside=True)
    asked = [*SWEEP, "cell=gru", "seed=0"]
    assert "timed now" not in here("-m", *asked, "budget.max_steps=10").stdout
    assert "timed now" not in here("-m", *asked, "hidden_size=400000000").stdout
