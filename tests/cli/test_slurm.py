"""Sweeps as jobs: submitit's local executor, and a real Slurm of one node where it is installed (scripts/slurm)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from places import ROOT
from sweeping import SWEEP, here, outcomes, rnnbench

from hydra_plugins.rnnbench_launcher import queue
from rnnbench.machine.threads import cores

SLURM = ROOT / "scripts" / "slurm"


class Pretended(queue.Queue):
    """A queue whose jobs are there as long as `still` says."""

    def __init__(self, still: Callable[[str], bool]):
        self._still = still

    def present(self, jobs: Any) -> list[Any]:
        return [job for job in jobs if self._still(job.job_id)]


def job(name: str) -> Any:
    return SimpleNamespace(job_id=name, paths=SimpleNamespace(result_pickle=Path(name)))


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(queue, "LATE_SECONDS", 0.1)


@pytest.mark.usefixtures("_quick")
def test_waiting_ends_with_results_with_jobs_that_vanish_and_at_the_limit() -> None:
    Path("done").touch()
    jobs = [job("done"), job("cancelled")]
    assert Pretended(lambda name: False).wait(jobs, time.monotonic() + 60)
    assert not Pretended(lambda name: True).wait(jobs, time.monotonic() + 0.1)


@pytest.mark.usefixtures("_quick")
def test_a_job_that_is_absent_for_a_moment_only_is_waited_for() -> None:
    """As while it is put back into the queue."""
    asked: list[str] = []

    def still(name: str) -> bool:
        asked.append(name)
        if len(asked) == 30:
            Path("requeued").touch()
        return len(asked) % 3 != 0

    assert Pretended(still).wait([job("requeued")], time.monotonic() + 60)
    assert len(asked) == 30


def test_a_slurm_that_does_not_answer_ends_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert queue.SlurmQueue().present(jobs := [job("1_0")]) == jobs


def test_threads_follow_the_cores_that_slurm_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    for name in ("SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert cores() == 8
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    assert cores() == 3
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "64")  # more than this process is bound to
    assert cores() == 8


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("launcher", "plugin", "extra"),
    [("joblib", "joblib", "joblib"), ("slurm", "submitit", "slurm"), ("slurm_local", "submitit", "slurm")],
)
def test_a_missing_plugin_is_one_line(launcher: str, plugin: str, extra: str) -> None:
    code = f"""
import sys
sys.modules["hydra_plugins.hydra_{plugin}_launcher"] = None  # as if it were not installed
sys.argv = ["rnnbench", "-m", "seed=0,1", "hydra/launcher={launcher}"]
from rnnbench.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"rnnbench: hydra/launcher={launcher} needs a plugin: ")
    package = {"joblib": "hydra-joblib-launcher", "slurm": "hydra-submitit-launcher"}[extra]
    assert f"pip install '{package}>=1.2'" in done.stderr  # by its own name: rnnbench need not be on an index
    assert done.stderr.count("\n") == 1
    assert not list(Path().iterdir())


def test_a_machine_without_slurm_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    monkeypatch.setenv("PATH", "")
    done = here("-m", *SWEEP, "hydra/launcher=slurm")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no sbatch, srun, squeue here" in done.stderr


def test_a_misspelt_key_of_a_launcher_names_its_keys() -> None:
    done = here("-m", *SWEEP, "hydra/launcher=slurm", "hydra.launcher.partitoin=gpu")
    assert done.returncode == 2
    assert "did you mean hydra.launcher.partition?" in done.stderr


@pytest.mark.parametrize(("launcher", "key", "value", "allowed"), [
    ("slurm_local", "timeout_min", "long", "expected type int"),
    ("slurm_local", "wait_hours", "long", "0 or more"),
    ("slurm_local", "max_num_timeout", "-1", "0 or more"),
    ("slurm_local", "n_jobs", "0", "1 or more"),
    ("joblib", "n_jobs", "0", "1 or more, -1: all cores"),
    ("joblib", "n_jobs", "two", "could not be converted to Integer"),
])  # fmt: skip
def test_a_wrong_value_of_a_launcher_is_refused_before_anything_starts(
    launcher: str, key: str, value: str, allowed: str
) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher" if launcher != "joblib" else
                        "hydra_plugins.hydra_joblib_launcher")  # fmt: skip
    done = here("-m", *SWEEP, f"hydra/launcher={launcher}", f"hydra.launcher.{key}={value}")
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, ""), done.stdout + done.stderr
    assert key in done.stderr and value in done.stderr and allowed in done.stderr
    assert not list(Path().iterdir())


