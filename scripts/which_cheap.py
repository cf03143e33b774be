"""Cheap learners in the place of cells, on a user's file, for the simulations of `which.py`: all else is as it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from rnnbench.baselines import Baseline
from rnnbench.data.base import Held
from rnnbench.data.batch import Batch
from rnnbench.data.table.windows import Training
from rnnbench.objectives.base import Objective
from rnnbench.objectives.metrics import chosen
from rnnbench.objectives.metrics.base import Metric
from rnnbench.objectives.value import Value
from rnnbench.training.evaluation import EVALUATION_BATCH, evaluate
from rnnbench.training.predictions import Kept
from rnnbench.which.problem import Fit, Length, Settings, Watch, derived
from rnnbench.which.table import TableProblem

CPU, DOUBLE = torch.device("cpu"), torch.float64


class Ridge(nn.Module):
    """Ridge regression on tanh of random features of a sequence (T·I numbers), beside the numbers themselves."""

    def __init__(self, width: int, noise: float, seed: int):
        super().__init__()
        self.width, self.noise = width, noise
        self.generator = torch.Generator().manual_seed(seed)
        self.mixed = self.solved = torch.empty(0)

    def features(self, inputs: Tensor) -> Tensor:
        x = inputs.flatten(1).to(DOUBLE)
        x = x + self.noise * self._normal(*x.shape)
        if not len(self.mixed):
            self.mixed = self._normal(x.shape[1], self.width) / math.sqrt(x.shape[1])
        return torch.cat((torch.ones(len(x), 1, dtype=DOUBLE), x, torch.tanh(x @ self.mixed)), 1)

    def learn(self, inputs: Tensor, targets: Tensor, penalty: float) -> Ridge:
        train = self.features(inputs)
        costs = torch.full((train.shape[1],), penalty * len(train), dtype=DOUBLE)
        costs[0] = 1e-6
        self.solved = torch.linalg.solve(train.T @ train + torch.diag(costs), train.T @ targets)
        return self

    def forward(self, batch: Batch, state: None) -> tuple[Tensor, None]:
        return self.features(batch.inputs) @ self.solved, None

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, dtype=DOUBLE, generator=self.generator)


class Again:
    """A part whose batches are made once."""

    def __init__(self, held: Held):
        self.made = list(held.batches(EVALUATION_BATCH))

    def batches(self, batch_size: int) -> Iterator[Batch]:
        return iter(self.made)


@dataclass(frozen=True)
class Material:
    """What the fits of one split have in common."""

    train: Batch
    valid: Again
    test: Again
    objective: Objective
    metrics: dict[str, tuple[Metric, ...]]  # by name, each alone


@dataclass(frozen=True)
class Cheap(TableProblem):
    """A user's file whose cells are cheap. handicap: noise that the second one's inputs carry."""

    handicap: float = 0.0
    _material: dict[tuple[int, int | None], Material] = field(default_factory=dict, repr=False, compare=False)

    def fit(
        self, slot: int, split: int, settings: Settings, seed: int, length: Length, watch: Watch | None, judge: bool
    ) -> Fit:
        known = self.material(split, settings.get("window"))
        model = Ridge(settings["width"] // 4, slot * self.handicap, derived(seed, slot))
        model.learn(known.train.inputs, known.train.targets, settings["lr"])

        def score(name: str, held: Again, said: Kept | None = None) -> float:
            return evaluate(
                model, known.objective, known.metrics[name], held, CPU, DOUBLE, EVALUATION_BATCH, said  # type: ignore[arg-type]
            )[name]  # fmt: skip

        valid = score(self.select, known.valid)
        for rung in length.rungs:
            if watch is not None and not watch(rung, valid):
                return Fit(valid, None, rung, rung, 0.0)
        said = Kept(known.objective)
        test = score(self.metric, known.test, said) if judge else None
        return Fit(valid, test, length.steps, length.steps, 0.0, answers=said.arrays() if judge else None)

    def material(self, split: int, window: int | None) -> Material:
        """Of the split that was asked for last."""
        if (split, window) not in self._material:
            parts = self.parts(split, window)
            assert isinstance(parts.train, Training)
            objective, train = parts.objective, parts.train.take(np.arange(len(parts.train)))
            train = objective.take(train, CPU, DOUBLE)
            if isinstance(objective, Value):
                targets = (train.targets - torch.tensor(objective.shift)) / torch.tensor(objective.scale)
            else:
                targets = nn.functional.one_hot(train.targets, objective.output_size)
            self._material.clear()
            self._material[split, window] = Material(
                train._replace(targets=targets.flatten(1).to(DOUBLE)), Again(parts.valid), Again(parts.test), objective,
                {name: chosen(parts, name) for name in (self.select, self.metric)},
            )  # fmt: skip
        return self._material[split, window]

    def held_against(self) -> list[Baseline]:
        return [each for each in super().held_against() if each.kind == "naive"]
