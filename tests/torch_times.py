"""How long nn.LSTM and nn.GRU take, forward and backward, in a process that knows only torch.

    python tests/torch_times.py 2        with two threads: {"LSTM": ms, "GRU": ms}

The least of many steps, of about half a second: what the process can do when nothing else is in its way.
"""

from __future__ import annotations

import json
import sys
import time

import torch

B, T, I, H = 32, 50, 2, 64
SECONDS, STEPS = 0.5, (10, 60)


def milliseconds() -> dict[str, float]:
    """With as many threads as torch has here."""
    torch.manual_seed(0)
    layers = {"LSTM": torch.nn.LSTM(I, H), "GRU": torch.nn.GRU(I, H)}
    x = torch.randn(T, B, I)
    least = dict.fromkeys(layers, float("inf"))
    begin = time.perf_counter()
    for number in range(STEPS[1]):
        if number >= STEPS[0] and time.perf_counter() - begin > SECONDS:
            break
        for name, layer in layers.items():
            start = time.perf_counter()
            layer(x)[0].sum().backward()
            least[name] = min(least[name], 1e3 * (time.perf_counter() - start))
    return least


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    print(json.dumps(milliseconds()))
