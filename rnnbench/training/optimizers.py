"""Which optimizer takes the steps, and how long each one is."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
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
    as importing torch itself takes. Adam's steps are its kernel's alone."""
    around = ("add_param_group", "zero_grad", "state_dict", "load_state_dict", "step")
    bare = {name: inspect.unwrap(getattr(optimizer, name)) for name in around}
    bare["step"] = torch.no_grad()(bare["step"])
    if issubclass(optimizer, torch.optim.Adam):
        bare["step"] = _adam_step(bare["step"])
    return type(optimizer.__name__, (optimizer,), bare)


def _adam_step(general: Callable[[Any], Any]) -> Callable[[Any], None]:
    """The kernel that torch's fused Adam and AdamW call, on the lists that they make, to the last bit; less the search
    for devices and dtypes, which for a small model takes several times as long as the kernel."""

    @torch.no_grad()
    def step(self: torch.optim.Adam) -> None:
        for group in self.param_groups:
            tensors = _tensors(self, group)
            if tensors is None:
                general(self)
                return
            _adam_kernel(group, tensors)

    step.hooked = True  # type: ignore[attr-defined]  # nobody hooks on to it: torch need put nothing around it
    return step


def _tensors(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> list[list[Any]] | None:
    """Parameters, gradients, both averages and counts of steps; None before the first step, which makes them."""
    parameters = [p for p in group["params"] if p.grad is not None]
    states = [optimizer.state[p] for p in parameters]
    if not parameters or not all(states):
        return None
    kept = [[state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step")]
    return [parameters, [p.grad for p in parameters], *kept]


def _adam_kernel(group: Mapping[str, Any], tensors: list[list[Any]]) -> None:
    parameters, gradients, averages, squares, counts = tensors
    torch._foreach_add_(counts, 1)
    beta1, beta2 = group["betas"]
    kernel = torch._fused_adamw_ if group.get("decoupled_weight_decay") else torch._fused_adam_  # 2.6 has no key
    kernel(
        parameters, gradients, averages, squares, [], counts, amsgrad=False, lr=group["lr"], beta1=beta1, beta2=beta2,
        weight_decay=group["weight_decay"], eps=group["eps"], maximize=False,
    )  # fmt: skip


@torch.no_grad()
def step_together(optimizers: Sequence[torch.optim.Optimizer]) -> None:
    """As `step` of each, to the same bits; of Adams at one learning rate in one call of the kernel."""
    groups = [optimizer.param_groups[0] for optimizer in optimizers]
    adams = all(isinstance(each, torch.optim.Adam) and len(each.param_groups) == 1 for each in optimizers)
    each = [_tensors(*pair) for pair in zip(optimizers, groups, strict=True)] if adams else [None]
    if None in each or len({group["lr"] for group in groups}) > 1:
        for optimizer in optimizers:
            optimizer.step()
        return
    _adam_kernel(groups[0], [[t for own in kind for t in own] for kind in zip(*each, strict=True)])


def learning_rate(config: OptimizerConfig, step: int, last_step: int | None) -> float:
    """Rises linearly over the warm-up steps, then stays, or falls to 0 by the last step."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    if config.schedule == "constant" or last_step is None:
        return config.lr
    done = (step - config.warmup_steps) / max(1, last_step - config.warmup_steps)
    return config.lr * (1 - done if config.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * done)))
