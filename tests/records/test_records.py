"""Records: whole or absent, read back as typed columns, the bad ones named; one run, one process."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from rnnbench.errors import UsageError
from rnnbench.records import (
    COLUMNS,
    History,
    RecordError,
    check,
    finished,
    read_record,
    run_lock,
    write_json_atomically,
    write_record,
    write_text_atomically,
)
from rnnbench.records.schema import flat
from rnnbench.records.table import load_history, load_results, read_results
from tests.fake_records import record, sweep, write


def test_a_record_comes_back_as_one_typed_row(tmp_path: Path) -> None:
    run_dir = tmp_path / "first" / "runs" / "a"
    write_record(run_dir, record("gru", seq_len=100, seed=3, test_score=0.99, lr=5e-3, config__seq_len=None))
    row = load_results(tmp_path / "first").iloc[0]
    assert (row["name"], row["cell"], row["dataset"], row["status"]) == ("first", "gru", "adding", "ok")
    assert (row["seq_len"], row["seed"], row["hidden_size"]) == (100, 3, 64)
    assert pd.isna(row["seq_len_asked"])
    assert row["test_score"] == row["test_accuracy"] == 0.99
    assert row["optimizer_lr"] == 0.005
    assert row["device"] == "cpu"
    assert row["device_asked"] == "auto"
    assert row["budget_max_steps"] == 2000
    assert row["finished"] == pd.Timestamp("2026-01-02 03:05:05", tz="UTC")
    assert row["path"] == str(run_dir)


def test_times_of_a_probe_are_steps_at_its_median(tmp_path: Path) -> None:
    """400 steps, 150 to the threshold, at 2 ms a step that was timed alone: 0.8 s and 0.3 s."""
    busy = {"median": 9.0, "p10": 8.0, "p90": 10.0, "n": 390}
    content = record(steps=400, timing__steps_to_threshold=150, timing__step_ms=busy, timing__contended=True)
    probe = {"step_ms": {"median": 2.0, "p10": 1.5, "p90": 3.0, "n": 50}, "kind": "fused on X, threads: 1"}
    content["timing"]["probe"] = probe
    (row,) = load_results(write(tmp_path, [content])[0].parents[1]).to_dict("records")
    assert [row[f"step_ms_{name}"] for name in ("median", "p10", "p90", "n")] == [2.0, 1.5, 3.0, 50]
    assert (row["train_seconds"], row["seconds_to_threshold"]) == pytest.approx((0.8, 0.3))
    assert (row["contended"], row["probe"]) == (False, "fused on X, threads: 1")
    content["timing"]["steps_to_threshold"] = None
    assert flat(content)["seconds_to_threshold"] is None
    del probe["step_ms"]["p10"]
    with pytest.raises(RecordError, match=r"^timing\.probe\.step_ms\.p10 is missing$"):
        check(content)
    probe["step_ms"]["p10"] = "1.5"
    with pytest.raises(RecordError, match=r"^timing\.probe\.step_ms\.p10 is '1\.5', not a number$"):
        check(content)


def test_a_key_of_numbers_and_words_is_a_text_column(tmp_path: Path) -> None:
    for name, bias in {"a": 0.0, "b": 1, "c": 0.5, "d": "chrono", "e": None}.items():
        write_record(tmp_path / "x" / "runs" / name, record("lstm", config__forget_bias=bias, run_id=name))
    column = load_results(tmp_path / "x")["forget_bias"]
    assert column.tolist()[:4] == ["0", "1", "0.5", "chrono"] and pd.isna(column.iloc[4])
    with pytest.raises(RecordError, match=r"config\.forget_bias is True"):
        write_record(tmp_path / "x" / "runs" / "f", record("lstm", config__forget_bias=True))


def test_columns_have_the_same_types_with_many_records_and_with_none(tmp_path: Path) -> None:
    (tmp_path / "empty" / "runs").mkdir(parents=True)
    write(tmp_path / "full", [*sweep(), record(status="failed", seed=9, task={})])
    empty, full = load_results(tmp_path / "empty"), load_results(tmp_path / "full")
    assert list(empty.columns) == list(COLUMNS)
    assert len(full) == 19
    assert (empty.dtypes == full.dtypes[list(COLUMNS)]).all()


def test_several_directories_and_the_parent_of_all(tmp_path: Path) -> None:
    write(tmp_path / "a", sweep(seeds=(0,)))
    write(tmp_path / "b", sweep(seeds=(1,)))
    assert len(load_results(tmp_path)) == 12
    assert set(load_results([tmp_path / "a", tmp_path / "b"])["name"]) == {"a", "b"}
    with pytest.raises(UsageError, match="no such results directory"):
        load_results(tmp_path / "c")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"schema_version": 1, "run', "unreadable"),
        ("", "unreadable"),
        ("[1]", "not a JSON object"),
        ('{"schema_version": 2}', "schema_version is 2"),
        (json.dumps(record(run_id=7)), "run_id is 7, not a text"),
        (json.dumps(record(config__seed=None)), "config.seed is missing"),
        (json.dumps(record(steps=1.5)), "steps is 1.5, not an integer"),
        (json.dumps(record(metrics=None)), "metrics is missing"),
        (json.dumps(record(status="ok") | {"status": "fine"}), "status is fine"),
        (
            json.dumps(record(metrics__test__accuracy=10**400)),
            "accuracy is a number of 1329 bits, too large",
        ),
        (json.dumps(record(steps=10**400)), "steps is a number of 1329 bits, too large"),
        (json.dumps(record(config__cell__name="g" * 300)), "config.cell.name is a text of 300 letters, no name"),
        (json.dumps(record(config__mine=[[1], {"a": [-(10**400)]}])), "config.mine.a is a number of"),
        (json.dumps(record(config__cell__name="\ud800")), "config.cell.name holds what is no text"),
        (json.dumps(record(config__mine={"x": ["\ud800"]})), "config.mine.x holds what is no text"),
    ],
)
def test_a_bad_record_among_good_ones_is_named_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    write(tmp_path, sweep(seq_lens=(50,)))
    bad = tmp_path / "runs" / "bad" / "run.json"
    bad.parent.mkdir()
    bad.write_text(text)
    results = read_results(tmp_path)
    assert len(results.runs) == 6
    assert [path for path, _ in results.skipped] == [bad]
    assert problem in results.skipped[0][1]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert str(bad) in lines[0]
    assert read_record(bad.parent) is None
    assert not finished(bad.parent)


def test_a_copy_of_a_run_is_named_and_not_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run is the one in the folder of its name, also where that comes last."""
    own = write(tmp_path, sweep(seq_lens=(50,)))[0]
    for name in ("0", f"{own.name}.bak"):
        shutil.copytree(own, tmp_path / "runs" / name)
    results = read_results(tmp_path)
    assert len(results.runs) == 6 and str(own) in set(results.runs["path"])
    assert [path.parent.name for path, _ in results.skipped] == ["0", f"{own.name}.bak"]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all(line.endswith(f": a copy: this run is in runs/{own.name}") for line in lines)
    shutil.rmtree(own)
    (runs, skipped, *_) = read_results(tmp_path)
    assert (len(runs), len(skipped)) == (6, 1)


