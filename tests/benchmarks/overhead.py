"""What the harness costs: its training loop against a loop written by hand, with the same model, data and optimizer.

    python tests/benchmarks/overhead.py [pairs]

Both loops run in one process, in turn and in random order, each on a model of its own from one seed; the figure is
the ratio of their wall times, pair by pair. The harness evaluates a validation set of one example before and after.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))
from making import make

from rnnbench.config import Config
from rnnbench.preparation import prepare

SIZES = ((32, 100, 64, 60), (64, 500, 128, 8))  # B, T, H, steps in a pair's each half


def harness(config: Config) -> float:
    training = prepare(config)
    start = time.perf_counter()
    training.run()
    return time.perf_counter() - start


def by_hand(config: Config) -> float:
    prepared = prepare(config)
    model, parts = prepared.model, prepared.parts
    optimizer = torch.optim.Adam(model.parameters(), config.optimizer.lr, fused=True)
    losses = []
    start = time.perf_counter()
    for step in range(config.budget.max_steps or 0):
        batch = parts.train.batch(step, config.batch_size)
        outputs, _ = model(batch)
        loss = (outputs - batch.targets).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return time.perf_counter() - start


def ratios(config: Config, pairs: int, seed: int = 0) -> np.ndarray:
    """Harness ÷ by hand, (pairs,); the first pair is warm-up and dropped."""
    order = random.Random(seed)
    found = []
    for _ in range(pairs + 1):
        loops: list[Callable[[Config], float]] = [harness, by_hand]
        order.shuffle(loops)
        seconds = {loop: loop(config) for loop in loops}
        found.append(seconds[harness] / seconds[by_hand])
    return np.array(found[1:])


def configuration(cell: str, B: int, T: int, H: int, steps: int) -> Config:
    config = make(f"cell={cell}", f"seq_len={T}", f"hidden_size={H}", f"batch_size={B}", "dataset.valid_size=1",
                  "dataset.test_size=1", f"budget.max_steps={steps}", "budget.solved=null", "device=cpu",
                  "progress=false")  # fmt: skip
    return replace(config, budget=replace(config.budget, eval_every=steps))


def main(pairs: int) -> None:
    print("cell   B    T    H   harness ÷ by hand: median (p10 to p90), pairs")
    for cell in ("lstm", "gru"):
        for size in SIZES:
            found = ratios(configuration(cell, *size), pairs)
            p10, median, p90 = np.percentile(found, (10, 50, 90))
            print(f"{cell:4} {size[0]:3} {size[1]:4} {size[2]:4}   {median:.3f} ({p10:.3f} to {p90:.3f}), {pairs}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
