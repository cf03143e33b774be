"""A run's loop against one written by hand with the same layers, at digits by rows: T = 8, B = 32, H = 64, one thread.

    python tests/benchmarks/loop.py [rounds]

Both go on in one process, twenty steps each a round, in random order: the batch, forward, loss, backward, clipping and
Adam; the run's also looks at budgets and losses after each step. By hand the clipping and Adam are torch's, fused.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))
from making import make

from rnnbench.machine.denormals import flushing
from rnnbench.preparation import prepare

STEPS, WARM_UP = 20, 2


def ratios(cell: str, rounds: int, seed: int = 0) -> np.ndarray:
    """The run's ÷ by hand, (rounds,)."""
    config = make(f"cell={cell}", "dataset=digits", "seq_len=8", "hidden_size=64", "batch_size=32", "threads=1",
                  "budget.max_steps=1000000", "budget.eval_every=1000000", "budget.max_epochs=null",
                  "budget.patience=null", "budget.solved=null", "device=cpu", "progress=false")  # fmt: skip
    training, other = prepare(config), prepare(config)
    training.begin()
    examples, parameters = other.parts.train.all(), list(other.model.parameters())  # type: ignore[attr-defined]
    adam = torch.optim.Adam(parameters, config.optimizer.lr, fused=True)
    drawn = torch.Generator().manual_seed(seed)

    def by_hand() -> None:
        rows = torch.randint(len(examples.inputs), (32,), generator=drawn)
        output, _ = other.model.recurrent(examples.inputs[rows])
        loss = F.cross_entropy(other.model.head(output[:, -1]), examples.targets[rows])
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()
        loss.item()

    def run() -> None:
        training._step()
        training.look()

    order, found = random.Random(seed), []
    with flushing(True):
        for _ in range(rounds + WARM_UP):
            seconds = {}
            for step in order.sample((run, by_hand), 2):
                start = time.perf_counter()
                for _ in range(STEPS):
                    step()
                seconds[step] = time.perf_counter() - start
            found.append(seconds[run] / seconds[by_hand])
    return np.array(found[WARM_UP:])


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    for name in ("lstm", "gru"):
        p10, median, p90 = np.percentile(ratios(name, count), (10, 50, 90))
        print(f"{name:4} {median:.3f} ({p10:.3f} to {p90:.3f}), {count} rounds")
