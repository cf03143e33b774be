"""Training with many different lengths: the process grows no further than with torch.nn's layer, within 10 %."""

from __future__ import annotations

import subprocess
import sys

import pytest

TRAIN = """
import random, resource, torch, {module}
torch.manual_seed(0)
random.seed(0)
layer, head = {module}.{name}(64, 256), torch.nn.Linear(256, 10)
optimizer = torch.optim.SGD([*layer.parameters(), *head.parameters()], lr=0.01)
for _ in range(8):
    loss = head(layer(torch.randn(random.randint(20, 600), 32, 64))[0]).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_many_lengths_take_no_more_than_with_torch(name: str) -> None:
    peak = {
        module: int(subprocess.run([sys.executable, "-c", TRAIN.format(module=module, name=name)],
                                   capture_output=True, text=True, check=True).stdout)
        for module in ("torch.nn", "rnnbench")
    }  # fmt: skip
    assert peak["rnnbench"] <= 1.1 * peak["torch.nn"], peak
