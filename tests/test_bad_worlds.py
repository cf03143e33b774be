"""A machine without a home, a load, a temp directory, locks or room: a run says what is lost and goes on."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pwd
import tempfile
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from loops import same, train, weights
from making import TINY, tiny
from sweeping import here

from rnnbench.errors import UsageError
from rnnbench.machine import locks
from rnnbench.preparation import prepare
from rnnbench.report import make_report
from rnnbench.run import CHECKPOINT, run
from rnnbench.training import checkpoint


def refusing(error: Exception) -> Any:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise error

    return refuse


def test_without_a_load_average_the_record_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", refusing(OSError("Load averages are unobtainable")))
    ending = run(tiny())
    assert ending.status == "ok" and ending.record is not None
    assert ending.record["environment"]["load_average"] is None


def test_a_user_without_a_home_needs_none_until_a_file_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "RNNBENCH_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", refusing(KeyError("getpwuid(): uid not found: 12345")))
    done = here(*TINY)
    assert (done.returncode, done.stderr) == (0, "")
    done = here("dataset=mnist", "device=cpu")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and "RNNBENCH_DATA" in done.stderr and "no home directory" in done.stderr
    done = here(*TINY, 'results_dir="~/here"')
    assert (done.returncode, done.stdout) == (2, "") and "results_dir=~/here: ~ is not known here" in done.stderr
    assert not Path("~").exists()


@pytest.mark.slow
def test_a_sweep_needs_no_temp_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = refusing(FileNotFoundError(errno.ENOENT, "No usable temporary directory found"))
    monkeypatch.setattr(tempfile, "_get_default_tempdir", refuse)
    done = here("-m", *TINY, "seed=0,1,2", "workers=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 ok, 0 diverged, 0 failed, 0 skipped" in done.stdout
    assert Path("results/adding/report.html").exists()


def test_without_locks_it_says_what_is_lost_and_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", refusing(OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))))
    monkeypatch.setattr(locks, "_without", set())
    done = here("-m", *TINY, "seed=0,1", "workers=1")
    assert done.returncode == 0
    assert "2 ok, 0 diverged, 0 failed, 0 skipped" in done.stdout and "report: results/adding" in done.stdout
    assert done.stderr.startswith("warning: no file can be locked in results/adding/runs (Function not implemented)")
    assert done.stderr.count("\n") == 1
    assert not list(Path("results").rglob(".lock"))


@pytest.mark.few(1)
@pytest.mark.parametrize("dataset", ["text", "jsb", "table", "custom"])
def test_a_pipe_is_no_data_file(dataset: str) -> None:
    """Opening it would wait for ever; one of a shell, `<(cat book.txt)`, can be read once only."""
    os.mkfifo("fifo")
    Path("own.py").write_text("")
    if dataset == "custom":
        pytest.skip("its class reads what it likes")
    done = here(f"dataset={dataset}", "dataset.path=fifo", "device=cpu")
    assert (done.returncode, done.stdout) == (2, "")
    assert "dataset.path=fifo: not a regular file" in done.stderr and done.stderr.count("\n") == 1
    reader, writer = os.pipe()
    os.write(writer, b"to be or not to be" * 100)
    os.close(writer)
    done = here(f"dataset={dataset}", f"dataset.path=/dev/fd/{reader}", "device=cpu")
    os.close(reader)
    assert done.returncode == 2 and "not a regular file" in done.stderr


@pytest.mark.parametrize("name", ["run.json", "../../records.jsonl.gz", CHECKPOINT, "history.csv"])
def test_a_pipe_is_no_record_and_no_checkpoint(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = tiny()
    config.run_dir.mkdir(parents=True)
    os.mkfifo(config.run_dir / name)
    assert run(config).status == "ok"
    assert len(capsys.readouterr().err.splitlines()) <= 3


def test_a_pipe_is_no_history_and_keeps_no_page_from_being_made() -> None:
    config = tiny()
    run(config)
    (config.run_dir / "history.csv").unlink()
    os.mkfifo(config.run_dir / "history.csv")
    assert make_report(config.run_dir.parent.parent).exists()


def test_a_disk_that_is_full_for_checkpoints_and_histories_warns_once_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = run(tiny("name=whole")).record
    full = UsageError("cannot write x: No space left on device")
    monkeypatch.setattr(checkpoint, "write", refusing(full))
    monkeypatch.setattr("rnnbench.records.History.add", refusing(full))
    monkeypatch.setattr("rnnbench.records.History.write", refusing(full))
    ending = run(tiny("checkpoint_seconds=0"))
    assert ending.status == "ok" and ending.record is not None and whole is not None
    assert ending.record["metrics"] == whole["metrics"]
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" of ")[0] for line in lines[:2]] == [
        f"warning: {full}: no {what}" for what in ("history", "checkpoint")
    ]
    assert lines[2:] == [f"warning: {full}"]


def test_a_directory_for_a_checkpoint_starts_over_and_stays(capsys: pytest.CaptureFixture[str]) -> None:
    config = tiny("checkpoint_seconds=0")
    (config.run_dir / CHECKPOINT / "mine").mkdir(parents=True)
    assert run(config).status == "ok"
    assert (config.run_dir / CHECKPOINT / "mine").is_dir()
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("checkpoint.pt is no file: starting over")
    assert "no checkpoint" in second


WRONG = {
    "weights": lambda s: s["model"].update({name: t.repeat(2, 1) for name, t in s["model"].items() if t.dim() == 2}),
    "best": lambda s: s["progress"].update(best_weights={"x": torch.zeros(3)}),
    "optimizer": lambda s: s["optimizer"]["state"][0].update(exp_avg=torch.zeros(7)),
    "groups": lambda s: s["optimizer"].update(param_groups=[]),
    "step": lambda s: s["progress"].update(step="many"),
    "negative": lambda s: s["progress"].update(step=-3),
    "history": lambda s: s["progress"].update(history=[1, 2]),
    "selection": lambda s: s["selection"].update(metric="rmse"),
    "best_step": lambda s: s["selection"].update(best_step="first"),
    "threads": lambda s: s.update(threads=0),
    "random": lambda s: s.update(random=torch.zeros(3)),
    "carried": lambda s: s.update(carried=torch.zeros(1, 2)),
    "model": lambda s: s.update(model=[1]),
}


@pytest.mark.few(4)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_checkpoint_of_another_shape_starts_over(
    wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readable, and not of this run: the result is that of a run that never had one, to the bit."""
    begun = prepare(tiny("dropout=0.2", "num_layers=2"))
    begun.checkpoint = tmp_path / CHECKPOINT
    begun._step()
    begun.save()
    state = torch.load(begun.checkpoint, weights_only=True)
    WRONG[wrong](state)  # type: ignore[no-untyped-call]
    torch.save(state, begun.checkpoint)
    training, _ = train(tiny("dropout=0.2", "num_layers=2"), tmp_path / CHECKPOINT)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(": starting over")
    assert same(weights(training), weights(train(tiny("dropout=0.2", "num_layers=2"))[0]))


