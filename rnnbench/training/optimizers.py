"""Which optimizer takes the steps, and how long each one is."""

from __future__ import annotations

import inspect
import math
from functools import cache
from typing import Any

import torch
from torch import nn

from rnnbench.config import OptimizerConfig


def make_optimizer(model: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """The optimizer by name. Its fused kernel is used where torch has one: one call a step instead of one a tensor."""
    p, lr, decay = model.parameters(), config.lr, config.weight_decay
    if config.name == "adam":
        return _plain(torch.optim.Adam)(p, lr, weight_decay=decay, fused=True)
    if config.name == "adamw":
        return _plain(torch.optim.AdamW)(p, lr, weight_decay=decay, fused=True)
    if config.name == "sgd":
        return _plain(torch.optim.SGD)(p, lr, momentum=config.momentum, weight_decay=decay, fused=True)
    return _plain(torch.optim.RMSprop)(p, lr, momentum=config.momentum, weight_decay=decay)


@cache
def _plain(optimizer: type[torch.optim.Optimizer]) -> Any:
    """The same optimizer less what torch.compile wants around it, which imports a compiler at the first call: as long
    as importing torch itself takes."""
    around = ("add_param_group", "zero_grad", "state_dict", "load_state_dict", "step")
    bare = {name: inspect.unwrap(getattr(optimizer, name)) for name in around}
    bare["step"] = torch.no_grad()(bare["step"])
    return type(optimizer.__name__, (optimizer,), bare)


def learning_rate(config: OptimizerConfig, step: int, last_step: int | None) -> float:
    """Rises linearly over the warm-up steps, then stays, or falls to 0 by the last step."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    if config.schedule == "constant" or last_step is None:
        return config.lr
    done = (step - config.warmup_steps) / max(1, last_step - config.warmup_steps)
    return config.lr * (1 - done if config.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * done)))
