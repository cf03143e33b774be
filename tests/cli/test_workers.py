"""Runs of a sweep side by side in processes: the records of runs made alone, whatever befalls a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from sweeping import SWEEP, here, outcomes, rnnbench

from rnnbench.cli.workers import Worker, _that_fits
from rnnbench.machine.threads import room
from rnnbench.recurrent import kernel

LONGER = (*SWEEP, "budget.max_steps=3000", "checkpoint_seconds=0.05")
BESIDE = (*LONGER, "workers=2")

several = pytest.mark.skipif(room() < 2, reason="on one core no two runs are side by side")
one_sweep = pytest.mark.xdist_group("the undisturbed sweep of workers")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the sweep leaves that does one run after another."""
    with chdir(tmp_path_factory.mktemp("undisturbed")):
        assert here("-m", *LONGER, "workers=1").returncode == 0
        return outcomes("results/swept")


@several
@pytest.mark.skipif(kernel.library() is None or kernel.isa() == "baseline", reason="no wider instruction set here")
@pytest.mark.slow
def test_what_each_process_would_say_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both find that the kernel uses less than the processor has."""
    monkeypatch.setenv("RNNBENCH_ISA", "baseline")
    done = here("-m", *SWEEP, "workers=2")
    assert done.returncode == 0 and "4 of them side by side, at most 2 at a time" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("rnnbench: the fused CPU kernel uses baseline instructions, the processor has ")


def started(*arguments: str) -> subprocess.Popen[str]:
    """A sweep in a process group of its own, as a terminal would make it."""
    return subprocess.Popen([sys.executable, "-m", "rnnbench", "-m", *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip


def wait_for_training(sweep: subprocess.Popen[str]) -> list[int]:
    """The processes that train, once both do and have a checkpoint."""
    limit = time.monotonic() + 120
    while True:
        found = [int(path.name.partition("-")[0]) for path in Path("tmp").glob("rnnbench-*/*")]
        if len(found) == 2 == len(list(Path("results/swept").glob("runs/*/checkpoint.pt"))):
            return found
        assert time.monotonic() < limit and sweep.poll() is None
        time.sleep(0.02)


@pytest.fixture
def _own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each training process leaves its number."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


MIXED = (*SWEEP, "threads=null", "seq_len=50", "batch_size=8", "hidden_size=5,128", "seed=0")
"""B·T·H·(I + H) is 14,000, so that one thread is right, and 6.7 million, which takes all cores."""


@several
@pytest.mark.slow
@pytest.mark.usefixtures("_own_tmp")
def test_records_are_the_same_alone_side_by_side_and_through_joblib(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    monkeypatch.delenv("OMP_NUM_THREADS")
    ways = {"alone": ["workers=1"], "beside": ["workers=2"], "chosen": [],
            "joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]}  # fmt: skip
    done = {name: rnnbench("-m", *MIXED, f"name={name}", *way) for name, way in ways.items()}
    assert {name: each.returncode for name, each in done.items()} == dict.fromkeys(ways, 0)
    found = {name: outcomes(f"results/{name}") for name in ways}
    assert found["alone"] == found["beside"] == found["chosen"] == found["joblib"]
    threads = {record["config"]["hidden_size"]: record["environment"]["threads"] for record in found["alone"].values()}
    assert threads == {5: 1, 128: min(room(), 8)}
    for name in ("beside", "chosen"):
        assert done[name].stdout.splitlines()[1].startswith("2 of them side by side, at most ")
    assert done["joblib"].stderr.startswith("launcher: 2 of 4 runs go one at a time: ")
    for name in ways:  # the large ones went alone, whatever the way
        timings = [json.loads(path.read_text()) for path in Path(f"results/{name}").rglob("run.json")]
        beside = {record["config"]["hidden_size"] for record in timings if record["timing"]["contended"]}
        assert beside == ({5} if name != "alone" else set())


@several
@one_sweep
@pytest.mark.slow
@pytest.mark.usefixtures("_own_tmp")
def test_a_killed_process_takes_its_run_alone(undisturbed: dict[str, Any]) -> None:
    """SIGKILL, as by a machine out of memory."""
    with started(*BESIDE) as sweep:
        os.kill(wait_for_training(sweep)[0], signal.SIGKILL)
        printed, complaint = sweep.communicate(timeout=120)
    assert sweep.returncode == 1
    assert "3 ok, 0 diverged, 0 failed, 0 skipped, 1 unfinished" in printed
    assert complaint.startswith("launcher: a process was killed (SIGKILL) in ") and complaint.count("\n") == 1
    again = here("-m", *BESIDE)
    assert "1 ok, 0 diverged, 0 failed, 3 skipped" in again.stdout
    assert outcomes("results/swept") == undisturbed


@several
@one_sweep
@pytest.mark.slow
@pytest.mark.usefixtures("_own_tmp")
@pytest.mark.parametrize("at", ["the start", "training", "twice", "the main process alone"])
def test_an_interrupt_stops_all_politely(at: str, undisturbed: dict[str, Any]) -> None:
    """Its stderr ends only once the last process has ended, too."""
    with started(*BESIDE) as sweep:
        assert sweep.stdout is not None
        assert [sweep.stdout.readline() for _ in range(2)][1].startswith("4 of them side by side")
        if at != "the start":
            wait_for_training(sweep)
        if at == "the main process alone":
            os.kill(sweep.pid, signal.SIGTERM)
        else:
            os.killpg(sweep.pid, signal.SIGINT)
        if at == "twice":
            os.killpg(sweep.pid, signal.SIGINT)
        printed, complaint = sweep.communicate(timeout=120)
    assert sweep.returncode == 130
    ended = [
        line for line in printed.splitlines() if not line.startswith("ok: ")
    ]  # on a busy machine one may be ok by then
    assert not ended, printed
    what = "stopped by SIGTERM" if at == "the main process alone" else "interrupted"
    assert complaint == f"{what}: the same command goes on from the last checkpoint\n"
    if at == "training":
        assert len(list(Path("results/swept").glob("runs/*/checkpoint.pt"))) == 2
    assert here("-m", *BESIDE).returncode == 0
    assert outcomes("results/swept") == undisturbed


@several
@one_sweep
@pytest.mark.slow
@pytest.mark.usefixtures("_own_tmp")
def test_processes_end_with_the_one_that_started_them(undisturbed: dict[str, Any]) -> None:
    with started(*BESIDE) as sweep:
        wait_for_training(sweep)
        sweep.kill()
        assert sweep.communicate(timeout=120)[1] == ""  # stderr has ended: nobody holds it any more
    assert here("-m", *BESIDE).returncode == 0
    assert outcomes("results/swept") == undisturbed


@several
@pytest.mark.slow
def test_a_bad_run_does_not_stop_the_others() -> None:
    done = rnnbench("-m", *SWEEP, "workers=2", "train_size=20", "batch_size=4,30", "seed=0")
    assert done.returncode == 1
    assert "2 ok, 0 diverged, 2 failed, 0 skipped" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.few(1)
@pytest.mark.parametrize(("asked", "said"), [
    (["workers=0"], "workers=0: too small (allowed: 1 or more)"),
    (["workers=many"], "workers=many: not allowed (allowed: a whole number, null)"),
    (["workers=1,2"], "workers=1,2: one number for a sweep (allowed: 1 or more)"),
    (["workers=2", "hydra/launcher=joblib"], "workers=2: the launcher that was chosen says how many (allowed: null)"),
])  # fmt: skip
def test_a_number_of_workers_that_cannot_be_is_refused_in_one_line(asked: list[str], said: str) -> None:
    if len(asked) > 1:
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    done = here("-m", *SWEEP, *asked)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"rnnbench: {said}\n")
    assert not list(Path().iterdir())


@pytest.mark.parametrize(("doing", "most", "next_one"), [
    ([], 9, "four"), ([1], 9, "two"), ([2], 9, "two"), ([3], 9, None), ([1, 1], 9, "two"), ([1, 1], 2, None),
    ([4], 9, None),
])  # fmt: skip
def test_a_run_starts_where_its_threads_find_room(doing: list[int], most: int, next_one: str | None) -> None:
    """Four cores; a run of four threads waits, then one of two."""
    waiting = [(["four"], 4), (["two"], 2)]
    workers: list[Any] = [Worker(None, None, (["x"], threads)) for threads in doing]  # type: ignore[arg-type]
    job = _that_fits(waiting, workers, most, 4)
    assert (job[0][0] if job else None) == next_one