class SetBack(datetime):
    """A clock that is a day earlier each time it is looked at."""

    looked = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        cls.looked += 1
        return datetime(2026, 3, 30, tzinfo=tz) - timedelta(days=cls.looked)


@pytest.mark.slow
def test_a_clock_that_is_set_back_is_seen_in_the_dates_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run(tiny("name=plain")).record
    monkeypatch.setattr("rnnbench.run.datetime", SetBack)
    monkeypatch.setattr(time, "time", lambda: SetBack.now(UTC).timestamp())
    done = here("-m", *TINY, "seed=0,1", "workers=1", "name=back", "checkpoint_seconds=0", "budget.max_seconds=60")
    assert (done.returncode, done.stderr) == (0, "") and "2 ok, 0 diverged, 0 failed, 0 skipped" in done.stdout
    records = [json.loads(path.read_text()) for path in sorted(Path("results/back/runs").glob("*/run.json"))]
    assert all(record["finished"] < record["started"] for record in records)
    assert all(record["steps"] == 20 and 0 <= record["timing"]["train_seconds"] < 60 for record in records)
    assert plain is not None and records[0]["metrics"]["test"] == plain["metrics"]["test"]
    days = [min(each["finished"] for each in records)[:10], max(each["started"] for each in records)[:10]]
    assert f"runs of {' to '.join(days)} (UTC)" in Path("results/back/report.html").read_text()
    assert "2 skipped" in here("-m", *TINY, "seed=0,1", "workers=1", "name=back", "budget.max_seconds=60").stdout


def test_records_are_json_that_every_reader_takes() -> None:
    record = json.loads((run(tiny()).run_dir / "run.json").read_text(), parse_constant=refusing(ValueError("NaN")))
    assert record["status"] == "ok"
