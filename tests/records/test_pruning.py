"""Of each condition the best run's model stays; the others' go, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnbench.errors import UsageError
from rnnbench.records import MODEL, MODEL_FACTS
from rnnbench.records.pruning import prune
from rnnbench.report.__main__ import main
from tests.fake_records import record, write

ACCURACIES = {0: 0.5, 1: 0.9, 2: 0.7}  # of three seeds, higher is better
NATS = {0: 8.5, 1: 8.9, 2: 8.1}  # lower is better


def swept(place: Path) -> dict[tuple[str, int], Path]:
    """Directories by cell and seed: two cells on adding, one on chorales; 1,000 + 24 bytes a model."""
    contents = [record(cell, seed=seed, metrics__valid={"accuracy": score, "loss": 0.1})
                for cell in ("gru", "lstm") for seed, score in ACCURACIES.items()]  # fmt: skip
    contents += [
        record("rnn", "jsb", seed=seed, metrics__valid={"nll": score, "loss": score}) for seed, score in NATS.items()
    ]
    found = {}
    for content, run_dir in zip(contents, write(place, contents), strict=True):
        (run_dir / MODEL).write_bytes(bytes(1000))
        (run_dir / MODEL_FACTS).write_bytes(bytes(24))
        found[content["config"]["cell"]["name"], content["config"]["seed"]] = run_dir
    return found


def left(runs: dict[tuple[str, int], Path]) -> set[tuple[str, int]]:
    assert all((path / MODEL).exists() == (path / MODEL_FACTS).exists() for path in runs.values())
    return {which for which, path in runs.items() if (path / MODEL).exists()}


def test_the_best_of_each_condition_stays_by_the_metrics_direction(tmp_path: Path) -> None:
    runs = swept(tmp_path)
    files = {path for path in tmp_path.rglob("*") if path.name not in (MODEL, MODEL_FACTS)}
    assert prune(tmp_path) == (6, 3, 6 * 1024)
    assert left(runs) == {("gru", 1), ("lstm", 1), ("rnn", 2)}
    assert files <= set(tmp_path.rglob("*"))
    assert prune(tmp_path) == (0, 3, 0)


def test_a_run_without_a_model_does_not_cost_the_others_theirs(tmp_path: Path) -> None:
    runs = swept(tmp_path)
    for name in (MODEL, MODEL_FACTS):
        (runs["gru", 1] / name).unlink()
    prune(tmp_path)
    assert left(runs) == {("gru", 2), ("lstm", 1), ("rnn", 2)}


def test_of_equals_the_lowest_seed_stays(tmp_path: Path) -> None:
    contents = [record("gru", seed=seed, metrics__valid={"accuracy": 0.5, "loss": 0.1}) for seed in (10, 9, 2)]
    for run_dir in write(tmp_path, contents):
        (run_dir / MODEL).write_bytes(b"model")
    assert prune(tmp_path) == (2, 1, 10)
    assert [path.parent.name for path in tmp_path.rglob(MODEL)] == [contents[2]["run_id"]]


@pytest.mark.slow
def test_the_command_says_what_it_freed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    swept(tmp_path / "a")
    assert main([str(tmp_path / "a"), "prune=true"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path / 'a'}: 6 models dropped, 3 left, 6,144 bytes freed"
    assert second == f"{tmp_path / 'a' / 'report.html'}"


def test_there_is_nothing_to_prune(tmp_path: Path) -> None:
    write(tmp_path, [record()])
    assert prune(tmp_path) == (0, 0, 0)
    with pytest.raises(UsageError, match="no such results directory"):
        prune(tmp_path / "gone")
