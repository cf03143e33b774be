"""What it costs to start: a tiny run beside a plain torch script of its steps, a skipped one beside `import torch`.

Processes take turns, and seconds are of a processor, not of a clock, so that a busy machine falls on both alike.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from making import TINY

PAIRS = 3
PLAIN = """
import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)
lstm, head = nn.LSTM(2, 5, batch_first=True), nn.Linear(5, 1)
parameters = [*lstm.parameters(), *head.parameters()]
optimizer = torch.optim.Adam(parameters, 1e-3)

def batch(size):
    values, marks = torch.rand(size, 6), torch.zeros(size, 6)
    marks[:, 0] = marks[:, 3] = 1
    return torch.stack((values, marks), 2), values[:, 0] + values[:, 3]

def loss(size):
    x, y = batch(size)
    return (head(lstm(x)[0][:, -1])[:, 0] - y).square().mean()

for step in range(20):
    optimizer.zero_grad()
    loss(4).backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    if step % 5 == 4:
        with torch.no_grad():
            print(loss(32).item())
with torch.no_grad():
    print(loss(32).item())
"""


def seconds(*command: str) -> float:
    """Of a processor, which the command took in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio(ours: tuple[str, ...], plain: tuple[str, ...]) -> float:
    """Of the median times, after one of each that fills the disk's cache."""
    taken = [(seconds(*ours), seconds(*plain)) for _ in range(PAIRS + 1)][1:]
    print(taken)
    return statistics.median(a for a, _ in taken) / statistics.median(b for _, b in taken)


@pytest.mark.slow
def test_a_tiny_run_takes_no_longer_than_a_plain_script(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(PLAIN)
    assert ratio(("-m", "rnnbench", *TINY, "force=true"), ("plain.py",)) <= 1.10


@pytest.mark.slow
def test_a_skipped_run_takes_no_longer_than_import_torch() -> None:
    seconds("-m", "rnnbench", *TINY)
    assert ratio(("-m", "rnnbench", *TINY), ("-c", "import torch")) <= 1.20
