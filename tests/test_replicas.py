"""`replicas=`: a sweep's seeds grouped, by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from making import tiny
from sweeping import SWEEP, here, outcomes

from rnnbench.cli.launching import grouped


@pytest.mark.slow
def test_a_sweep_in_groups_leaves_the_records_of_one_without() -> None:
    asked = [*SWEEP[:-2], "seed=0,1,2", "dropout=0.2", "num_layers=2", "workers=1"]
    done = here("-m", *asked, "name=grouped", "replicas=2")
    assert (done.returncode, here("-m", *asked, "name=plain").returncode) == (0, 0)
    assert "6 ok, 0 diverged, 0 failed, 0 skipped" in done.stdout
    assert done.stderr.startswith("replicas: on the CPU this hardly pays, ") and done.stderr.count("\n") == 1
    assert outcomes("results/grouped") == outcomes("results/plain")
    records = [json.loads(path.read_text()) for path in sorted(Path("results/grouped").glob("runs/*/run.json"))]
    widths = {(r["config"]["cell"]["name"], r["config"]["seed"]): r["environment"].get("replicas") for r in records}
    assert widths == {(cell, seed): [2, 2, None][seed] for cell in ("lstm", "gru") for seed in range(3)}
    said = (Path("results/grouped/runs") / records[1]["run_id"] / ".hydra/overrides.yaml").read_text()
    assert "- seed=1\n" in said and "lanes" not in said
    again = here("-m", *asked, "name=grouped", "replicas=2")
    assert "6 runs: 6 finished before, 0 to do" in again.stdout


def test_who_is_grouped_with_whom() -> None:
    """Seeds of one condition, in the order asked for, as many as there are."""
    asked = [(seed, cell) for seed in range(5) for cell in ("lstm", "gru")]
    configs = [tiny(f"cell={cell}", f"seed={seed}", "replicas=2") for seed, cell in asked]
    jobs = [[f"cell={cell}", f"seed={seed}"] for seed, cell in asked]
    firsts, together = grouped(configs, jobs)
    assert together == [
        ["cell=lstm", "seed=0", "+lanes=[0,1]"],
        ["cell=gru", "seed=0", "+lanes=[0,1]"],
        ["cell=lstm", "seed=2", "+lanes=[2,3]"],
        ["cell=gru", "seed=2", "+lanes=[2,3]"],
        ["cell=lstm", "seed=4"],
        ["cell=gru", "seed=4"],
    ]
    assert [config.seed for config in firsts] == [0, 0, 2, 2, 4, 4]
    alone = [tiny(f"seed={seed}") for seed in range(2)]
    assert grouped(alone, [["seed=0"], ["seed=1"]])[1] == [["seed=0"], ["seed=1"]]


@pytest.mark.parametrize(("asked", "said"), [
    ("replicas=0", "replicas=0: too small (allowed: 1 or more)"),
    ("replicas=2 budget.max_seconds=1", "replicas=2: budget.max_seconds is of a run by itself (allowed: 1)"),
])  # fmt: skip
def test_what_cannot_be_grouped_is_refused_in_one_line(asked: str, said: str) -> None:
    done = here("-m", *SWEEP, *asked.split())
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"rnnbench: {said}\n")
    assert not list(Path().iterdir())
