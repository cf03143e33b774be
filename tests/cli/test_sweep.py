"""Sweeps through the real command line: each run once, whatever dies, and the report at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException
from hydra.types import RunMode
from making import TINY, tiny
from sweeping import SWEEP, here, outcomes, rnnbench

from rnnbench.cli.composer import Composer
from rnnbench.cli.requests import requests
from rnnbench.config import CONF, Config, from_mapping
from rnnbench.errors import UsageError
from rnnbench.run import run


def test_a_sweep_runs_all_once_and_reports() -> None:
    done = rnnbench("-m", *SWEEP)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "4 runs: 0 finished before, 4 to do"
    assert "4 ok, 0 diverged, 0 failed, 0 skipped" in lines
    assert lines[-1] == "report: results/swept/report.html"
    assert Path("results/swept/report.html").exists()
    assert len(outcomes("results/swept")) == 4
    hydra = next(Path("results/swept/runs").iterdir()) / ".hydra"
    assert {path.name for path in hydra.iterdir()} == {"config.yaml", "hydra.yaml", "overrides.yaml"}
    assert sorted(path.name for path in Path().iterdir()) == ["results"]  # and nothing else where it was called

    records = {path: path.stat().st_mtime_ns for path in Path("results").rglob("run.json")}
    again = here("-m", *SWEEP)
    assert again.returncode == 0
    assert again.stdout.splitlines()[0] == "4 runs: 4 finished before, 0 to do"
    assert "0 ok, 0 diverged, 0 failed, 4 skipped" in again.stdout
    assert records == {path: path.stat().st_mtime_ns for path in Path("results").rglob("run.json")}


LONGER = (*SWEEP, "budget.max_steps=400", "checkpoint_seconds=0.05")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the sweep LONGER leaves that nothing befell, done once."""
    with chdir(tmp_path_factory.mktemp("undisturbed")):
        assert here("-m", *LONGER).returncode == 0
        return outcomes("results/swept")


one_sweep = pytest.mark.xdist_group("the undisturbed sweep")
"""In one process, so that it is done once."""


@one_sweep
@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 2, 3])
def test_killed_and_started_again_it_ends_with_the_same_records(after: int, undisturbed: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "rnnbench", "-m", *LONGER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        finished = 0
        while finished < after:
            finished += process.stdout.readline().startswith("ok:")
        process.kill()
    assert len(outcomes("results/swept")) < 4
    done = here("-m", *LONGER)
    assert done.returncode == 0, done.stderr
    assert f"{4 - after} ok, 0 diverged, 0 failed, {after} skipped" in done.stdout
    assert outcomes("results/swept") == undisturbed


@pytest.mark.slow
def test_two_sweeps_at_once_lose_nothing_and_do_no_run_twice() -> None:
    longer = (*SWEEP, "budget.max_steps=300", "seed=0,1,2,3")
    command = [sys.executable, "-m", "rnnbench", "-m", *longer]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate()[0] for process in both]
    done = [line.split()[1].rstrip(":") for text in printed for line in text.splitlines() if line.startswith("ok:")]
    assert sorted(done) == sorted(outcomes("results/swept"))
    assert len(done) == len(set(done)) == 8


@one_sweep
@pytest.mark.slow
def test_joblib_runs_side_by_side_with_the_same_results(undisturbed: dict[str, Any]) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    beside = rnnbench("-m", *LONGER, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "name=beside")
    assert beside.returncode == 0, beside.stderr
    assert "4 ok, 0 diverged, 0 failed, 0 skipped" in beside.stdout
    assert outcomes("results/beside") == undisturbed
    records = [json.loads(path.read_text()) for path in Path("results/beside").rglob("run.json")]
    assert {record["environment"]["threads"] for record in records} == {1}


