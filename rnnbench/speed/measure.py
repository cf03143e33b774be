"""Step times of many candidates that share the noise of the machine.

In each round every candidate takes one step, in a random order, so that whatever else the machine does falls on all of
them alike; medians and the 10th and 90th percentile are over rounds, and so are ratios, each of two times of one round
(`speed/rows.py`). The first call, in which things are compiled and memory is touched, is noted apart; the two rounds
after it are dropped.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from rnnbench.cells.base import Cell
from rnnbench.machine.precision import float32_as
from rnnbench.machine.threads import with_threads
from rnnbench.recurrent import backends
from rnnbench.recurrent.layers import Recurrent
from rnnbench.speed import library, peers
from rnnbench.speed.agreement import disagreement, expected
from rnnbench.speed.candidates import Candidate, Layer, Problem, now
from rnnbench.speed.rows import rows_of
from rnnbench.speed.setting import Setting

LEAST_ROUNDS, MOST_ROUNDS, WARM_UP = 5, 60, 2
REST = 0.01
"""Seconds until threads of another pool have stopped to spin: torch's do for some 5 ms, and would take its cores."""
SHORT = 0.05
"""Seconds of a step below which one is made untimed before the timed one: it finds its own memory in the caches."""


def measure(
    setting: Setting,
    cells: dict[str, Cell],
    names: Sequence[str],
    seconds: float,
    seed: int = 0,
    also: Sequence[str] = (),
) -> tuple[list[dict[str, Any]], list[str]]:
    """One row for each candidate and phase, and a line for each candidate that does not agree and so is not timed.

    names: of backends. also: of peers. Rounds go on for about `seconds`, between 5 and 60 of them.
    """
    with float32_as("tf32" if setting.tf32 else "ieee"):
        candidates, refused = [], []
        for name, cell in cells.items():
            problem = Problem.drawn(name, cell, setting, seed)
            wanted: dict[bool, dict[str, torch.Tensor]] = {}
            for candidate in _candidates(problem, names, also):
                of_torch = candidate.backend in library.BACKENDS
                if of_torch not in wanted:
                    wanted[of_torch] = expected(problem, of_torch)
                off = _first_call(candidate, wanted[of_torch])
                if off is None:
                    candidates.append(candidate)
                else:
                    refused.append(f"{name} by {candidate.backend} at {setting.size}: {off}: not timed")
        roof = matmul_rate(setting.dtype, setting.device, setting.threads)
        take_turns(candidates, seconds, random.Random(seed))
    return rows_of(candidates, setting, roof, seed), refused


def _candidates(problem: Problem, names: Sequence[str], also: Sequence[str]) -> Iterator[Candidate]:
    """torch.nn: with denormals flushed; as it comes; with one thread, since it has sizes at which that is its best; and
    for one step a call its cells. Then ours and the peers."""
    setting, cell = problem.setting, problem.cell
    shape = (setting.size.T, setting.size.B, setting.size.I, setting.size.H)
    with torch.set_grad_enabled(setting.trains):
        auto = backends.choose("auto", cell, setting.device, setting.dtype, shape)
    for backend in names:
        if backends.named(backend).unsupported(cell, setting.device, setting.dtype) is not None:
            continue
        if backend != "torch":
            layer = Recurrent(cell, shape[2], shape[3], setting.layers, device=setting.device, dtype=setting.dtype,
                              backend=backend)  # fmt: skip
            layer.load_state_dict(problem.weights)
            yield Layer(problem, backend, layer, setting.threads, is_auto=backend == auto)
            continue
        yield Layer(problem, backend, library.layer(problem), setting.threads, is_auto=backend == auto)
        if setting.device.type == "cpu":
            yield Layer(problem, backend, library.layer(problem), setting.threads, denormals="kept")
            if setting.threads > 1:
                yield Layer(problem, backend, library.layer(problem), 1)
        if setting.steps == "call":
            yield library.StepLayer(problem, "torch_cell", library.StepCells(problem), setting.threads)
    for name in also:
        peer = peers.named(name)
        if peer.takes(setting) and peer.has(cell):
            yield peer.candidate(problem)


def _first_call(candidate: Candidate, wanted: dict[str, torch.Tensor]) -> str | None:
    """Makes it and notes its seconds; what does not agree."""
    start = time.perf_counter()
    found = candidate.results()
    candidate.first = time.perf_counter() - start
    return disagreement(candidate, found, wanted)


def take_turns(candidates: list[Candidate], seconds: float, order: random.Random) -> None:
    turns, pool, begin = list(candidates), "", time.perf_counter()
    for number in range(WARM_UP + MOST_ROUNDS):
        order.shuffle(turns)
        for candidate in turns:
            setting = candidate.problem.setting
            if pool != candidate.pool and setting.threads > 1:
                time.sleep(REST)
            pool = candidate.pool
            if candidate.latest < SHORT:
                candidate.step()
            found = candidate.step()
            candidate.latest = found[setting.whole] * setting.calls
            if number >= WARM_UP:
                for phase, time_of in found.items():
                    candidate.seconds.setdefault(phase, []).append(time_of)
        if number + 1 >= WARM_UP + LEAST_ROUNDS and time.perf_counter() - begin > seconds:
            break


def matmul_rate(dtype: torch.dtype, device: torch.device, threads: int) -> float:
    """FLOP/s of the library's matrix product: the best of a few sizes and tries."""
    best = 0.0
    with with_threads(threads):
        for m, k, n in ((512, 512, 512), (1024, 1024, 1024), (4096, 128, 512)):
            a, b = torch.randn(m, k, dtype=dtype, device=device), torch.randn(k, n, dtype=dtype, device=device)
            for _ in range(8):
                start = now(a)
                torch.mm(a, b)
                best = max(best, 2.0 * m * k * n / (now(a) - start))
    return best
