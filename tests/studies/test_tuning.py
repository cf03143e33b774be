"""Equal tuning and runs one at a time: from the design of the trials to the page, through the real command line."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from making import TINY
from sweeping import here, rnnbench

from rnnbench.errors import UsageError
from rnnbench.studies import Tuning, choose, study_from
from tests.fake_records import record

SPACE = {"optimizer.lr": [1e-3, 1e-1], "clip_norm": [0.1, 10]}


def test_each_share_of_each_range_is_tried_once() -> None:
    """Five trials over two decades: one in each fifth, of 0.4 decades; the same five whenever they are asked for."""
    tuning = Tuning(trials=5, seeds=(100,), space=SPACE)
    for key, (low, high) in SPACE.items():
        decades = np.log10([trial[key] for trial in tuning.design()]) - math.log10(low)
        assert math.log10(high / low) == pytest.approx(2)
        assert sorted(int(each // 0.4) for each in decades) == [0, 1, 2, 3, 4]
    assert tuning.design() == tuning.design()
    assert tuning.design() != Tuning(trials=5, seeds=(100,), space=SPACE, design_seed=1).design()


@pytest.mark.parametrize("trials", [6, 8, 12])
def test_no_two_keys_rise_together(trials: int) -> None:
    """A plain Latin hypercube of six points with seed 0 has a correlation of 0.64: high rates came with loose clips."""
    values = np.log([list(trial.values()) for trial in Tuning(trials=trials, seeds=(100,), space=SPACE).design()])
    assert abs(np.corrcoef(values.T)[0, 1]) < 0.2


def trial(score: float, solved: int | None = None, **changes: Any) -> dict[str, Any]:
    return record(test_score=score, timing__steps_to_threshold=solved, **changes)


@pytest.mark.parametrize(("trials", "best"), [
    ([[trial(0.5)], [trial(0.9)], [trial(0.7)]], 1),
    ([[trial(0.9)], [trial(0.1, status="diverged")]], 0),
    ([[trial(0.1, status="diverged")], [trial(0.2)]], 1),
    ([[trial(0.999)], [trial(0.995, 900)], [trial(0.995, 300)]], 2),  # the threshold first, then how soon
    ([[trial(0.995, 300), trial(0.5)], [trial(0.995, 900), trial(0.995, 800)]], 1),  # both seeds, though later
    ([[trial(0.5), trial(0.9)], [trial(0.7), trial(0.8)]], 1),  # means 0.70 and 0.75
    ([[trial(0.5)], [trial(0.5)]], 0),
    ([[trial(0.5, metrics__valid__loss=0.2)], [trial(0.5, metrics__valid__loss=0.1)]], 1),
    ([[trial(8.5, dataset="jsb")], [trial(8.4, dataset="jsb")]], 1),  # nats: fewer are better
])  # fmt: skip
def test_the_best_trial(trials: list[list[dict[str, Any]]], best: int) -> None:
    for each in (own for seeds in trials for own in seeds if own["config"]["dataset"]["name"] == "jsb"):
        each["task"]["higher_is_better"] = False
    assert choose(trials) == best


@pytest.mark.parametrize(("changes", "message"), [
    ({"trials": 0}, "study.tuning.trials=0"),
    ({"space": {"optimizer.lr": [1e-2, 1e-3]}}, "study.tuning.space.optimizer.lr"),
    ({"space": {"optimizer.lr": [0, 1e-3]}}, r"allowed: \[low, high\], 0 < low"),
    ({"space": {}}, "study.tuning.space"),
    ({"space": {"hidden_size": [8, 16]}}, "study.tuning.space=hidden_size: takes whole numbers"),
    ({"trails": 3}, "did you mean study.tuning.trials?"),
])  # fmt: skip
def test_a_malformed_tuning_is_one_line(changes: dict[str, Any], message: str) -> None:
    values = {"trials": 3, "seeds": [100], "space": SPACE} | changes
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        study_from({"title": "t", "sweeps": [{"cell": "gru"}], "claims": [], "tuning": values})


@pytest.mark.parametrize(("sweep", "message"), [
    ({"tune": {}}, "study.tuning=null"),
    ({"tune": True}, "study.sweeps.0.tune=true"),
    ({"alone": 1}, "study.sweeps.0.alone=1"),
])  # fmt: skip
def test_a_malformed_grid_is_one_line(sweep: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        study_from({"title": "t", "sweeps": [{"cell": "gru"} | sweep], "claims": []})


STUDY = """\
# @package _global_
# Mine.
name: mine
study:
  title: Is it so?
  tuning:
    trials: 3
    seeds: [100, 101]
    space: {optimizer.lr: [1e-3, 1e-1]}
  sweeps:
    - {tune: {TUNE}, cell: "lstm,gru", seed: "0,1", num_layers: "1,2", hidden_size: 5}
    - {alone: true, cell: gru, seed: 0, hidden_size: 7}
  claims:
    - {id: score, statement: Better., folklore: Better., kind: paired, metric: test_score, compare: [gru, lstm],
       direction: greater, by: [num_layers], select: {hidden_size: 5}}