OWN_SWEEPER = """
import yaml
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper


class Tries(Sweeper):
    def setup(self, *, hydra_context, task_function, config):
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config)

    def sweep(self, arguments):
        rates = ("1e-1", "1e-2", "1e-4")
        ended = self.launcher.launch([[*arguments, f"optimizer.lr={rate}"] for rate in rates], initial_job_idx=0)
        with open("seen.yaml", "w") as file:
            yaml.safe_dump({float(rate): float(each.return_value) for rate, each in zip(rates, ended)}, file)


ConfigStore.instance().store(group="hydra/sweeper", name="tries", node={"_target_": "hydra_plugins.tries.Tries"})
"""


@pytest.mark.slow
def test_a_sweeper_of_ones_own_is_given_the_validation_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plugin" / "hydra_plugins" / "tries").mkdir(parents=True)
    (tmp_path / "plugin" / "hydra_plugins" / "tries" / "__init__.py").write_text(OWN_SWEEPER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plugin"), prepend=os.pathsep)
    done = rnnbench("-m", *TINY, "hydra/sweeper=tries", "seed=0", "dataset=adding")
    assert done.returncode == 0, done.stderr
    scores = {read["config"]["optimizer"]["lr"]: read["metrics"]["valid"][read["task"]["metric"]]
              for read in (json.loads(path.read_text()) for path in Path("results").rglob("run.json"))}  # fmt: skip
    assert len(scores) == 3
    assert yaml.safe_load(Path("seen.yaml").read_text()) == scores


@pytest.mark.slow
def test_a_killed_worker_ends_the_sweep_honestly_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL to one of joblib's workers in the middle of its run, as by a machine out of memory."""
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))  # where each training process leaves its number
    (tmp_path / "tmp").mkdir()
    longer = (*SWEEP, "budget.max_steps=1000", "checkpoint_seconds=0.05")
    beside = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    command = [sys.executable, "-m", "rnnbench", "-m", *longer, *beside]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sweep:
        limit = time.monotonic() + 120
        while not list(Path("results/swept").glob("runs/*/checkpoint.pt")):
            assert time.monotonic() < limit and sweep.poll() is None
            time.sleep(0.05)
        training = [int(path.name.partition("-")[0]) for path in Path("tmp").glob("rnnbench-*/*")]
        os.kill(training[0], signal.SIGKILL)
        printed, complaint = sweep.communicate(timeout=120)
    assert sweep.returncode == 1
    done = len(outcomes("results/swept"))
    assert done < 4
    assert f"{done} ok, 0 diverged, 0 failed, 0 skipped, {4 - done} unfinished" in printed
    assert complaint.count("launcher: ") == 1
    again = rnnbench("-m", *longer, *beside)
    assert again.returncode == 0, again.stderr
    assert f"{4 - done} ok, 0 diverged, 0 failed, {done} skipped" in again.stdout
    assert here("-m", *longer, "name=whole").returncode == 0
    assert outcomes("results/swept") == outcomes("results/whole")


@pytest.mark.slow
def test_one_bad_run_does_not_stop_the_others() -> None:
    done = here("-m", *SWEEP, "train_size=20", "batch_size=4,30", "seed=0", "cell=gru")
    assert done.returncode == 1
    assert "1 ok, 0 diverged, 1 failed, 0 skipped" in done.stdout
    assert "batch_size=30" in done.stdout + done.stderr
    assert Path("results/swept/report.html").exists()
    retried = here("-m", *SWEEP, "train_size=20", "batch_size=4,30", "seed=0", "cell=gru")
    assert retried.stdout.splitlines()[0] == "2 runs: 1 finished before, 1 to do"


def test_a_request_that_cannot_be_is_refused_before_anything_starts() -> None:
    done = here("-m", *SWEEP, "hidden_size=5,-1")
    assert done.returncode == 2
    assert done.stderr == "rnnbench: hidden_size=-1: too small (allowed: 1 or more)\n"
    assert not list(Path().iterdir())


def test_a_place_that_cannot_be_written_is_refused_once_and_not_by_every_run() -> None:
    Path("taken").write_text("a file")
    done = here("-m", *SWEEP, "results_dir=taken/results")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rnnbench: results_dir=taken/results: ") and done.stderr.count("\n") == 1


