"""Clipping and Adam by the shorter way are torch's own to the last bit."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn

from rnnbench.config import OptimizerConfig
from rnnbench.training.clipping import Clipping
from rnnbench.training.optimizers import make_optimizer

KINDS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(7, 30), nn.Linear(30, 3), nn.Linear(3, 5))


@pytest.mark.parametrize("norm", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("scale", [1e-30, 1.0, float("inf"), float("nan")])
def test_gradients_are_those_of_torch(norm: float, scale: float) -> None:
    ours, theirs = net(), net()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.grad = torch.randn_like(p) * scale
        q.grad = p.grad.clone()
    ours[2].weight.grad = theirs[2].weight.grad = None  # type: ignore[union-attr]
    Clipping(list(ours.parameters()), norm)()
    nn.utils.clip_grad_norm_(theirs.parameters(), norm)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert (p.grad is None) is (q.grad is None)
        assert p.grad is None or torch.equal(p.grad.view(torch.int32), q.grad.view(torch.int32))  # type: ignore[union-attr]


def test_a_gradient_of_another_dtype_is_clipped_with_the_others() -> None:
    ours, theirs = net(), net()
    ours[1].double(), theirs[1].double()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.grad = torch.randn_like(p)
        q.grad = p.grad.clone()
    Clipping(list(ours.parameters()), 0.5)()
    nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    assert all(torch.equal(p.grad, q.grad) for p, q in zip(ours.parameters(), theirs.parameters(), strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", KINDS)
def test_adams_steps_are_torchs_fused_ones(name: str) -> None:
    """One parameter has a gradient from the third step on; the learning rate changes; the state is taken over."""
    ours, theirs = net(), net()
    optimizer = make_optimizer(ours, OptimizerConfig(name, 0.01, 0.1, 0.0))  # type: ignore[arg-type]
    torchs = KINDS[name](theirs.parameters(), 0.01, weight_decay=0.1, fused=True)
    for step in range(8):
        for model in (ours, theirs):
            generator = torch.Generator().manual_seed(step)
            for i, p in enumerate(model.parameters()):
                p.grad = None if i == 4 and step < 2 else torch.randn(p.shape, generator=generator)
        for each in (optimizer, torchs):
            each.param_groups[0]["lr"] = 0.01 / (1 + step)
            each.step()
        if step == 5:
            optimizer.load_state_dict(deepcopy(torchs.state_dict()))
    assert all(torch.equal(p, q) for p, q in zip(ours.parameters(), theirs.parameters(), strict=True))
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert all(torch.equal(optimizer.state[p][k], torchs.state[q][k]) for k in ("step", "exp_avg", "exp_avg_sq"))
