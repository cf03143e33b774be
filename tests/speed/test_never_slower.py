"""`backend=auto` is nowhere slower than torch.nn, over a grid from one sequence of one step to large layers.

Times are ratios of medians of rounds in turns, one thread; a size that is slower is measured again, since whatever
else a machine does may fall on one of the two, and counts only if it is slower each time.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn

from rnnbench.machine.denormals import flushing
from rnnbench.machine.threads import with_threads
from rnnbench.recurrent import kernel
from rnnbench.recurrent.layers import GRU, LSTM

NOISE = 1.1
TRIES = 4
OURS = {"LSTM": LSTM, "GRU": GRU}


class Case(NamedTuple):
    kind: str
    B: int
    T: int
    I: int
    H: int
    layers: int
    bidirectional: bool
    passes: str  # forward, weights, input: alone; with the weights' gradients; and the input's


def cases() -> Iterator[Case]:
    sizes = [(B, T, I, H) for B in (1, 8, 32) for T in (1, 8, 50) for I in (1, 28) for H in (1, 32, 128, 512)]
    sizes += [(1, 1, 1024, 1024), (1, 20, 1024, 1024), (32, 4, 1024, 1024), (32, 20, 512, 512), (128, 3, 1024, 1024)]
    for kind in OURS:
        for B, T, I, H in sizes:
            if B * T * H * (I + H) > 2e8:
                continue
            for passes in ("forward", "weights", "input"):
                for layers, bidirectional in ((1, False), (2, False), (1, True)):
                    yield Case(kind, B, T, I, H, layers, bidirectional, passes)


def call(case: Case, module: nn.Module) -> Callable[[], None]:
    x = torch.randn(case.T, case.B, case.I, requires_grad=case.passes == "input")
    grad: AbstractContextManager[Any] = torch.inference_mode(case.passes == "forward")

    def run() -> None:
        with grad:
            output = module(x)[0]
        if case.passes != "forward":
            output.backward(torch.ones_like(output))
            x.grad = None
            for parameter in module.parameters():
                parameter.grad = None

    return run


def over_torch(case: Case, rounds: int = 9) -> float:
    """torch.nn's time, of ours."""
    sizes = (case.I, case.H, case.layers)
    calls = [
        call(case, made(*sizes, bidirectional=case.bidirectional)) for made in (getattr(nn, case.kind), OURS[case.kind])
    ]
    seconds: list[list[float]] = [[], []]
    repeat = 1
    for turn in range(rounds + 2):
        for i in random.Random(turn).sample((0, 1), 2):
            start = time.perf_counter()
            for _ in range(repeat):
                calls[i]()
            seconds[i].append((time.perf_counter() - start) / repeat)
        repeat = max(1, min(50, int(1e-3 / min(seconds[0][-1], seconds[1][-1]))))
    return statistics.median(seconds[0][2:]) / statistics.median(seconds[1][2:])


@pytest.mark.measure
@pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")
def test_auto_is_never_slower_than_torch_nn() -> None:
    torch.manual_seed(0)
    slower = {}
    with with_threads(1), flushing(True):
        for case in cases():
            best = 0.0
            for tried in range(TRIES):
                best = max(best, over_torch(case, 9 + 10 * tried))
                if best > 1 / NOISE:
                    break
            else:
                slower[case] = best
    assert not slower, "\n".join(f"{ratio:.2f} {case}" for case, ratio in slower.items())
