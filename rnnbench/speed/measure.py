"""Step times of many candidates that share the noise of the machine.

A candidate is a cell with a backend. In each round every candidate takes one step, in a random order, so that whatever
else the machine does falls on all of them alike; medians and the 10th and 90th percentile are over rounds, and so are
the ratios to torch.nn, each within its round.

Phases: forward (with gradients recorded), backward (all weights, not the input), pass (both), step (pass, gradient
clipping, Adam). The loss is ⟨output, u⟩ with a fixed random u, over all steps or of the last alone: its own cost is
none. Denormals are flushed for every candidate; those of torch.nn are timed as they come, too.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.cells.base import Cell
from rnnbench.machine.denormals import flushing
from rnnbench.machine.precision import ieee_float32
from rnnbench.machine.threads import with_threads
from rnnbench.parity import quick_check
from rnnbench.recurrent import backends
from rnnbench.recurrent.layers import Recurrent

PHASES = ("forward", "backward", "pass", "step")
LEAST_ROUNDS, MOST_ROUNDS, WARM_UP = 5, 60, 2


@dataclass(frozen=True)
class Size:
    """Sequences, steps, inputs, hidden units."""

    B: int
    T: int
    I: int
    H: int

    def __str__(self) -> str:
        return f"{self.B}x{self.T}x{self.I}x{self.H}"

    def flops(self, gates: int, phase: str) -> float:
        """Multiplications and additions in the matrix products of one layer; None of them depends on the backend."""
        unit = 2.0 * self.T * self.B * gates * self.H
        forward, backward = unit * (self.I + self.H), unit * (self.I + 2 * self.H)
        return {"forward": forward, "backward": backward}.get(phase, forward + backward)


class Candidate:
    """One layer with its optimizer. flush: denormals to zero, in every thread, while it is timed."""

    def __init__(
        self, name: str, cell: Cell, backend: str, size: Size, dtype: torch.dtype, device: torch.device, flush: bool
    ):
        self.name, self.cell, self.backend, self.flush = name, cell, backend, flush
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(0)
            self.layer = Recurrent(cell, size.I, size.H, backend=backend, dtype=dtype, device=device)
        self.optimizer = torch.optim.Adam(self.layer.parameters())
        self.parity_error = float(quick_check(self.layer, backend, dtype, device)["max_error"])
        shape = (size.T, size.B, size.I, size.H)
        self.is_auto = flush and backends.choose("auto", cell, device, dtype, shape) == backend
        self.seconds: dict[str, list[float]] = {phase: [] for phase in PHASES}

    def step(self, x: Tensor, u: Tensor, record: bool) -> None:
        """x (T, B, I); u (T, B, H), or (B, H) for a loss of the last step alone."""
        self.optimizer.zero_grad()
        with flushing(self.flush):
            marks = [_now(x)]
            output, _ = self.layer(x)
            marks.append(_now(x))
            (output if u.dim() == output.dim() else output[-1]).backward(u)
            marks.append(_now(x))
            torch.nn.utils.clip_grad_norm_(self.layer.parameters(), 1.0)
            self.optimizer.step()
            marks.append(_now(x))
        if record:
            start, forward, backward, end = marks
            times = (forward - start, backward - forward, backward - start, end - start)
            for phase, seconds in zip(PHASES, times, strict=True):
                self.seconds[phase].append(seconds)


def measure(
    cells: dict[str, Cell],
    names: list[str],
    size: Size,
    threads: int,
    dtype: torch.dtype,
    device: torch.device,
    seconds: float,
    seed: int = 0,
    loss: str = "all",
) -> list[dict[str, Any]]:
    """One row for each candidate and phase; rounds go on for about `seconds`, between 5 and 60 of them.

    loss: of "all" steps, or of the "last" alone, as where one answer is read after a whole sequence.
    """
    order = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(size.T, size.B, size.I, generator=generator).to(device, dtype)
    u = (torch.randn(size.T, size.B, size.H, generator=generator) / size.T).to(device, dtype)
    if loss == "last":
        u = u[-1]
    with with_threads(threads), ieee_float32():
        candidates = [
            Candidate(name, cell, backend, size, dtype, device, flush)
            for name, cell in cells.items()
            for backend in names
            if backends.named(backend).unsupported(cell, device, dtype) is None
            for flush in ((True, False) if backend == "torch" and device.type == "cpu" else (True,))
        ]
        roof = matmul_rate(dtype, device)
        begin = time.perf_counter()
        for number in range(WARM_UP + MOST_ROUNDS):
            order.shuffle(candidates)
            for candidate in candidates:
                candidate.step(x, u, record=number >= WARM_UP)
            if number + 1 >= WARM_UP + LEAST_ROUNDS and time.perf_counter() - begin > seconds:
                break
    candidates.sort(key=lambda c: (list(cells).index(c.name), names.index(c.backend)))
    rows = [_row(c, phase, candidates, size, threads, roof) for c in candidates for phase in PHASES]
    return [row | {"loss": loss} for row in rows]


def matmul_rate(dtype: torch.dtype, device: torch.device) -> float:
    """FLOP/s of the library's matrix product: the best of a few sizes and tries."""
    best = 0.0
    for m, k, n in ((512, 512, 512), (1024, 1024, 1024), (4096, 128, 512)):
        a, b = torch.randn(m, k, dtype=dtype, device=device), torch.randn(k, n, dtype=dtype, device=device)
        for _ in range(8):
            start = _now(a)
            torch.mm(a, b)
            best = max(best, 2.0 * m * k * n / (_now(a) - start))
    return best


def _row(
    c: Candidate, phase: str, candidates: list[Candidate], size: Size, threads: int, roof: float
) -> dict[str, Any]:
    times = np.array(c.seconds[phase])
    p10, median, p90 = np.percentile(times, (10, 50, 90))
    flops = size.flops(len(c.cell.gates), phase)
    row: dict[str, Any] = {"B": size.B, "T": size.T, "I": size.I, "H": size.H, "threads": threads, "cell": c.name}
    row |= {
        "backend": c.backend,
        "denormals": "flushed" if c.flush else "kept",
        "auto": c.is_auto,
        "phase": phase,
        "rounds": len(times),
    }
    row |= {"ms": median * 1e3, "ms_p10": p10 * 1e3, "ms_p90": p90 * 1e3}
    row |= {"gflops": flops / median / 1e9, "matmul_gflops": roof / 1e9, "of_matmul": flops / median / roof}
    row |= _ratio("over_torch", c, phase, _flushed(candidates, c.name, "torch"), True)
    row |= _ratio("of_lstm", c, phase, _flushed(candidates, "lstm", c.backend) if c.flush else [], False)
    return row | {"parity_error": c.parity_error}


def _flushed(candidates: list[Candidate], name: str, backend: str) -> list[Candidate]:
    return [c for c in candidates if (c.name, c.backend, c.flush) == (name, backend, True)]


def _ratio(name: str, c: Candidate, phase: str, others: list[Candidate], invert: bool) -> dict[str, float]:
    """Ratio of the medians, and percentiles of the ratios within rounds, to one other candidate if it is there."""
    if not others:
        return {name: np.nan, f"{name}_p10": np.nan, f"{name}_p90": np.nan}
    above, below = np.array(c.seconds[phase]), np.array(others[0].seconds[phase])
    if invert:
        above, below = below, above
    p10, p90 = np.percentile(above / below, (10, 90))
    return {name: float(np.median(above) / np.median(below)), f"{name}_p10": p10, f"{name}_p90": p90}


def _now(x: Tensor) -> float:
    if x.is_cuda:
        torch.cuda.synchronize(x.device)
    return time.perf_counter()