def test_the_page_is_made_where_what_was_typed_cannot_be_kept() -> None:
    (Path("results/swept/commands.txt") / "in the way").mkdir(parents=True)
    done = here("-m", *SWEEP)
    assert done.returncode == 0
    assert "what was typed is not kept: cannot write results/swept/commands.txt: Is a directory" in done.stderr
    assert done.stdout.splitlines()[-1] == "report: results/swept/report.html"


def test_requests_that_mean_the_same_run_are_one() -> None:
    """A GRU has no forget gate, so its forget_bias makes no difference."""
    done = here("-m", *TINY, "cell=gru", "forget_bias=0,1", "seed=0")
    assert done.stdout.splitlines()[0] == "1 runs: 0 finished before, 1 to do"


@pytest.fixture
def loader() -> ConfigLoaderImpl:
    return ConfigLoaderImpl(create_config_search_path(str(CONF)))


@pytest.mark.few(4)
@pytest.mark.parametrize(
    "job",
    [
        ["cell=gru", "seq_len=7", "seed=3"],
        ["dataset=digits", "cell=rnn", "cell.nonlinearity=relu"],
        ["dataset=jsb", "optimizer=sgd", "optimizer.lr=0.5", "budget.patience=2"],
        ["clip_norm=null", "dropout=0.5", "forget_bias=null", "name=x"],
        ["dataset=text", "dataset.path=a b.txt"],
        ["+optimizer.extra=1"],
        ["dataset=custom", "dataset.target=a.B", "+dataset.task=copy", "dataset.name=x"],
        ["+dataset.name=twice"],
        ["+optimizer.lr=0.5"],
        ["name=${cell.name}-x", "cell=gru"],
    ],
)
def test_the_quick_composition_is_hydras(job: list[str], loader: ConfigLoaderImpl) -> None:
    sweep_config = loader.load_configuration("config", [], RunMode.MULTIRUN)
    quick, slow = (Composer(loader, sweep_config, OverridesParser.create(loader)) for _ in range(2))

    def composed(compose: Callable[[], Config]) -> object:
        try:
            return compose()
        except (ValueError, ConfigCompositionException) as error:
            return str(error)

    assert composed(lambda: quick.compose(job)) == composed(lambda: from_mapping(slow._composed(tuple(job))[0]))


def test_a_cluster_may_have_the_gpu_that_the_submitting_machine_lacks(
    loader: ConfigLoaderImpl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)

    def asked(launcher: str, *job: str) -> object:
        sweep_config = loader.load_configuration("config", [f"hydra/launcher={launcher}"], RunMode.MULTIRUN)
        composer = Composer(loader, sweep_config, OverridesParser.create(loader))
        return requests(composer, [["device=cuda", *job]])

    asked("slurm")
    with pytest.raises(UsageError, match="no CUDA device"):
        asked("slurm_local")
    with pytest.raises(UsageError, match="backend=torch"):
        asked("slurm", "cell=gru_reset_before", "backend=torch")


def test_ten_thousand_requests_are_composed_in_seconds(loader: ConfigLoaderImpl) -> None:
    """Counted in Hydra's compositions, not in seconds: one for each cell, however many seeds."""
    sweep_config = loader.load_configuration("config", [], RunMode.MULTIRUN)
    calls = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            if name == "load_sweep_config":
                calls.append(name)
            return getattr(loader, name)

    composer = Composer(Counting(), sweep_config, OverridesParser.create(loader))
    ids = {composer.compose([f"cell={cell}", f"seed={seed}"]).run_id for cell in ("lstm", "gru") for seed in range(500)}
    assert len(ids) == 1000
    assert len(calls) == 2


def test_a_corrupt_record_among_good_ones_is_named_and_done_again() -> None:
    run(tiny("name=swept", "cell=gru"))
    (path,) = Path("results").rglob("run.json")
    path.write_text(path.read_text()[:100])
    done = here("-m", *SWEEP, "cell=gru", "seed=0")
    assert done.returncode == 0
    assert "1 runs: 0 finished before, 1 to do" in done.stdout
    assert str(path.parent.name) in done.stderr
    assert json.loads(path.read_text())["status"] == "ok"
