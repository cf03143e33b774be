"""How many cores a process may use, and how many threads a run of some size takes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnbench.machine import threads


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "bound", lambda: 4)
    monkeypatch.setattr(threads, "quota", lambda: None)
    for name in ("OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("variable", "value", "cores"), [
    ("OMP_NUM_THREADS", "1", 1), ("OMP_NUM_THREADS", "2,1", 2), ("OMP_NUM_THREADS", "8", 4),
    ("OMP_NUM_THREADS", "", 4), ("OMP_NUM_THREADS", "many", 4), ("OMP_NUM_THREADS", "0", 4),
    ("SLURM_CPUS_PER_TASK", "3", 3),
])  # fmt: skip
def test_the_least_of_what_is_there_and_what_is_allowed(
    variable: str, value: str, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert threads.cores() == cores


def test_omp_num_threads_is_of_one_run_and_not_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert (threads.cores(), threads.room()) == (1, 4)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    assert threads.room() == 3


@pytest.mark.parametrize(("text", "cores"), [
    ("max 100000", None), ("150000 100000", 1), ("200000 100000", 2), ("50000 100000", 1),
    ("no numbers", None), ("", None),
])  # fmt: skip
def test_a_containers_quota(text: str, cores: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole cores; half a core is one."""
    monkeypatch.undo()
    (tmp_path / "cpu.max").write_text(text)
    assert threads.quota(tmp_path) == cores


def test_an_older_containers_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert threads.quota(tmp_path) is None
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    for text, cores in (("300000\n", 3), ("-1\n", None)):
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(text)
        assert threads.quota(tmp_path) == cores


def test_small_runs_take_one_thread_large_ones_all_and_never_more_than_sequences() -> None:
    assert threads.for_size(32, 8, 8, 16, 4)[0] == 1
    assert threads.for_size(16, 8, 8, 256, 4) == (1, "few rows: B·T = 128 below 256")
    assert threads.for_size(64, 200, 128, 256, 4)[0] == 4
    assert threads.for_size(2, 2000, 128, 256, 4)[0] == 2
    assert threads.for_size(64, 200, 128, 256, 1) == (1, "one core")
    assert threads.for_size(64, 200, 128, 256, 4) == threads.for_size(64, 200, 128, 256, 4)