def test_a_link_that_leads_to_itself_is_no_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, sweep(seq_lens=(50,)))
    (tmp_path / "runs" / "round").symlink_to("round")
    results = read_results(tmp_path)
    assert (len(results.runs), len(results.skipped)) == (6, 1)
    assert "Too many levels of symbolic links" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are UTF-8")
def test_a_folder_whose_name_is_no_text_holds_no_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = write(tmp_path, sweep(seq_lens=(50,)))[0]
    odd = os.fsdecode(b"d\xff")
    own.rename(own.with_name(odd))
    (tmp_path / "runs" / (odd + odd)).mkdir()
    results = read_results(tmp_path)
    assert (len(results.runs), [path.parent.name for path, _ in results.skipped]) == (5, [odd])
    assert "its folder's name is no text" in capsys.readouterr().err


def test_a_directory_without_a_record_is_unfinished(tmp_path: Path) -> None:
    (tmp_path / "runs" / "begun").mkdir(parents=True)
    results = read_results(tmp_path)
    assert results.unfinished == [tmp_path / "runs" / "begun"]
    assert read_record(tmp_path / "runs" / "begun") is None


@pytest.mark.parametrize(("status", "done"), [("ok", True), ("diverged", True), ("failed", False)])
def test_ok_and_diverged_are_results_and_failed_is_not(tmp_path: Path, status: str, done: bool) -> None:
    write_record(tmp_path / "run", record(status=status))
    assert finished(tmp_path / "run") is done


