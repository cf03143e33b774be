"""On equal terms, seen from inside real runs: the test set is looked at once, and every cell of a seed trains on the
same batches in the same order."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from making import TINY, make, tiny
from places import ROOT
from torch import Tensor

from rnnbench import run as run_module
from rnnbench.data.base import Held
from rnnbench.data.batch import Batch
from rnnbench.data.examples import _order
from rnnbench.training.loop import Training

LOOKS = Path("looks.txt")


@dataclass(frozen=True)
class Watched:
    """A held-out set that offers its batches and nothing else, and notes each pass: which, after which step, done?"""

    name: str
    held: Held
    training: Training

    def batches(self, batch_size: int) -> Iterator[Batch]:
        progress = self.training.progress
        done = "" if progress.stopped_by is None else f", stopped by {progress.stopped_by}"
        with LOOKS.open("a") as file:
            file.write(f"{self.name} after {progress.step}{done}\n")
        yield from self.held.batches(batch_size)


def watch() -> None:
    """From here on every run of this process notes in LOOKS when it looks at validation and test."""
    prepare = run_module.prepare

    def watched(*arguments: Any) -> Training:
        training = prepare(*arguments)
        parts = training.parts
        valid, test = Watched("valid", parts.valid, training), Watched("test", parts.test, training)
        training.parts = replace(parts, valid=valid, test=test)
        return training

    run_module.prepare = watched


@pytest.fixture
def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "prepare", run_module.prepare)  # puts it back afterwards
    watch()


@pytest.mark.usefixtures("_watched")
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_test_set_is_looked_at_once_after_training(cell: str) -> None:
    config = tiny(f"cell={cell}")  # 20 steps, evaluated every five
    assert run_module.run(config).status == "ok"
    assert LOOKS.read_text().splitlines() == [
        "valid after 0",
        "valid after 5",
        "valid after 10",
        "valid after 15",
        "valid after 20, stopped by max_steps",
        "test after 20, stopped by max_steps",
    ]
    assert run_module.run(config).status == "skipped"
    assert LOOKS.read_text().count("test") == 1


@pytest.mark.usefixtures("_watched")
def test_a_run_that_validation_ends_looks_once_and_one_that_diverged_never() -> None:
    assert run_module.run(tiny("budget.patience=1", "optimizer.lr=1e-30")).status == "ok"  # nothing improves
    ended = "after 10, stopped by patience"  # after 5 it is the best that was trained
    assert LOOKS.read_text().splitlines() == ["valid after 0", "valid after 5", "valid after 10", f"test {ended}"]
    LOOKS.unlink()
    wild = tiny("cell=rnn_relu", "optimizer=sgd", "optimizer.lr=1e30", "clip_norm=null")
    assert run_module.run(wild).status == "diverged"
    assert "test" not in LOOKS.read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("_watched")
def test_a_run_killed_in_training_looks_once_when_it_goes_on() -> None:
    """SIGKILL in a process of its own, after step 12 and the checkpoint of step 11; then the same run again, here."""
    options = (*TINY, "progress=false", "checkpoint_seconds=0")
    code = f"""
import os, signal, sys
sys.path[:0] = [{str(ROOT / "tests")!r}, {str(ROOT / "tests" / "studies")!r}]
from making import make
from rnnbench.run import run
from rnnbench.training.loop import Training
from test_equal_terms import watch
step = Training._step
def dying(self):
    step(self)
    if self.progress.step == 12:
        os.kill(os.getpid(), signal.SIGKILL)
Training._step = dying
watch()
run(make(*sys.argv[1:]))
"""
    done = subprocess.run([sys.executable, "-c", code, *options], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    assert LOOKS.read_text().splitlines() == ["valid after 0", "valid after 5", "valid after 10"]
    assert run_module.run(make(*options)).status == "ok"
    assert LOOKS.read_text().splitlines()[3:] == [
        "valid after 15",
        "valid after 20, stopped by max_steps",
        "test after 20, stopped by max_steps",
    ]


def trained_on(monkeypatch: pytest.MonkeyPatch, *overrides: str) -> list[tuple[Tensor, Tensor]]:
    """Inputs and targets of each training step of a real run, as they reach the model."""
    _order.cache_clear()  # or a second run would be given the first one's order, however that was drawn
    seen: list[tuple[Tensor, Tensor]] = []
    step = Training._step

    def watched(training: Training) -> None:
        hook = training.model.register_forward_pre_hook(lambda _, given: seen.append(given[0][:2]))
        step(training)
        hook.remove()

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_step", watched)
        assert run_module.run(make(*overrides, "progress=false")).status == "ok"
    return seen


ADDING = (*TINY, "dataset=adding")
DIGITS = ("dataset=digits", "seq_len=8", "hidden_size=5", "train_size=50", "batch_size=16", "budget.max_epochs=null",
          "budget.max_steps=20", "budget.eval_every=5", "device=cpu", "threads=1")  # fmt: skip
DEEP = ("num_layers=2", "dropout=0.5")  # random numbers drawn while training: more of them for the wider cell


def same(one: list[tuple[Tensor, Tensor]], other: list[tuple[Tensor, Tensor]]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(torch.equal(a, b) for first, second in pairs for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("dataset", [ADDING, DIGITS], ids=["adding", "digits"])
def test_both_cells_of_a_seed_train_on_the_same_batches_in_the_same_order(
    dataset: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other weights, other draws of dropout, another hidden size, and still the same examples; not so another seed."""
    lstm = trained_on(monkeypatch, *dataset, *DEEP, "cell=lstm", "seed=3")
    gru = trained_on(monkeypatch, *dataset, *DEEP, "cell=gru", "hidden_size=9", "seed=3")
    other = trained_on(monkeypatch, *dataset, *DEEP, "cell=gru", "seed=4")
    assert len(lstm) == 20
    assert same(lstm, gru)
    assert not any(torch.equal(a, b) for (a, _), (b, _) in zip(lstm, other, strict=True))


def test_every_pass_over_digits_is_shuffled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """50 images in batches of 16: 20 steps are 6.4 passes, each of which has every image once."""
    steps = trained_on(monkeypatch, *DIGITS, "cell=gru")
    images = torch.cat([inputs.flatten(1) for inputs, _ in steps])  # (320, 64)
    passes = images[:300].unflatten(0, (6, 50))
    ordered = [torch.unique(each, dim=0) for each in passes]
    assert all(torch.equal(each, ordered[0]) for each in ordered)
    assert len(ordered[0]) == 50
    assert not any(torch.equal(passes[i], passes[j]) for i in range(6) for j in range(i))
