"""A dataset of each shape, of unequal lengths, under a user's import path: it trains, and resumes to the same bits."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from loops import same, train, weights
from making import make
from shapes import LONGEST, SHAPES, LabelOfSequence, Unequal

from rnnbench import registry
from rnnbench.config import Config
from rnnbench.objectives.base import Objective
from rnnbench.preparation import prepare
from rnnbench.run import run


class KilledError(Exception):
    """Stands for SIGKILL: nothing of the loop runs after it."""


def own(shape: type[Unequal], *overrides: str) -> Config:
    return make("dataset=custom", f"dataset.target=shapes.{shape.__name__}", "hidden_size=5", "batch_size=8",
                "budget.max_steps=12", "budget.eval_every=4", "device=cpu", "threads=1", *overrides)  # fmt: skip


def test_there_is_one_of_each_objective() -> None:
    files = set(registry.names("rnnbench.objectives")) - {"recursive"}  # of tables: test_recursive.py
    assert sorted(files) == sorted(type(shape.objective).__module__.rpartition(".")[2] for shape in SHAPES)
    assert all(isinstance(shape.objective, Objective) for shape in SHAPES)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_trains_and_scores(shape: type[Unequal]) -> None:
    record = run(own(shape)).record
    assert record is not None and record["status"] == "ok", record
    assert (record["task"]["seq_len"], record["task"]["train_size"]) == (LONGEST, 40)
    assert record["task"]["metric"] in record["metrics"]["test"]


@pytest.mark.parametrize("shape", SHAPES)
def test_it_resumes_to_the_same_bits(shape: type[Unequal], tmp_path: Path) -> None:
    config = own(shape)
    whole, a = train(config)
    killed = prepare(config)
    killed.checkpoint, killed.checkpoint_seconds = tmp_path / "checkpoint.pt", 0.0
    step = killed._step

    def dying_step() -> None:
        if killed.progress.step == 7:
            raise KilledError
        step()

    killed._step = dying_step  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        killed.run()
    torch.manual_seed(12345)  # a new process would not have the old one's random state
    resumed, b = train(config, tmp_path / "checkpoint.pt")
    assert same(weights(whole), weights(resumed))
    assert [row["valid_loss"] for row in a.history] == [row["valid_loss"] for row in b.history]
    assert whole.selection == resumed.selection


@pytest.mark.parametrize("readout", ["last", "mean", "max"])
def test_a_label_of_a_sequence_is_learned_whatever_is_read(readout: str) -> None:
    """Whether the mean of a sequence is above a half: chance is one half."""
    config = own(LabelOfSequence, f"readout={readout}", "train_size=400", "hidden_size=16", "optimizer.lr=1e-2",
                 "budget.max_steps=300", "budget.eval_every=50")  # fmt: skip
    training, _ = train(config)
    assert training.score(training.parts.test)["accuracy"] > 0.8
