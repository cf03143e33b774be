"""The optimizers are torch's to the bits, without the compiler that torch's own import at their first call."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import torch
from making import TINY
from torch import nn

from rnnbench.config import OptimizerConfig
from rnnbench.training.optimizers import make_optimizer

TORCHS: dict[str, Any] = {
    "adam": lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1),
    "sgd": lambda p: torch.optim.SGD(p, 0.01, momentum=0.9, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01, momentum=0.9, weight_decay=0.1),
}


def steps(model: nn.Linear, optimizer: torch.optim.Optimizer, n: int) -> None:
    x = torch.randn(n, 4, 7, generator=torch.Generator().manual_seed(1))
    for each in x:
        loss = model(each).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize("name", TORCHS)
def test_steps_are_those_of_torch_and_go_on_from_a_state_dict(name: str) -> None:
    """Up to rounding: torch's default is not the fused kernel that is used here."""
    torch.manual_seed(0)
    theirs, ours, resumed = (nn.Linear(7, 3) for _ in range(3))
    ours.load_state_dict(theirs.state_dict())
    config = OptimizerConfig(name, 0.01, 0.1, 0.9 if name in ("sgd", "rmsprop") else 0.0)  # type: ignore[arg-type]
    optimizer = make_optimizer(ours, config)
    torch_optimizer = TORCHS[name](theirs.parameters())
    steps(ours, optimizer, 5)
    steps(theirs, torch_optimizer, 5)
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-5, atol=1e-7)
    resumed.load_state_dict(ours.state_dict())
    other = make_optimizer(resumed, replace(config, lr=1.0))
    other.load_state_dict(deepcopy(optimizer.state_dict()))  # torch shares the tensors
    for each, of in ((resumed, other), (ours, optimizer)):
        steps(each, of, 3)
    assert torch.equal(resumed.weight, ours.weight) and torch.equal(resumed.bias, ours.bias)


def test_a_run_imports_no_compiler() -> None:
    code = (
        "import sys; sys.argv = ['rnnbench', *sys.argv[1:]]; from rnnbench.__main__ import main; main(); "
        "print([name for name in ('torch._dynamo', 'sympy', 'pandas', 'matplotlib', 'sklearn', 'scipy', 'requests', "
        "'pooch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *TINY], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
