"""`plan=only`: what there would be, how long, how large; nothing is started and nothing is written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from making import TINY, tiny
from sweeping import SWEEP, here

from rnnbench.cli.plan import side_by_side
from rnnbench.run import run


def files() -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in Path().rglob("*")}


def hours(text: str) -> float:
    (found,) = re.findall(r"^at most about ([\d.e+-]+) hours one after another", text, re.MULTILINE)
    return float(found)


def test_a_sweep_of_which_nothing_was_done() -> None:
    done = here("-m", *SWEEP, "plan=only")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "4 runs: 0 finished, 4 to do" and lines[-1] == "nothing was started (plan=only)"
    asked = [tiny(f"cell={cell}", f"seed={seed}").run_id for cell in ("lstm", "gru") for seed in (0, 1)]
    assert [line.split()[2] for line in lines[1:5]] == asked and all(line.startswith("  to do") for line in lines[1:5])
    assert "a few steps, timed now: 4 runs" in done.stdout
    assert 0 < hours(done.stdout) < 0.1
    assert files() == {}


def test_finished_runs_tell_the_time_and_the_room_of_their_condition() -> None:
    """Its record is made to have taken an hour, and 1,000,000 bytes: three others of its condition then take three."""
    first = tiny("name=swept", "seed=0")
    run(first)
    path = first.run_dir / "run.json"
    record = json.loads(path.read_text())
    record |= {"started": "2026-01-01T00:00:00+00:00", "finished": "2026-01-01T01:00:00+00:00"}
    path.write_text(json.dumps(record))
    others = sum(each.stat().st_size for each in first.run_dir.rglob("*") if each.is_file())
    (first.run_dir / "large").write_bytes(bytes(1_000_000 - others))
    before = files()
    done = here("-m", *TINY, "seed=0,1,2,3", "name=swept", "workers=1", "plan=only")
    lines = done.stdout.splitlines()
    assert lines[0] == "4 runs: 1 finished, 3 to do"
    assert lines[1] == f"  finished  {first.run_id}" and lines[2].endswith("about 3,600.0 s")
    assert hours(done.stdout) == 3
    assert "  known from runs of other seeds: 3 runs" in lines and "at most about 3.0 MB of disk" in lines
    assert files() == before


def test_small_runs_go_side_by_side_as_far_as_the_cores_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three runs of one thread, an hour each: on two cores an hour and a half. A large one takes as long as alone."""
    small, large = [tiny(f"seed={seed}", "threads=1") for seed in range(3)], tiny("threads=2", "seed=9")
    for cores, workers, wanted in ((2, None, 1.5), (8, None, 1.0), (8, 2, 1.5), (8, 1, 3.0)):
        monkeypatch.setattr("rnnbench.machine.threads.room", lambda cores=cores: cores)
        known = [(replace(config, workers=workers), 3600.0) for config in small]
        assert side_by_side(known) == wanted * 3600
    monkeypatch.setattr("rnnbench.machine.threads.room", lambda: 2)
    assert side_by_side([(large, 3600.0)]) == 3600
    assert side_by_side([(small[0], 3600.0), (large, 3600.0)]) == 7200


def test_what_lacks_its_data_is_said() -> None:
    done = here("-m", "dataset=digits", "train_size=1000000", "seed=0,1", "plan=only")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"known from unknown: train_size=1000000: .*: 2 runs$", done.stdout, re.MULTILINE)


def test_seconds_of_a_budget_are_a_limit() -> None:
    done = here("-m", *TINY, "budget.max_steps=100000000", "budget.max_seconds=36", "budget.eval_every=1000000",
                "seed=range(100)", "plan=only")  # fmt: skip
    assert 1 <= hours(done.stdout) < 1.1


STUDY = """\
# @package _global_
# Mine.
name: mine
study:
  title: Is it so?
  tuning:
    trials: 2
    seeds: [100]
    space: {optimizer.lr: [1e-3, 1e-1]}
  sweeps:
    - {tune: {}, cell: "lstm,gru", seed: "0,1,2"}
    - {cell: rnn, seed: 0, alone: true}
  claims:
    - {id: score, statement: Better., folklore: Better., kind: paired, metric: test_score, compare: [gru, lstm],
       direction: greater}
"""


@pytest.mark.slow
def test_a_study_is_planned_with_its_trials_before_and_after_they_have_ended() -> None:
    Path("study").mkdir()
    Path("study/mine.yaml").write_text(STUDY)
    command = ("-m", "--config-dir=.", "study=mine", *TINY)
    before = files()
    done = here(*command, "plan=only")
    assert (done.returncode, done.stderr) == (0, "")
    heads = [line for line in done.stdout.splitlines() if re.match(r"\d+ [a-z ]+: ", line)]
    assert heads == ["4 trials: 0 finished, 4 to do", "6 runs whose settings the trials choose: 0 finished, 6 to do",
                     "1 runs one at a time: 0 finished, 1 to do"]  # fmt: skip
    assert done.stdout.endswith("\nnothing was started (plan=only)\n")
    assert files() == before

    assert here(*command, "seed=0").returncode == 0
    before = files()
    done = here(*command, "plan=only")
    heads = [line for line in done.stdout.splitlines() if re.match(r"\d+ [a-z ]+: ", line)]
    assert heads == ["4 trials: 4 finished, 0 to do", "6 runs: 2 finished, 4 to do",
                     "1 runs one at a time: 1 finished, 0 to do"]  # fmt: skip
    assert "runs of other seeds: 4 runs" in done.stdout and "the trials choose" not in done.stdout
    assert files() == before


def test_of_many_runs_a_line_a_dataset_and_cell_and_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnnbench.cli.plan.MOST_LISTED", 3)
    done = here("-m", *SWEEP, "plan=only")
    assert not [line for line in done.stdout.splitlines() if line.startswith("  to do")]
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("adding ")]
    assert [row[:3] for row in rows] == [["adding", "lstm", "2"], ["adding", "gru", "2"]]
    total = re.search(r"in all to do: 4 runs, at most about ([\d.]+) core-hours", done.stdout)
    assert total and float(total[1]) == pytest.approx(sum(float(row[3]) for row in rows), abs=0.006)


@pytest.mark.parametrize("flag", [[], ["-m"]])
def test_one_run_is_not_planned_and_a_value_is_checked(flag: list[str]) -> None:
    done = here(*flag, *TINY, f"plan={'only' if not flag else 'all'}")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "plan=" in done.stderr
