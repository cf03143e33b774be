"""Places that cannot be written to: one line before anything is done, and what is there already is read."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fake_records
import pytest
from making import TINY, tiny
from sweeping import here

from rnnbench.export.__main__ import main as export
from rnnbench.report.__main__ import main as report
from rnnbench.run import run
from rnnbench.training.loop import Training

OVERRIDE, SEARCH = 1, 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: what lets root write everywhere
DROP = 24  # PR_CAPBSET_DROP
LIBC = ctypes.CDLL(None, use_errno=True)


def _capabilities() -> tuple[Any, Any]:
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if LIBC.capget(header, sets):
        pytest.skip("permissions do not bind this process, and cannot be made to")
    return header, sets


@pytest.fixture(autouse=True)
def _permissions_bind() -> Iterator[None]:
    """As for anyone but root."""
    if os.geteuid():
        yield
        return
    header, sets = _capabilities()
    before = sets[0]
    sets[0] &= ~(1 << OVERRIDE | 1 << SEARCH)
    assert LIBC.capset(header, sets) == 0
    try:
        yield
    finally:
        sets[0] = before
        assert LIBC.capset(header, sets) == 0


def _binding() -> None:
    """In a child, before it becomes another program."""
    for each in (OVERRIDE, SEARCH):
        LIBC.prctl(DROP, each)


@contextmanager
def read_only(*directories: Path) -> Iterator[None]:
    every = [each for directory in directories for each in (directory, *directory.rglob("*")) if each.is_dir()]
    for each in every:
        each.chmod(0o555)
    try:
        yield
    finally:
        for each in every:
            each.chmod(0o755)


def everything(directory: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None
            for path in sorted(directory.rglob("*"))}  # fmt: skip


@pytest.mark.parametrize("sweep", [[], ["-m", "seed=0,1"]])
@pytest.mark.parametrize("asked", ["", "there/below", "results/default"])
def test_results_have_one_cause_before_anything_is_done(sweep: list[str], asked: str) -> None:
    Path("there").mkdir()
    Path("results/adding/runs").mkdir(parents=True)
    Path("results/default/runs").mkdir(parents=True)
    before = everything(Path())
    with read_only(Path()):
        done = here(*TINY, *sweep, *([f"results_dir={asked}"] if asked else []))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"rnnbench: results_dir={asked or 'results'}: ")
    assert done.stderr.endswith(" cannot be written to (allowed: a directory that can)\n")
    assert done.stderr.count("\n") == 1
    assert everything(Path()) == before


def test_what_is_finished_there_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert here("-m", *TINY, "seed=0,1", "workers=1", "name=default").returncode == 0
    before = everything(Path())
    with read_only(Path()):
        done = here(*TINY)
        assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("skipped: ")
        done = here("-m", *TINY, "seed=0,1", "workers=1", "name=default")
        assert (done.returncode, done.stdout) == (2, "")  # its page could not be made
        assert done.stderr.startswith("rnnbench: results_dir=results: results/default cannot be written to")
        for asked in (["results/default"], ["results/default", "pack=true"]):
            assert report(asked) == 2
            err = capsys.readouterr().err
            assert err.startswith("cannot write results/default/") and err.count("\n") == 1
            assert err.endswith(": Permission denied\n")
    assert everything(Path()) == before


@pytest.mark.slow
def test_times_that_cannot_be_kept_end_no_sweep() -> None:
    """Runs beside others want a probe, which would go into their records."""
    for seed in (0, 1):
        assert run(tiny(f"seed={seed}"), beside=True).status == "ok"
    with read_only(Path("results/default/runs")):
        done = here("-m", *TINY, "seed=0,1", "workers=1", "name=default")
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 timed; 1 not on this kind of machine, not alone, or read-only: " in done.stdout


def test_where_one_stands_need_not_be_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("stand").mkdir()
    monkeypatch.chdir("stand")
    with read_only(Path()):
        done = here("-m", *TINY, "seed=0,1", "workers=1", f"results_dir={tmp_path / 'results'}")
        assert (done.returncode, done.stderr) == (0, "")
    assert not list(Path().iterdir()) and (tmp_path / "results/adding/report.html").exists()


def test_one_runs_folder(capsys: pytest.CaptureFixture[str]) -> None:
    directory = tiny("seed=1").run_dir
    directory.mkdir(parents=True)
    with read_only(directory):
        done = here(*TINY, "seed=1")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"rnnbench: cannot lock {directory}/.lock: Permission denied\n"
        done = here("-m", *TINY, "seed=0,1", "workers=1", "name=default")
        assert done.returncode == 1 and "1 ok, 0 diverged, 0 failed, 0 skipped, 1 unfinished" in done.stdout


def test_what_becomes_so_in_the_middle_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    directory, step = tiny().run_dir, Training._step

    def last(training: Training) -> None:
        step(training)
        if training.progress.step == 20:
            directory.chmod(0o555)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_step", last)
        done = here(*TINY)
    directory.chmod(0o755)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"rnnbench: cannot write {directory}/run.json: Permission denied"
    assert run(tiny()).status == "ok"


def test_exports(capsys: pytest.CaptureFixture[str]) -> None:
    directory = run(tiny()).run_dir
    with read_only(directory):
        assert export(["torch", str(directory)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_data_are_read_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("RNNBENCH_DATA", str(tmp_path / "data"))
    with read_only(tmp_path / "data"):
        done = here("dataset=mnist", "device=cpu")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.count("\n") == 1
    assert "is absent and cannot be written" in done.stderr


@pytest.mark.slow
def test_a_home_that_is_read_only_is_not_spoken_of(tmp_path: Path) -> None:
    """Neither matplotlib nor torch keeps its cache there: of a process of its own, which loads both."""
    fake_records.write(tmp_path / "a", fake_records.sweep(seq_lens=(50,)), histories=False)
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MPL", "XDG"))}
    with read_only(home):
        for asked in (["rnnbench.report", "a"], ["rnnbench", "-m", *TINY, "seed=0,1", "workers=1"]):
            done = subprocess.run([sys.executable, "-m", *asked], capture_output=True, text=True, preexec_fn=_binding,
                                  env=kept | {"HOME": str(home)})  # fmt: skip
            assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert not list(home.iterdir())