"""


@pytest.fixture(autouse=True)
def _nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs see each other through the temporary folder: other tests' runs, beside these, are out of sight."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))


def study(directory: Path, *asked: str, tune: str = "num_layers: 1", through: Callable[..., Any] = here) -> Any:
    (directory / "study").mkdir(exist_ok=True)
    (directory / "study" / "mine.yaml").write_text(STUDY.replace("TUNE", tune))
    tiny = [text for text in TINY if not text.startswith("hidden_size")]
    return through("-m", f"--config-dir={directory}", "study=mine", *tiny, *asked)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The whole study, done once: where its results are, and what was printed."""
    directory = tmp_path_factory.mktemp("finished")
    (directory / "temporary").mkdir()
    with chdir(directory), pytest.MonkeyPatch.context() as patched:
        patched.setenv("TMPDIR", str(directory / "temporary"))
        done = study(directory)
    assert done.returncode == 0, done.stderr
    return directory / "results", done.stdout


@pytest.fixture
def printed(finished: tuple[Path, str]) -> str:
    """What the study printed; its results are copied to where the test works."""
    shutil.copytree(finished[0], "results")
    return finished[1]


one_study = pytest.mark.xdist_group("the tuned study")
"""In one process, so that the study is done once."""


def records() -> dict[str, dict[str, Any]]:
    return {path.parent.name: json.loads(path.read_text()) for path in Path("results/mine").glob("runs/*/run.json")}


@pytest.mark.slow
@one_study
def test_what_is_best_on_validation_is_run_afresh(tmp_path: Path, printed: str) -> None:
    """3 values × 2 seeds of one layer for each cell; their best, by hand, in the runs of one layer and of two."""
    said = [line for line in printed.splitlines() if " to do" in line]
    assert said == ["12 trials: 0 finished before, 12 to do", "8 runs: 0 finished before, 8 to do",
                    "1 runs one at a time: 0 finished before, 1 to do"]  # fmt: skip
    found = records()
    trials = {i: r for i, r in found.items() if r["config"]["seed"] >= 100}
    assert {r["config"]["num_layers"] for r in trials.values()} == {1}
    for cell in ("lstm", "gru"):
        scores: dict[float, list[float]] = {}
        for r in trials.values():
            if r["config"]["cell"]["name"] == cell:
                scores.setdefault(r["config"]["optimizer"]["lr"], []).append(r["metrics"]["valid"]["accuracy"])
        assert [len(each) for each in scores.values()] == [2, 2, 2]
        means = {lr: sum(each) / 2 for lr, each in scores.items()}
        counted = [r for i, r in found.items() if i not in trials and r["config"]["cell"]["name"] == cell
                   and r["hidden_size"] == 5]  # fmt: skip
        assert {(r["config"]["num_layers"], r["config"]["seed"]) for r in counted} == {(1, 0), (1, 1), (2, 0), (2, 1)}
        (chosen,) = {r["config"]["optimizer"]["lr"] for r in counted}
        assert means[chosen] == max(means.values())

    kept = json.loads(Path("results/mine/study.json").read_text())
    assert set(kept["runs"]) == set(found) - set(trials)
    assert {i for group in kept["tuned"] for each in group["trials"] for i in each["run_ids"]} == set(trials)
    assert set(pd.read_csv("results/mine/runs.csv")["run_id"]) == set(kept["runs"])
    listed = pd.read_csv("results/mine/tuning.csv")
    assert set(listed["run_id"]) == set(trials)
    assert listed.groupby("cell")["chosen"].sum().to_dict() == {"lstm": 2, "gru": 2}  # a run a seed
    page = Path("results/mine/report.html").read_text()
    assert "optimizer.lr from 0.001 to 0.1, log-uniform, the same 3 points" in page
    assert "each tried with seeds 100, 101" in page

    assert (
        "highest tried" in page or "lowest tried" in page or listed.loc[listed["chosen"], "optimizer.lr"].nunique() == 1
    )
    assert (pd.read_csv("results/mine/runs.csv")["optimizer_lr"] > 0).all()

    again = study(tmp_path)
    assert [line.split(": ")[1] for line in again.stdout.splitlines() if "to do" in line] == [
        "8 finished before, 0 to do", "1 finished before, 0 to do",
    ]  # fmt: skip