def test_what_json_cannot_hold_becomes_null(tmp_path: Path) -> None:
    write_json_atomically(tmp_path / "a.json", {"a": math.nan, "b": [math.inf, 1.0], "c": {"d": -math.inf}})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": None, "b": [None, 1.0], "c": {"d": None}}


def test_an_ok_record_without_a_score_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"metrics.test.accuracy is missing"):
        write_record(tmp_path / "run", record(test_score=math.nan))
    assert not (tmp_path / "run").exists()


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    write_text_atomically(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"cannot write .*run.json: No space left on device"):
        write_text_atomically(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_a_file_in_the_way_of_a_directory_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        write_text_atomically(tmp_path / "runs" / "a" / "run.json", "new")
    with pytest.raises(UsageError, match="cannot lock"), run_lock(tmp_path / "runs" / "a"):
        pass


def test_history_round_trip_and_absence(tmp_path: Path) -> None:
    rows = [{"step": 1, "seconds": 0.5, "train_loss": 2.0, "valid_loss": 1.0, "valid_accuracy": 0.1},
            {"step": 2, "seconds": 1.0, "train_loss": None, "valid_loss": 0.5, "valid_accuracy": 0.2}]  # fmt: skip
    History(tmp_path).write(rows)
    history = load_history(tmp_path)
    assert list(history.columns) == ["step", "seconds", "train_loss", "valid_loss", "valid_accuracy"]
    assert history["step"].tolist() == [1, 2]
    assert pd.isna(history["train_loss"][1])
    assert load_history(tmp_path / "nowhere").empty


def test_one_holder_at_a_time_in_a_process(tmp_path: Path) -> None:
    run_dir = tmp_path / "runs" / "a"
    with run_lock(run_dir) as mine:
        (run_dir / ".run.json.1-aa.tmp").write_text("kept: written by the holder")
        assert mine
        with run_lock(run_dir) as second:
            assert not second
        with run_lock(run_dir) as third:
            assert not third
    with run_lock(run_dir) as again:
        assert again
        assert not list(run_dir.glob("*.tmp"))  # drafts of the dead are cleared
    assert not (run_dir / ".lock").exists()


_HOLD = """
import sys, time
from rnnbench.records import run_lock
with run_lock(sys.argv[1]) as held:
    print(held, flush=True)
    time.sleep(60)
"""


def test_another_process_holds_it_until_it_is_killed(tmp_path: Path) -> None:
    run_dir = tmp_path / "runs" / "a"
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(run_dir)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with run_lock(run_dir) as mine:
            assert not mine
        other.kill()
        other.wait()
        with run_lock(run_dir) as mine:
            assert mine


_RACE = """
import sys
from pathlib import Path
from rnnbench.records import run_lock
root, done = Path(sys.argv[1]), 0
for index in range(60):
    run_dir = root / str(index)
    with run_lock(run_dir) as held:
        if held and not (run_dir / "done").exists():
            (run_dir / "done").write_text("")
            done += 1
print(done)
"""


def test_processes_that_make_the_same_directories_at_once_do_each_once(tmp_path: Path) -> None:
    racers = [subprocess.Popen([sys.executable, "-c", _RACE, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(3)]
    assert sum(int(racer.communicate()[0]) for racer in racers) == 60


def test_records_need_no_torch_and_no_hydra() -> None:
    code = "import sys, rnnbench.records; print([m for m in ('torch', 'hydra') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
