"""A run that is asked to end saves its checkpoint, says so, and goes on from it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from making import TINY, tiny
from sweeping import here

from rnnbench.run import run
from rnnbench.training.loop import Training


@pytest.mark.parametrize(("at", "number", "said"), [
    (30, signal.SIGINT, "interrupted"), (60, signal.SIGINT, "interrupted"), (30, signal.SIGHUP, "stopped by SIGHUP"),
])  # fmt: skip
def test_an_interrupt_saves_a_checkpoint_and_the_run_goes_on_from_it(
    at: int, number: signal.Signals, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In training, or in its last step: exit code 130, then the result of a run that was never interrupted."""
    longer = ("budget.max_steps=60", "budget.eval_every=20", "progress=false")
    step = Training._step

    def interrupting(training: Training) -> None:
        step(training)
        if training.progress.step == at:
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_step", interrupting)
        done = here(*TINY, *longer)
    assert done.returncode == 130, done.stderr
    assert done.stderr == f"{said}: the same command goes on from the last checkpoint\n"
    (checkpoint,) = Path("results").rglob("checkpoint.pt")
    assert torch.load(checkpoint, weights_only=True)["progress"]["step"] == at
    resumed = run(tiny(*longer))
    whole = run(tiny(*longer, "name=whole"))
    assert resumed.record is not None
    assert whole.record is not None
    assert resumed.record["metrics"] == whole.record["metrics"]


@pytest.mark.slow
def test_a_sweep_whose_terminal_is_closed_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGHUP in its second run: the first has its record, the second a checkpoint, the third nothing yet."""
    asked = ("-m", *TINY, "budget.max_steps=60", "seed=0,1,2", "workers=1", "name=swept")
    step = Training._step

    def hanging_up(training: Training) -> None:
        step(training)
        if training.progress.step == 30 and "-s1-" in training.label:
            os.kill(os.getpid(), signal.SIGHUP)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "_step", hanging_up)
        done = here(*asked)
    assert done.returncode == 130
    assert done.stderr == "stopped by SIGHUP: the same command goes on from the last checkpoint\n"
    assert len(list(Path("results").rglob("run.json"))) == len(list(Path("results").rglob("checkpoint.pt"))) == 1
    done = here(*asked)
    assert done.returncode == 0 and "2 ok, 0 diverged, 0 failed, 1 skipped" in done.stdout
    whole = run(tiny("budget.max_steps=60", "seed=1", "name=whole")).record
    (resumed,) = [json.loads(path.read_text()) for path in Path("results/swept").rglob("*-s1-*/run.json")]
    assert whole is not None and resumed["metrics"] == whole["metrics"]
