"""What a training step takes at its peak, and what the first one costs: the fused kernel beside torch.nn.

    python tests/benchmarks/first_call.py [rounds]

Each measurement is a process of its own, in turn: the layer is made, VmHWM is set back, then forward and backward run
five times. Peak: how far the process's resident memory rose above what it was before. First call: the first of the five
less the median of the others, in milliseconds. Medians over the rounds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

SIZES = ((32, 100, 1, 32), (32, 500, 2, 64), (32, 100, 28, 128), (64, 500, 2, 128), (64, 200, 128, 256),
         (128, 100, 256, 512))  # fmt: skip


def measure(cell: str, backend: str, B: int, T: int, I: int, H: int) -> tuple[float, float]:
    """(peak in MB, first call in ms), in this process."""
    import torch

    import rnnbench

    torch.set_num_threads(1)
    torch.manual_seed(0)
    if backend == "torch":
        layer: torch.nn.Module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](I, H)
    else:
        layer = {"lstm": rnnbench.LSTM, "gru": rnnbench.GRU}[cell](I, H, backend=backend)
    x = torch.randn(T, B, I)
    for p in layer.parameters():
        p.grad = torch.zeros_like(p)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # VmHWM becomes what is resident now
    before = _kilobytes("VmRSS")
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        layer(x)[0].sum().backward()
        seconds.append(time.perf_counter() - start)
    return (_kilobytes("VmHWM") - before) / 1024, 1000 * (seconds[0] - statistics.median(seconds[1:]))


def _kilobytes(name: str) -> int:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def apart(cell: str, backend: str, size: tuple[int, ...]) -> tuple[float, float]:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, cell, backend, *map(str, size)]
    peak, first = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(peak), float(first)


def main(rounds: int) -> None:
    print("B, T, I, H             cell  peak fused  peak torch  ratio   first fused  first torch")
    for size in SIZES:
        for cell in ("lstm", "gru"):
            pairs = [(apart(cell, "fused", size), apart(cell, "torch", size)) for _ in range(rounds)]
            ours, theirs = ([statistics.median(all_of) for all_of in zip(*side, strict=True)]
                            for side in zip(*pairs, strict=True))  # fmt: skip
            print(f"{', '.join(map(str, size)):22} {cell:5} {ours[0]:7.1f} MB  {theirs[0]:7.1f} MB  "
                  f"{ours[0] / theirs[0]:5.2f}  {ours[1]:8.1f} ms  {theirs[1]:8.1f} ms", flush=True)  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) > 3:
        print(*measure(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
