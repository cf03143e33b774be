"""records.jsonl.gz: what was packed is read as if runs/ were there, what is damaged is named, and it stays small."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import time
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnbench.errors import UsageError
from rnnbench.records import PACK, finished, read_record, record_file, write_record
from rnnbench.records.pack import line_of
from rnnbench.records.packing import MOST_ROWS, thinned, write_lines, write_pack
from rnnbench.records.table import load_history, load_results, read_results
from tests.fake_records import record, sweep, write
from tests.pace import paced

SOME = sweep(seq_lens=(50,))
ONE = SOME[0]


def packed(directory: Path, contents: list[dict[str, Any]], histories: bool = True) -> Path:
    """results/NAME with a pack of these records, and without runs/."""
    write(directory, contents, histories)
    path = write_pack(directory)
    shutil.rmtree(directory / "runs")
    return path


def test_what_was_packed_is_what_lay_under_runs(tmp_path: Path) -> None:
    run_dirs = write(tmp_path / "a", [*SOME, record(status="diverged", seed=8), record(status="failed", seed=9)])
    before, histories = load_results(tmp_path / "a"), [load_history(run_dir) for run_dir in run_dirs]
    assert write_pack(tmp_path / "a") == tmp_path / "a" / PACK
    assert read_results(tmp_path / "a").runs.equals(before)  # no run is counted twice
    shutil.rmtree(tmp_path / "a" / "runs")
    pd.testing.assert_frame_equal(load_results(tmp_path / "a"), before)
    pd.testing.assert_frame_equal(load_results(tmp_path), before)
    assert [finished(run_dir) for run_dir in run_dirs] == [True] * 7 + [False]
    for run_dir, content, history in zip(run_dirs, SOME, histories, strict=False):
        assert read_record(run_dir) == content
        assert record_file(run_dir) == tmp_path / "a" / PACK
        pd.testing.assert_frame_equal(load_history(run_dir), history, rtol=1e-5)
    assert read_record(tmp_path / "a" / "runs" / "another") is None
    assert load_history(run_dirs[-1]).empty


def test_the_same_runs_are_the_same_bytes_whenever_and_wherever_they_are_packed(tmp_path: Path) -> None:
    write(tmp_path / "a", SOME)
    write(tmp_path / "b", SOME[::-1])
    first = write_pack(tmp_path / "a").read_bytes()
    assert write_pack(tmp_path / "b").read_bytes() == first
    assert first[3] == 0 and first[4:8] == bytes(4)  # of the gzip header: no file name, no date
    assert write_pack(tmp_path / "a").read_bytes() == first
    shutil.rmtree(tmp_path / "a" / "runs")
    assert write_pack(tmp_path / "a").read_bytes() == first
    ids = [json.loads(line)["run_id"] for line in gzip.decompress(first).splitlines()]
    assert ids == sorted(content["run_id"] for content in SOME)


def test_a_thinned_history_keeps_its_first_last_and_best_row() -> None:
    steps = np.arange(1, 1001) * 10
    history = pd.DataFrame({"step": steps, "seconds": steps / 7, "valid_loss": np.where(steps == 4560, 0.1, 1 / 3)})
    history.loc[3, "valid_loss"] = None
    text = thinned(history, 4560)
    assert text is not None
    lines = text.splitlines()
    assert len(lines) == 1 + MOST_ROWS
    assert lines[:2] == ["step,seconds,valid_loss", "10,1.42857,0.333333"]
    assert lines[-1] == "10000,1428.57,0.333333"
    assert "4560,651.429,0.1" in lines
    back = pd.read_csv(StringIO(text))
    gaps = np.diff(back["step"])
    assert gaps.max() <= 110  # evenly: 1000 rows in 99 steps
    assert thinned(back, 4560) == text
    assert thinned(history.iloc[:0], None) is None


def test_a_record_of_its_own_wins_over_the_packed_one(tmp_path: Path) -> None:
    packed(tmp_path, SOME)
    run_dir = tmp_path / "runs" / ONE["run_id"]
    changed = ONE | {"steps": 77}
    write_record(run_dir, changed)
    assert read_record(run_dir) == changed and record_file(run_dir) == run_dir / "run.json"
    assert load_history(run_dir).empty  # that of the packed record is another run's
    runs = load_results(tmp_path).set_index("run_id")
    assert len(runs) == len(SOME) and runs["steps"][ONE["run_id"]] == 77
    write_pack(tmp_path)
    shutil.rmtree(run_dir)
    assert read_record(run_dir) == changed
    assert len(load_results(tmp_path)) == len(SOME)


def test_a_later_attempt_that_failed_hides_no_packed_result(tmp_path: Path) -> None:
    """Neither for readers nor for the next pack; a failure without an earlier result stays one."""
    good, other = record("gru", seed=0), record("gru", seed=1, status="failed")
    write(tmp_path, [good])
    write_pack(tmp_path)
    history = load_history(tmp_path / "runs" / good["run_id"])
    write(tmp_path, [record("gru", seed=0, status="failed"), other], histories=False)
    (tmp_path / "runs" / good["run_id"] / "history.csv").unlink()
    for _ in range(2):
        assert load_results(tmp_path).set_index("run_id")["status"].to_dict() == {
            good["run_id"]: "ok", other["run_id"]: "failed",
        }  # fmt: skip
        assert finished(tmp_path / "runs" / good["run_id"])
        assert len(load_history(tmp_path / "runs" / good["run_id"])) == len(history) > 0
        write_pack(tmp_path)


def test_a_directory_under_another_name_is_the_same_run(tmp_path: Path) -> None:
    packed(tmp_path, SOME)
    write_record(tmp_path / "runs" / "renamed", ONE)
    assert sorted(load_results(tmp_path)["run_id"]) == sorted(content["run_id"] for content in SOME)


def test_a_directory_without_a_record_is_finished_where_the_pack_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed(tmp_path, SOME)
    begun, other = tmp_path / "runs" / ONE["run_id"], tmp_path / "runs" / "other"
    begun.mkdir(parents=True)
    other.mkdir()
    assert finished(begun)
    assert not finished(other)
    results = read_results(tmp_path)
    assert results.unfinished == [other] and len(results.runs) == len(SOME)
    (begun / "run.json").write_text("{")  # no record either, but it is named
    assert finished(begun)
    capsys.readouterr()
    results = read_results(tmp_path)
    assert [path for path, _ in results.skipped] == [begun / "run.json"] and len(results.runs) == len(SOME)
    assert capsys.readouterr().err.count("\n") == 1


def lines_of(*texts: str) -> bytes:
    return gzip.compress("".join(text + "\n" for text in texts).encode(), mtime=0)  # the same name for each worker


GOOD = [line_of(content, None).decode() for content in SOME]


@pytest.mark.parametrize(("content", "readable", "problem"), [
    (lines_of(*GOOD, '{"schema_version": 1, "run'), 6, "line 7: unreadable: "),
    (lines_of(GOOD[0], "[1]", *GOOD[1:]), 6, "line 2: not a JSON object"),
    (lines_of('{"schema_version": 2}', *GOOD), 6, "line 1: schema_version is 2, this program reads 1"),
    (lines_of(*GOOD, "[" * 100_000), 6, "line 7: unreadable: "),
    (lines_of(GOOD[0], json.dumps(record(task="none"))), 1, r"line 2: task is 'none', no object"),
    (lines_of(GOOD[0], json.dumps(record(run_id="../x"))), 1, r"line 2: run_id is '\.\./x', not a plain name"),
    (lines_of(GOOD[0], json.dumps(record() | {"history": [1]})), 1, "line 2: history is not a text"),
    (lines_of(GOOD[0], "", "x"), 1, r"line 2: unreadable: .* \(and 1 more such\)"),
    (lines_of(*GOOD)[:-4], 6, "damaged after 6 whole lines: "),
    (lines_of(*GOOD)[:-9] + b"\0" + lines_of(*GOOD)[-8:], None, "damaged after "),
    (b"version https://git-lfs.github.com/spec/v1\n", 0, "damaged after 0 whole lines: Not a gzipped file"),
    (b"", 0, "it is empty"),
    (lines_of(), 0, "it is empty"),
])  # fmt: skip
def test_a_damaged_pack_is_named_in_one_line_and_the_rest_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, readable: int | None, problem: str
) -> None:
    (tmp_path / PACK).write_bytes(content)
    results = read_results(tmp_path)
    assert readable is None or len(results.runs) == readable
    said = capsys.readouterr().err
    assert said.startswith(f"warning: {tmp_path / PACK}: ") and said.count("\n") == 1
    assert re.match(problem, said.partition(f"{PACK}: ")[2])
    assert {path for path, _ in results.skipped} == {tmp_path / PACK}
    read_results(tmp_path)
    assert capsys.readouterr().err == ""  # once a process
    if "schema_version is 2" in problem:
        with pytest.raises(UsageError, match="of a newer release"):
            write_pack(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [PACK] and (tmp_path / PACK).read_bytes() == content
    elif len(results.runs):
        write_pack(tmp_path)  # the damaged one may hold what another program can read
        assert (tmp_path / f"{PACK}.damaged").read_bytes() == content
        assert len(load_results(tmp_path)) == len(results.runs)
        assert capsys.readouterr().err == ""
    else:
        with pytest.raises(UsageError, match="no readable record to pack"):
            write_pack(tmp_path)


def test_of_a_pack_cut_off_the_whole_lines_before_are_read(tmp_path: Path) -> None:
    whole = packed(tmp_path, sweep(seq_lens=range(50, 100)), histories=True).read_bytes()
    ids = [json.loads(line)["run_id"] for line in gzip.decompress(whole).splitlines()]
    (tmp_path / PACK).write_bytes(whole[: len(whole) // 2])
    results = read_results(tmp_path)
    assert 100 < len(results.runs) < 200
    assert sorted(results.runs["run_id"]) == ids[: len(results.runs)]
    ((_, problem),) = results.skipped
    assert problem.startswith(f"damaged after {len(results.runs)} whole lines: ")


def test_two_packs_end_to_end_are_one_and_the_later_line_of_a_run_counts(tmp_path: Path) -> None:
    (tmp_path / PACK).write_bytes(lines_of(GOOD[0], GOOD[1]) + lines_of(json.dumps(ONE | {"steps": 77})).rstrip(b"\n"))
    runs = load_results(tmp_path).set_index("run_id")
    assert len(runs) == 2 and runs["steps"][ONE["run_id"]] == 77


def test_a_pack_that_changes_is_read_again(tmp_path: Path) -> None:
    packed(tmp_path, SOME[:2])
    assert len(load_results(tmp_path)) == 2
    write(tmp_path, SOME[2:])
    write_pack(tmp_path)
    shutil.rmtree(tmp_path / "runs")
    assert len(load_results(tmp_path)) == len(SOME)


def long_run(seed: int) -> dict[str, Any]:
    """A run of a thousand evaluations."""
    return record(seed=seed, steps=100_000, best_step=45_600, run_id=f"gru-adding-T100-h64-s{seed}-{seed:08x}")


@pytest.mark.slow
@pytest.mark.parametrize("runs", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_thousand_runs_of_a_thousand_evaluations_are_less_than_five_megabytes(tmp_path: Path, runs: int) -> None:
    path = packed(tmp_path, [long_run(seed) for seed in range(runs)])
    size = path.stat().st_size
    print(f"{size / runs:.0f} bytes a run")
    assert size < 5e6 / 1000 * runs
    history = load_history(tmp_path / "runs" / long_run(7)["run_id"])
    assert len(history) == MOST_ROWS and {100, 45_600, 100_000} <= set(history["step"])


@pytest.mark.slow
def test_ten_thousand_packed_runs_are_read_in_seconds(tmp_path: Path) -> None:
    text = thinned(pd.DataFrame({"step": np.arange(100), "valid_loss": np.random.default_rng(0).random(100)}), None)
    contents = [record(seed=seed, run_id=f"gru-adding-T100-h64-s{seed}-x") for seed in range(10_000)]
    write_lines(tmp_path / PACK, {content["run_id"]: line_of(content, text) for content in contents})
    start = time.process_time()
    assert len(load_results(tmp_path)) == 10_000
    read = time.process_time() - start
    assert all(finished(tmp_path / "runs" / content["run_id"]) for content in contents)
    print(f"read in {read:.1f} s, each asked for in {time.process_time() - start - read:.1f} s")
    assert paced(time.process_time() - start) < 12  # twice what it takes
