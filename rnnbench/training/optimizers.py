"""Which optimizer takes the steps, and how long each one is."""

from __future__ import annotations

import math

import torch
from torch import nn

from rnnbench.config import OptimizerConfig


def make_optimizer(model: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """The optimizer by name. Its fused kernel is used where torch has one: one call a step instead of one a tensor."""
    p, lr, decay = model.parameters(), config.lr, config.weight_decay
    if config.name == "adam":
        return torch.optim.Adam(p, lr, weight_decay=decay, fused=True)
    if config.name == "adamw":
        return torch.optim.AdamW(p, lr, weight_decay=decay, fused=True)
    if config.name == "sgd":
        return torch.optim.SGD(p, lr, momentum=config.momentum, weight_decay=decay, fused=True)
    return torch.optim.RMSprop(p, lr, momentum=config.momentum, weight_decay=decay)


def learning_rate(config: OptimizerConfig, step: int, last_step: int | None) -> float:
    """Rises linearly over the warm-up steps, then stays, or falls to 0 by the last step."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    if config.schedule == "constant" or last_step is None:
        return config.lr
    done = (step - config.warmup_steps) / max(1, last_step - config.warmup_steps)
    return config.lr * (1 - done if config.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * done)))
