"""What a newer release left is never written over: records, packs, checkpoints, models, studies, answers."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import fake_records
import pytest
import torch
from making import TINY, tiny
from sweeping import here

from rnnbench.records import MODEL_FACTS, PACK, RECORD
from rnnbench.records.newer import is_newer
from rnnbench.records.packing import write_pack
from rnnbench.report.__main__ import main as report
from rnnbench.run import CHECKPOINT, run
from rnnbench.which.__main__ import main as which

NEWER = b'{"schema_version": 2, "status": "ok"}'
REFUSED = "is of a newer release (schema_version 2, this program reads 1): it is left as it is; use that release"


@pytest.mark.parametrize(("found", "newer"), [
    (1, False), (0, False), (2, True), (1.5, True), ("2.0", True), (None, False), ("", False),
    (True, False), ([], False),
])  # fmt: skip
def test_what_is_newer(found: object, newer: bool) -> None:
    assert is_newer(found, 1) is newer


def left(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def bent(path: Path, **changes: Any) -> bytes:
    """A file of this release, with another version."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path.read_bytes()


@pytest.mark.parametrize("asked", [[], ["force=true"]])
def test_a_record(asked: list[str]) -> None:
    path = left(tiny().run_dir / RECORD, NEWER)
    done = here(*TINY, *asked)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"rnnbench: {path} {REFUSED}" in done.stderr
    assert path.read_bytes() == NEWER and [each.name for each in path.parent.iterdir()] == [RECORD]


@pytest.mark.slow
@pytest.mark.parametrize("asked", [[], ["replicas=3"], ["replicas=3", "force=true"]])
def test_in_a_sweep_the_others_are_done(asked: list[str]) -> None:
    path = left(tiny("seed=1").run_dir / RECORD, NEWER)
    done = here("-m", *TINY, "seed=0,1,2", "workers=1", "name=default", *asked)
    assert done.returncode == 1
    assert f"failed: {path.parent.name}: " in done.stdout + done.stderr and REFUSED in done.stdout + done.stderr
    assert "2 ok, 0 diverged, 0 failed, 0 skipped, 1 unfinished" in done.stdout
    assert path.read_bytes() == NEWER


@pytest.mark.parametrize("changes", [{"numerics": 99}, {"numerics": 99, "status": "failed"}])
def test_a_result_of_other_bits(changes: dict[str, Any]) -> None:
    path = run(tiny()).run_dir / RECORD
    content = bent(path, **changes)
    done = here(*TINY, "force=true")
    assert (done.returncode, done.stdout) == (2, "") and "newer release (numerics 99" in done.stderr
    assert path.read_bytes() == content


def test_a_model() -> None:
    path = run(tiny()).run_dir / MODEL_FACTS
    content = bent(path, format=99)
    files = {each: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}
    done = here(*TINY, "force=true")
    assert (done.returncode, done.stdout) == (2, "") and "model.json is of a newer release (format 99" in done.stderr
    assert path.read_bytes() == content
    assert {each: each.read_bytes() for each in files} == files


@pytest.mark.parametrize("asked", [
    ["seed=0"], pytest.param(["-m", "seed=0,1", "replicas=2", "workers=1", "name=default"], marks=pytest.mark.slow),
])  # fmt: skip
def test_a_checkpoint(asked: list[str]) -> None:
    path = tiny().run_dir / CHECKPOINT
    path.parent.mkdir(parents=True)
    torch.save({"numerics": 999, **dict.fromkeys(("model", "carried"))}, path)
    content = path.read_bytes()
    for _ in range(2):
        done = here(*TINY, *asked)
        assert done.returncode == 1 and "newer release (numerics 999" in done.stdout
        assert path.read_bytes() == content


def of_newer(*records: dict[str, Any]) -> bytes:
    return gzip.compress("".join(json.dumps(each) + "\n" for each in records).encode())


def test_a_line_of_a_pack() -> None:
    config = tiny()
    path = left(config.run_dir.parent.parent / PACK, of_newer({"schema_version": 2, "run_id": config.run_id}))
    content = path.read_bytes()
    for asked in ([], ["force=true"]):
        done = here(*TINY, *asked)
        assert (done.returncode, done.stdout) == (2, "") and f"{PACK} {REFUSED}" in done.stderr
    assert not config.run_dir.exists() or not list(config.run_dir.iterdir())
    assert here(*TINY, "seed=1").returncode == 0  # whose line is not in it
    assert path.read_bytes() == content


def test_a_pack_is_not_packed_anew(capsys: pytest.CaptureFixture[str]) -> None:
    fake_records.write(Path("a"), fake_records.sweep(seq_lens=(50,)), histories=False)
    newer = of_newer({"schema_version": 2}, *fake_records.sweep(seq_lens=(100,)))
    path = left(Path("a", PACK), newer)
    assert report(["a", "pack=true"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"a/{PACK} {REFUSED}")
    assert path.read_bytes() == newer and not Path("a", f"{PACK}.damaged").exists()
    merged = left(Path("results/all", PACK), newer)
    shutil.rmtree("a/runs")
    assert report(["a", "name=all"]) == 2
    assert merged.read_bytes() == newer


def test_a_record_is_not_packed_and_stays(capsys: pytest.CaptureFixture[str]) -> None:
    fake_records.write(Path("a"), fake_records.sweep(seq_lens=(50,)), histories=False)
    path = left(Path("a/runs/newer") / RECORD, NEWER)
    write_pack(Path("a"))
    assert path.read_bytes() == NEWER
    assert capsys.readouterr().err == (
        "warning: skipped a/runs/newer/run.json: schema_version is 2, this program reads 1\n"
    )


STUDY = """\
# @package _global_
name: mine
study:
  title: Is it so?
  sweeps: [{cell: "lstm,gru", seed: 0}]
  claims:
    - {id: score, statement: Better., folklore: Better., kind: paired, metric: test_loss, compare: [gru, lstm],
       direction: less, by: [hidden_size]}
"""


def test_a_study(capsys: pytest.CaptureFixture[str]) -> None:
    left(Path("study/mine.yaml"), STUDY.encode())
    path = left(Path("results/mine/study.json"), NEWER)
    done = here("-m", "--config-dir=.", "study=mine", *TINY)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"rnnbench: results/mine/study.json {REFUSED}") and done.stderr.count("\n") == 1
    for name in ("a", "results/mine"):
        fake_records.write(Path(name), fake_records.sweep(seq_lens=(50,)), histories=False)
    write_pack(Path("results/mine"))
    shutil.rmtree("results/mine/runs")
    for arguments in (["results/mine"], ["a", "name=mine"], ["a", "results/mine", "name=all"]):
        assert report(arguments) == 2
        assert f"results/mine/study.json {REFUSED}" in capsys.readouterr().err
    assert path.read_bytes() == NEWER and {each.name for each in path.parent.iterdir()} == {"study.json", PACK}
    assert not Path("results/all").exists()


def test_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text(
        "date,sales\n" + "".join(f"2024-{d // 28 + 1:02}-{d % 28 + 1:02},{d % 7}\n" for d in range(200))
    )
    path = left(Path("results/a/answer.json"), NEWER)
    assert which(["a.csv", "splits=2", "trials=1", "seeds=1", "steps=10"]) == 2
    assert f"{path} {REFUSED}" in capsys.readouterr().err
    assert path.read_bytes() == NEWER and [each.name for each in path.parent.iterdir()] == [path.name]