@pytest.mark.slow
@one_study
@pytest.mark.usefixtures("printed")
def test_runs_alone_are_repeated_if_others_ran_beside_them(tmp_path: Path) -> None:
    for path in Path("results/mine").glob("runs/*/run.json"):
        changed = json.loads(path.read_text())
        changed["timing"]["contended"] = True
        path.write_text(json.dumps(changed))
    before = {run_id: r["finished"] for run_id, r in records().items()}
    done = study(tmp_path)
    assert "8 runs: 8 finished before, 0 to do" in done.stdout
    assert "1 runs one at a time: 0 finished before, 1 to do" in done.stdout
    repeated = [r for run_id, r in records().items() if r["finished"] > before[run_id]]
    assert [(r["hidden_size"], r["timing"]["contended"]) for r in repeated] == [(7, False)]


@pytest.mark.slow
def test_runs_alone_have_all_cores_whatever_the_launcher_shares_out(tmp_path: Path) -> None:
    """They are launched with one job at a time; by their size all runs here take one thread."""
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    done = study(tmp_path, "threads=null", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", through=rnnbench)
    assert done.returncode == 0, done.stderr
    for path in Path("results/mine").glob("runs/*/run.json"):
        jobs = yaml.safe_load((path.parent / ".hydra" / "hydra.yaml").read_text())["hydra"]["launcher"]["n_jobs"]
        assert jobs == (1 if json.loads(path.read_text())["hidden_size"] == 7 else 2)


@pytest.mark.slow
@one_study
@pytest.mark.usefixtures("printed")
def test_what_the_study_no_longer_asks_for_is_not_shown(tmp_path: Path) -> None:
    figures = Path("results/mine/figures")
    (figures / "claim_gone.png").write_text("of a claim that was there before")
    done = study(tmp_path, "hidden_size=5", "num_layers=1")
    assert done.returncode == 0, done.stderr
    runs = pd.read_csv("results/mine/runs.csv")
    assert set(runs["num_layers"]) == {1} and set(runs["hidden_size"]) == {5}
    assert (
        "5 more run(s) lie here that the study as it is now does not ask for"
        in Path("results/mine/report.html").read_text()
    )
    assert not (figures / "claim_gone.png").exists()


@pytest.mark.slow
def test_a_failed_trial_chooses_nothing_and_the_page_says_who_waits(tmp_path: Path) -> None:
    done = study(tmp_path, tune="dataset.path: nowhere")
    assert done.returncode == 2  # refused before anything starts
    assert not Path("results").exists()
    done = study(tmp_path, "dataset=digits", "seq_len=8", tune="batch_size: 5000")
    assert done.returncode == 1
    assert "8 runs wait for trials that have not ended: the same command goes on" in done.stdout
    assert {r["status"] for r in records().values() if r["config"]["seed"] >= 100} == {"failed"}
    assert [r["config"]["hidden_size"] for r in records().values() if r["config"]["seed"] < 100] == [7]
    page = Path("results/mine/report.html").read_text()
    assert "1 of 9 runs are there. 8 wait for settings that are being tuned." in page


@pytest.mark.parametrize(("asked", "message"), [
    ("optimizer.lr=0.1", "optimizer.lr=0.1: chosen by this study's trials"),
    ("seed=0,100", "seed=100: a seed of the study's trials: runs that count need others"),
])  # fmt: skip
def test_what_would_make_tuning_unfair_is_refused(tmp_path: Path, asked: str, message: str) -> None:
    done = study(tmp_path, asked)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert not Path("results").exists()