@pytest.mark.slow
def test_the_local_executor_leaves_the_records_of_the_basic_launcher() -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    jobs = rnnbench("-m", *SWEEP, "seed=0", "name=jobs", "hydra/launcher=slurm_local")
    assert jobs.returncode == 0, jobs.stdout + jobs.stderr
    assert "2 ok, 0 diverged, 0 failed, 0 skipped" in jobs.stdout
    assert [path.name for path in Path().iterdir()] == ["results"]
    assert len(list(Path("results/jobs/slurm").glob("*/*_log.out"))) == 2
    assert here("-m", *SWEEP, "seed=0").returncode == 0
    assert outcomes("results/jobs") == outcomes("results/swept")


@pytest.fixture(scope="module")
def slurm() -> Iterator[pytest.MonkeyPatch]:
    """A throw-away Slurm of one node; the commands of this process and of those it starts speak to it."""
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    if shutil.which("slurmctld") is None:
        pytest.skip("slurmctld is not installed: scripts/slurm install")
    where = Path(tempfile.mkdtemp(prefix="slurm-")) / "node"  # short: the path of a socket may have 108 characters
    subprocess.run([SLURM, "start", where], check=True, timeout=120)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(where / "slurm.conf"))
        yield patch
    subprocess.run([SLURM, "stop", where], check=True, timeout=120)
    where.parent.rmdir()


def until(happened: Callable[[], object], process: subprocess.Popen[str], seconds: float = 240) -> None:
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, "waited in vain"
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)


def slurm_says(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


ON_SLURM = ("hydra/launcher=slurm", "hydra.launcher.mem_gb=1")


@pytest.mark.slow
@pytest.mark.xdist_group("slurm")
@pytest.mark.usefixtures("slurm")
def test_cancelled_or_preempted_the_jobs_of_a_sweep_end_with_the_same_records() -> None:
    """One job is told to go in mid-run and is queued again, the other is cancelled; the sweep is started once more."""
    longer = (*SWEEP, "seed=0", "budget.max_steps=20000", "budget.eval_every=5000", "checkpoint_seconds=0.2")
    command = [sys.executable, "-m", "rnnbench", "-m", *longer, *ON_SLURM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sweep:
        until(lambda: list(Path("results/swept").glob("runs/lstm-*/checkpoint.pt")), sweep)
        array = slurm_says("squeue", "--noheader", "--array", "--format=%i").split("_")[0]
        lstm, gru = f"{array}_0", f"{array}_1"  # the jobs in the order of the sweep
        slurm_says("scancel", "--signal=USR2", lstm)
        until(lambda: list(Path("results/swept").glob("runs/gru-*/checkpoint.pt")), sweep)
        slurm_says("scancel", gru)
        until(lambda: slurm_says("squeue", "--noheader", "--format=%T", f"--job={lstm}") == "PENDING", sweep)
        slurm_says("scontrol", "update", f"JobId={lstm}", "StartTime=now")  # not after the usual two minutes
        printed, complaint = sweep.communicate(timeout=300)
    assert sweep.returncode == 1, printed + complaint
    assert "1 ok, 0 diverged, 0 failed, 0 skipped, 1 unfinished" in printed
    assert f"launcher: job {gru} left no result: results/swept/slurm/" in complaint
    assert len(list(Path("results/swept").glob("runs/gru-*/checkpoint.pt"))) == 1
    assert slurm_says("squeue", "--noheader") == ""

    again = rnnbench("-m", *longer, *ON_SLURM, timeout=300)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "1 ok, 0 diverged, 0 failed, 1 skipped" in again.stdout
    assert here("-m", *longer, "name=whole").returncode == 0
    assert outcomes("results/swept") == outcomes("results/whole")


@pytest.mark.slow
@pytest.mark.xdist_group("slurm")
@pytest.mark.usefixtures("slurm")
def test_what_slurm_refuses_is_one_line_and_leaves_nothing() -> None:
    done = rnnbench("-m", *SWEEP, *ON_SLURM, "hydra.launcher.partition=nowhere", timeout=120)
    assert done.returncode == 2
    assert "invalid partition specified: nowhere" in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("rnnbench: hydra/launcher=slurm: ")
    assert not list(Path().iterdir())
