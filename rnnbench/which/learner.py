"""A recurrent cell as a learner: parts and settings in, a fit out. One thread, so that fits go side by side."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import islice

import torch

from rnnbench.cells.base import Cell
from rnnbench.config import BudgetConfig, OptimizerConfig
from rnnbench.data.base import Held, Parts
from rnnbench.data.batch import Batch
from rnnbench.machine.denormals import flushing
from rnnbench.machine.precision import ieee_float32
from rnnbench.machine.threads import with_threads
from rnnbench.objectives.metrics.base import Metric
from rnnbench.recurrent import backends
from rnnbench.training.loop import Training
from rnnbench.training.model import SequenceModel
from rnnbench.training.predictions import Kept
from rnnbench.training.selection import Selection, Stop
from rnnbench.which.problem import Fit, Length, Settings, Watch

PATIENCE = 5
"""Validations without a better score that end a fit."""

FORGET_BIAS = 1.0

MOST_POINTS = 100
"""Of a curve that is kept."""


class Watched(Selection):
    """A selection that also asks whether to go on."""

    watch: Watch | None = None

    def observe(self, step: int, metrics: dict[str, float]) -> Stop | None:  # type: ignore[override]
        stop = super().observe(step, metrics)
        if stop is None and step and self.watch is not None and not self.watch(step, self.best[self.metric]):  # type: ignore[index]
            return "given up"
        return stop


def training_of(
    cell: Cell, parts: Parts, metrics: tuple[Metric, ...], settings: Settings, weights: int, length: Length, batch: int
) -> Training:
    """Everything that a fit needs, its first weights drawn from the seed `weights`."""
    device, dtype = torch.device("cpu"), torch.float32
    backend = backends.choose("auto", cell, device, dtype)
    torch.manual_seed(weights)
    model = SequenceModel(
        cell, parts, settings["width"], num_layers=settings["layers"], dropout=settings["dropout"],
        bidirectional=settings.get("both", False), backend=backend,
        forget_bias=None if cell.forget_gate is None else FORGET_BIAS,
        embedding_size=min(settings["width"], parts.symbols) if parts.symbols else None,
    )  # fmt: skip
    training = Training(
        model=model, parts=parts, metrics=metrics, batch_size=batch,
        optimizer_config=OptimizerConfig(lr=settings["lr"]),
        budget=BudgetConfig(max_steps=length.steps, patience=PATIENCE, eval_every=length.every),
        clip_norm=settings["clip"], device=device, dtype=dtype,
    )  # fmt: skip
    chosen = training.selection
    training.selection = Watched(chosen.metric, chosen.better, chosen.patience, chosen.solved)
    return training


def fit(training: Training, watch: Watch | None, judge: Metric | None) -> Fit:
    """Train, and score the test rows once where there is a metric to judge by. What is kept is the best step's."""
    began = time.monotonic()
    assert isinstance(training.selection, Watched)
    training.selection.watch = watch
    with ieee_float32(), with_threads(1), flushing(True):
        progress = training.run()
        best = training.selection.best
        diverged = progress.stopped_by == "diverged" or best is None
        valid = math.nan if best is None else best[training.selection.metric]
        test, said = None, None
        if judge is not None and best is not None:
            said = Kept(training.parts.objective)
            test = training.score(training.parts.test, said)[judge.name]
            diverged = not math.isfinite(test)
    return Fit(
        valid, test, training.selection.best_step or 0, progress.step, time.monotonic() - began,
        training.model.parameter_counts()["total"], diverged, curve_of(progress.history, training.selection.metric),
        None if said is None else said.arrays(),
    )  # fmt: skip


def curve_of(history: list[dict[str, float | None]], metric: str) -> tuple[tuple[int, float], ...]:
    """(step, validation score) of at most MOST_POINTS looks, the last among them."""
    every = max(1, math.ceil(len(history) / MOST_POINTS))
    looks = history[::-1][::every][::-1]
    return tuple((int(row["step"] or 0), float(f"{row[f'valid_{metric}']:.5g}")) for row in looks)


def seconds_a_step(training: Training, seconds: float) -> tuple[float, float]:
    """(median seconds of a training step, seconds of a look at one example), in about so long."""
    with ieee_float32(), with_threads(1), flushing(True):
        steps = sorted(training.timed(40, seconds, 5))
        some = First(training.parts.valid)
        began = time.monotonic()
        training.score(some)
        return steps[len(steps) // 2], (time.monotonic() - began) / max(1, some.seen)


class First:
    """The first two batches of a set, with the number of examples that they held."""

    def __init__(self, held: Held):
        self.held, self.seen = held, 0

    def batches(self, batch_size: int) -> Iterator[Batch]:
        for batch in islice(self.held.batches(batch_size), 2):
            self.seen += len(batch.inputs)
            yield batch
