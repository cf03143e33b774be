"""Going on where only records.jsonl.gz came along: sweeps, single runs and studies, through the real command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from making import TINY, tiny
from sweeping import SWEEP, here

from rnnbench.cli.job import describe
from rnnbench.cli.requests import Requests
from rnnbench.cli.trials import Trials
from rnnbench.records import PACK, read_record, write_record
from rnnbench.records.packing import write_pack
from rnnbench.records.table import load_results
from rnnbench.run import CHECKPOINT, run
from rnnbench.studies import Tuning
from tests.fake_records import record


def pack_alone(directory: Path) -> None:
    write_pack(directory)
    shutil.rmtree(directory / "runs")


@pytest.mark.slow
def test_a_sweep_goes_on_from_the_pack_alone() -> None:
    swept = Path("results/swept")
    configs = [tiny("name=swept", f"cell={cell}", f"seed={seed}") for cell in ("lstm", "gru") for seed in (0, 1)]
    for config in configs:
        run(config)
    pack_alone(swept)
    before = (swept / PACK).read_bytes()

    again = here("-m", *SWEEP)
    assert again.returncode == 0 and "warning" not in again.stderr, again.stderr
    assert again.stdout.splitlines()[:2] == ["4 runs: 4 finished before, 0 to do",
                                             "0 ok, 0 diverged, 0 failed, 4 skipped"]  # fmt: skip
    assert not (swept / "runs").exists()
    page = (swept / "report.html").read_text()
    assert "4 runs (4 ok, 0 diverged, 0 failed)" in page and "Learning curves against training steps" in page

    forced = here("-m", *SWEEP, "cell=gru", "seed=1,2", "force=true")
    assert forced.stdout.splitlines()[0] == "2 runs: 0 finished before, 2 to do"
    assert "2 ok, 0 diverged, 0 failed, 0 skipped" in forced.stdout
    assert (swept / PACK).read_bytes() == before
    (repeated,) = {path.name for path in (swept / "runs").iterdir()} & {config.run_id for config in configs}
    assert repeated.startswith("gru-adding-T6-h5-s1-")
    runs = load_results(swept).set_index("run_id")
    assert len(runs) == 5 and runs["started"].idxmin() != repeated  # its new record counts, and once
    assert runs["started"][repeated] > runs["started"][configs[-2].run_id]


def test_a_run_that_is_packed_is_skipped_and_the_line_says_where_its_record_is() -> None:
    config = tiny("name=swept")
    run(config)
    pack_alone(Path("results/swept"))
    ending = run(config)
    assert ending.record is not None
    line = describe(config, ending.status, ending.record)
    assert line.startswith(f"skipped: {config.run_id} (was ok): test ") and line.endswith(f" | results/swept/{PACK}")
    assert not config.run_dir.exists()
    rebuilt = ending.record | {"rebuilt": "from tuning.csv", "metrics": {"valid": {"accuracy": 0.5}, "test": None}}
    line = describe(config, "skipped", rebuilt)
    assert line == f"skipped: {config.run_id} (was ok): made again from tuning.csv | results/swept/{PACK}"


def test_a_repetition_that_was_cut_off_goes_on_from_its_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packed record does not make it start over, and meanwhile is the run's result."""
    config = tiny("name=swept", "checkpoint_seconds=0")
    run(config)
    pack_alone(Path("results/swept"))

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    forced = tiny("name=swept", "checkpoint_seconds=0", "force=true")
    with monkeypatch.context() as patch:
        patch.setattr("rnnbench.run.facts.timing", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(forced)
    checkpoint = config.run_dir / CHECKPOINT
    left = checkpoint.stat().st_mtime_ns
    assert run(config).status == "skipped"
    with monkeypatch.context() as patch:
        patch.setattr("rnnbench.training.loop.Training.run", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(forced)
    assert checkpoint.stat().st_mtime_ns == left
    assert run(forced).status == "ok" and (config.run_dir / "run.json").exists() and not checkpoint.exists()


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
    - {tune: {}, cell: "lstm,gru", seed: 0}
  claims:
    - {id: score, statement: Better., folklore: Better., kind: paired, metric: test_score, compare: [gru, lstm],
       direction: greater}
"""


@pytest.mark.slow
def test_a_study_goes_on_elsewhere_from_the_pack_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.yaml").write_text(STUDY)
    command = ("-m", f"--config-dir={tmp_path}", "study=mine", *TINY)
    assert here(*command).returncode == 0
    said = [path.parent.name for path in Path("results/mine/runs").rglob("predictions.npz")]
    assert len(said) == 2 and all("-s0-" in run_id for run_id in said)  # of runs that count, not of trials
    pack_alone(Path("results/mine"))
    shutil.copytree("results", "elsewhere/results")
    monkeypatch.chdir("elsewhere")
    kept = json.loads(Path("results/mine/study.json").read_text())
    done = here(*command, "seed=0,1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "4 runs: 2 finished before, 2 to do"  # and the trials are all there
    now = json.loads(Path("results/mine/study.json").read_text())
    assert len(list(Path("results/mine/runs").iterdir())) == 2 and len(now["runs"]) == 4
    assert [each["chosen"] for each in now["tuned"]] == [each["chosen"] for each in kept["tuned"]]
    assert now["runs"].items() >= kept["runs"].items()


def test_what_was_chosen_stays_where_the_trials_were_rebuilt_without_what_decided() -> None:
    """Two trials of one score: the loss, which decides between them, stands in no table."""
    configs = [tiny("name=mine", f"optimizer.lr={rate}") for rate in (0.1, 0.2)]
    for config, loss in zip(configs, (0.1, 0.2), strict=True):
        content = record(test_score=0.9, run_id=config.run_id, metrics__valid={"accuracy": 0.9, "loss": loss})
        write_record(config.run_dir, content)
    own = [Requests({str(config.run_dir): config}, {}) for config in configs]
    tuning = Tuning(2, (0,), {"optimizer.lr": [0.1, 0.2]})
    trials = Trials(None, tuning, 0, {}, configs[0].budget)  # type: ignore[arg-type]
    trials._made = {(0, place): each for place, each in enumerate(own)}  # what the composer would make of its values
    before = {tuple((config.run_id,) for config in configs): 1}
    assert trials.tuned(before).chosen == 0  # all is known: it is chosen anew
    for config in configs:
        content = read_record(config.run_dir) or {}
        del content["metrics"]["valid"]["loss"]
        write_record(config.run_dir, content | {"rebuilt": "from tuning.csv"})
    assert trials.tuned(before).chosen == 1
    assert trials.tuned({}).chosen == 0  # the first of equals
    assert json.loads((configs[0].run_dir / "run.json").read_text())["rebuilt"] == "from tuning.csv"
