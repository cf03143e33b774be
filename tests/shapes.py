"""Datasets of a user's own, one of each shape of what is learned, of unequal lengths; NaN stands in the padding."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rnnbench import Dataset, Examples, Objective, Parts
from rnnbench.objectives.forecast import Forecast
from rnnbench.objectives.keys import Keys
from rnnbench.objectives.label import Label
from rnnbench.objectives.label_steps import LabelSteps
from rnnbench.objectives.next_symbol import NextSymbol
from rnnbench.objectives.next_values import NextValues
from rnnbench.objectives.value import Value
from rnnbench.objectives.value_steps import ValueSteps

LONGEST = 6


def padded(values: Tensor, lengths: Tensor, padding: float) -> Tensor:
    """(N, T, …) with that value beyond each length."""
    beyond = torch.arange(values.shape[1]) >= lengths[:, None]
    return values.masked_fill(beyond[(...,) + (None,) * (values.dim() - 2)], padding)


@dataclass(frozen=True)
class Unequal(Dataset):
    """Numbers uniform in [0, 1), two a step; lengths 1 … 6."""

    @property
    @abstractmethod
    def objective(self) -> Objective: ...

    @abstractmethod
    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor: ...

    def part(self, n: int, seed: int) -> Examples:
        random = torch.Generator().manual_seed(seed)
        inputs = torch.rand(n, LONGEST, 2, generator=random)
        lengths = torch.randint(1, LONGEST + 1, (n,), generator=random)
        lengths[0] = LONGEST
        targets = self.targets(padded(inputs, lengths, 0), lengths)
        if self.objective.per_step:
            targets = padded(targets, lengths, torch.nan if targets.is_floating_point() else -100)
        return Examples(padded(inputs, lengths, torch.nan), targets, lengths, seed=seed)

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        return Parts(self.part(train_size or 40, seed), self.part(20, 1001), self.part(30, 1002), self.objective)


def total(inputs: Tensor, lengths: Tensor) -> Tensor:
    """The mean of the first feature over real steps, (N,)."""
    return inputs[..., 0].sum(1) / lengths


class LabelOfSequence(Unequal):
    objective = Label(2)

    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        return (total(inputs, lengths) > 0.5).long()


class ValueOfSequence(Unequal):
    objective = Value()

    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        return total(inputs, lengths)


class LabelOfStep(Unequal):
    objective = LabelSteps(3)

    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        return (3 * inputs[..., 0]).long()


class ValueOfStep(Unequal):
    objective = ValueSteps()

    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        return inputs.sum(-1)


class NextOfSeries(Unequal):
    objective = NextValues(2)

    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        return inputs.roll(-1, dims=1)


class KeysOfStep(Unequal):
    objective = Keys(2)

    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        return (inputs > 0.5).float()


class Ahead(Unequal):
    """The two values that follow go on as the last one."""

    objective = Forecast(2, naive_error=0.5)

    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        last = inputs[torch.arange(len(inputs)), lengths - 1, 0]
        return torch.stack((last, last / 2), dim=1)


@dataclass(frozen=True)
class Symbols(Unequal):
    """The next of three symbols, in strings of unequal lengths; the padding is no symbol."""

    objective = NextSymbol(3)

    def targets(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        raise NotImplementedError

    def part(self, n: int, seed: int) -> Examples:
        random = torch.Generator().manual_seed(seed)
        symbols = torch.randint(0, 3, (n, LONGEST + 1), generator=random)
        lengths = torch.randint(1, LONGEST + 1, (n,), generator=random)
        return Examples(padded(symbols[:, :-1], lengths, 77), padded(symbols[:, 1:], lengths, -1), lengths, seed=seed)

    def load(self, *, seq_len: int | None, train_size: int | None, seed: int, data_dir: Path) -> Parts:
        train, valid, test = self.part(40, seed), self.part(20, 1001), self.part(30, 1002)
        return Parts(train, valid, test, self.objective, symbols=3)


SHAPES = (LabelOfSequence, ValueOfSequence, LabelOfStep, ValueOfStep, NextOfSeries, KeysOfStep, Ahead, Symbols)
