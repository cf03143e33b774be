"""Runs side by side in one process: each to the bits of the run alone, whatever becomes of the others."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from making import tiny
from sweeping import outcomes

from rnnbench import preparation, replicas
from rnnbench.config import Config
from rnnbench.preparation import prepare
from rnnbench.records import MODEL, PREDICTIONS
from rnnbench.run import CHECKPOINT, Ending, run
from rnnbench.training.loop import Training

STOPPING = ("budget.max_steps=1000", "budget.patience=2", "optimizer.lr=0.1", "clip_norm=0.05")


def seeds(*overrides: str, n: int = 3) -> list[Config]:
    return [tiny("name=together", f"replicas={n}", f"seed={seed}", *overrides) for seed in range(n)]


def together(configs: list[Config]) -> list[Ending]:
    return replicas.run_replicas(configs, [{}] * len(configs), beside=False)


def left(name: str) -> dict[str, Any]:
    """By run: its record and history, less what no two have in common, and the bytes of its model and answers."""
    found = outcomes(f"results/{name}")
    for run_id, record in found.items():
        place = Path(f"results/{name}/runs/{run_id}")
        record["files"] = [(place / file).read_bytes() if (place / file).exists() else b""
                           for file in (MODEL, PREDICTIONS)]  # fmt: skip
    return found


def alone(configs: list[Config]) -> dict[str, Any]:
    for config in configs:
        run(replace(config, name="alone"))
    return left("alone")


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "asked",
    [
        "cell=lstm num_layers=2 dropout=0.3",
        "cell=gru num_layers=2 dropout=0.3 zoneout=0.1 recurrent_dropout=0.2",
        "cell=gru_reset_before optimizer=sgd",
        "cell=gru backend=torch num_layers=2 dropout=0.3 optimizer=adamw bidirectional=true",
        "cell=lstm optimizer=rmsprop dataset=digits seq_len=8 dataset.valid_size=40",
    ],
)
def test_each_is_the_run_alone_to_the_last_bit(asked: str) -> None:
    configs = seeds(*STOPPING, *asked.split())
    assert [ending.status for ending in together(configs)] == ["ok"] * 3
    found = left("together")
    assert len({record["steps"] for record in found.values()}) > 1, "the test needs lanes that stop at different steps"
    assert found == alone(configs)


def test_with_the_threads_that_the_run_alone_has() -> None:
    size = ("seq_len=50", "hidden_size=32", "batch_size=16", "threads=2", "budget.max_steps=6", "budget.eval_every=3")
    configs = seeds(*size, n=2)
    together(configs)
    assert left("together") == alone(configs)


def test_a_record_says_how_many_were_side_by_side_and_that_its_times_are_not_its_own() -> None:
    for ending in together(seeds()):
        record = ending.record
        assert record is not None
        assert (record["environment"]["replicas"], record["timing"]["contended"]) == (3, True)
        assert record["memory"].get("peak_bytes") is None  # the process's, of all of them
    single = run(tiny("seed=7")).record
    assert single is not None and "replicas" not in single["environment"]


def poison(at: dict[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A weight of the run with this seed is no number after so many steps."""
    stepped = Training.stepped

    def poisoned(self: Training, *arguments: Any) -> None:
        stepped(self, *arguments)
        if self.progress.step == at.get(self.parts.train.seed):  # type: ignore[attr-defined]
            with torch.no_grad():
                self.model.head.weight.fill_(math.nan)

    monkeypatch.setattr(Training, "stepped", poisoned)


def test_one_that_diverges_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    poison({1: 8}, monkeypatch)
    configs = seeds("dropout=0.2", "num_layers=2")
    endings = together(configs)
    assert [ending.status for ending in endings] == ["ok", "diverged", "ok"]
    assert endings[1].record is not None and endings[1].record["error"] == "loss is not finite at step 9"
    assert left("together") == alone(configs)


class KilledError(KeyboardInterrupt):
    """Stands for SIGKILL: nothing of the loop runs after it."""


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.slow
def test_a_killed_group_goes_on_to_the_same_bits(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while one of them was to write its checkpoint: those before it are one step further."""
    configs = seeds("dropout=0.2", "num_layers=2", "checkpoint_seconds=0", "optimizer.schedule=cosine")
    save = Training.save

    def dying(self: Training) -> None:
        if (self.parts.train.seed, self.progress.step) == (seed, 7):  # type: ignore[attr-defined]
            raise KilledError
        save(self)

    monkeypatch.setattr(Training, "save", dying)
    with pytest.raises(KilledError):
        together(configs)
    monkeypatch.setattr(Training, "save", save)
    assert not list(Path("results").rglob("run.json")) and len(list(Path("results").rglob("checkpoint.pt"))) == 3
    torch.manual_seed(12345)  # a new process would not have the old one's random state
    assert [ending.status for ending in together(configs)] == ["ok"] * 3
    assert left("together") == alone(configs)
    assert not list(Path("results").rglob("checkpoint.pt"))


@pytest.mark.slow
def test_an_error_in_one_costs_no_other_its_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = seeds("dropout=0.2", "num_layers=2")
    look = Training.look

    def failing(self: Training) -> bool:
        if (self.parts.train.seed, self.progress.step) == (1, 7):  # type: ignore[attr-defined]
            raise RuntimeError("a disk went away")
        return look(self)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "look", failing)
        assert [ending.status for ending in together(configs)] == ["ok", "failed", "ok"]
    said = capsys.readouterr().err
    assert said.startswith("replicas=3: RuntimeError: a disk went away") and said.count("\n") == 1
    assert said.endswith(": those left go on one at a time\n")
    assert [ending.status for ending in together(configs)] == ["skipped", "ok", "skipped"]
    assert left("together") == alone(configs)


@pytest.mark.slow
def test_one_begun_with_other_threads_goes_on_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """As its checkpoint has it, whose bits hang on them; and so do the others, with their own."""
    configs = seeds("dropout=0.2", "num_layers=2")
    begun = prepare(replace(configs[1], threads=2))
    begun.checkpoint = configs[1].run_dir / CHECKPOINT
    begun.begin()
    begun.save()
    assert [ending.status for ending in together(configs)] == ["ok"] * 3
    assert capsys.readouterr().err.startswith("replicas=3: RuntimeError: a checkpoint of other threads than 1: ")
    found = left("together")
    assert [found[config.run_id]["environment"]["threads"] for config in configs] == [1, 2, 1]
    assert all(found[c.run_id] == alone(configs)[c.run_id] for c in (configs[0], configs[2]))


def test_what_a_users_data_draw_of_other_generators_is_each_runs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, float]] = []
    parts_of = preparation.parts_of

    def drawing(config: Config) -> Any:
        drawn.append((config.seed, float(np.random.rand())))  # noqa: NPY002 - as others do
        return parts_of(config)

    monkeypatch.setattr(preparation, "parts_of", drawing)
    configs = seeds()
    together(configs)
    first, drawn[:] = list(drawn), []
    alone(configs)
    assert first == drawn and len({number for _, number in drawn}) == 3
