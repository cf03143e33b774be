"""Runs of the training loop alone, for tests, and what they left."""

from __future__ import annotations

from pathlib import Path

import torch

from rnnbench.config import Config
from rnnbench.preparation import prepare
from rnnbench.training.loop import Progress, Training


def train(config: Config, checkpoint: Path | None = None, seconds: float = 1e9) -> tuple[Training, Progress]:
    training = prepare(config)
    training.checkpoint, training.checkpoint_seconds = checkpoint, seconds
    return training, training.run()


def weights(training: Training) -> list[torch.Tensor]:
    return list(training.model.state_dict().values())


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
