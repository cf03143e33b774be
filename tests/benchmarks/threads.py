"""Is the number of threads that a run takes by itself within a tenth of the better of one and all?

    python tests/benchmarks/threads.py [SECONDS A SIZE]

Whole training steps (forward, loss, backward, clip, Adam) of one layer and a head, one and all threads in turn in one
process, denormals flushed: medians over rounds, their ratio, and what `machine.threads.for_size` takes.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch
from torch import nn

from rnnbench.config import OptimizerConfig
from rnnbench.machine.denormals import flushing
from rnnbench.machine.threads import cores, for_size
from rnnbench.recurrent.layers import GRU, LSTM
from rnnbench.training.optimizers import make_optimizer

SIZES = [(B, T, I, H) for B, T, I in ((16, 8, 8), (32, 8, 8), (32, 50, 2), (32, 100, 28), (32, 500, 2), (64, 200, 128))
         for H in (16, 32, 64, 128, 256)]  # fmt: skip


class Step:
    def __init__(self, cell: type[nn.Module], backend: str, B: int, T: int, I: int, H: int):
        torch.manual_seed(0)
        self.layer, self.head = cell(I, H, batch_first=True, backend=backend), nn.Linear(H, 10)
        self.model = nn.ModuleList([self.layer, self.head])
        self.optimizer = make_optimizer(self.model, OptimizerConfig())
        self.x, self.y = torch.randn(B, T, I), torch.randint(10, (B,))

    def __call__(self) -> float:
        start = time.perf_counter()
        output, _ = self.layer(self.x)
        loss = nn.functional.cross_entropy(self.head(output[:, -1]), self.y)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return time.perf_counter() - start


def main(seconds: float) -> None:
    most = cores()
    print("   B x T x I x H   cell backend  1 thread, all (ms)  ratio  taken  over the better")
    for size in SIZES:
        for cell in (LSTM, GRU):
            for backend in ("fused", "torch"):
                step, times = Step(cell, backend, *size), {1: [], most: []}
                for count in times:
                    torch.set_num_threads(count)
                    step()
                end = time.monotonic() + seconds
                while time.monotonic() < end or len(times[1]) < 5:
                    for count in times:
                        torch.set_num_threads(count)
                        for _ in range(3):
                            taken = step()
                        times[count].append(taken)
                one, all_ = (1000 * statistics.median(each) for each in times.values())
                taken, _ = for_size(*size, most)
                over = {1: one, most: all_}[taken] / min(one, all_)
                print(f"{'x'.join(map(str, size)):>16} {cell.__name__:>5} {backend:>7} {one:9.3f} {all_:9.3f} "
                      f"{one / all_:6.2f} {taken:6} {over:8.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    with flushing(True):
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.6)
