"""Times of candidates → rows of speed.csv: one a candidate and phase, with all that was asked for and the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnbench.machine.environment import describe
from rnnbench.recurrent import kernel
from rnnbench.speed import library
from rnnbench.speed.candidates import Candidate
from rnnbench.speed.setting import Setting

FACTS = ("rnnbench", "python", "torch", "platform", "cpu", "cpu_capability", "cores", "omp_wait_policy", "load_average")

OF_A_GPU = ("gpu", "cuda", "cudnn")


def rows_of(candidates: Sequence[Candidate], setting: Setting, roof: float, seed: int) -> list[dict[str, Any]]:
    """roof: FLOP/s of the matrix product."""
    found = describe(setting.device, setting.dtype)
    machine = {name: found[name] for name in FACTS}
    machine |= {name: found.get(name) for name in OF_A_GPU}
    machine |= {"fused_isa": kernel.isa() if kernel.library() is not None else None}
    return [
        _asked(setting) | _row(c, phase, candidates, roof) | {"seed": seed} | machine
        for c in candidates
        for phase in c.seconds
    ]


def _asked(setting: Setting) -> dict[str, Any]:
    size = setting.size
    return {
        "B": size.B, "T": size.T, "I": size.I, "H": size.H, "threads": setting.threads, "pass": setting.passes,
        "steps": setting.steps, "loss": setting.loss if setting.trains else "", "layers": setting.layers,
        "input_grad": setting.input_grad, "dtype": setting.numbers,
        "device": setting.device.type,
    }  # fmt: skip


def _row(c: Candidate, phase: str, candidates: Sequence[Candidate], roof: float) -> dict[str, Any]:
    times = np.array(c.seconds[phase])
    p10, median, p90 = np.percentile(times, (10, 50, 90))
    setting = c.problem.setting
    flops = setting.flops(c.problem.cell, phase)
    row: dict[str, Any] = {
        "cell": c.problem.name, "backend": c.backend, "library": c.library, "used_threads": c.threads,
        "denormals": c.denormals, "auto": c.is_auto, "phase": phase, "rounds": len(times), "calls": setting.calls,
        "first_ms": c.first * 1e3, "ms": median * 1e3, "ms_p10": p10 * 1e3, "ms_p90": p90 * 1e3,
        "gflops": flops / median / 1e9, "matmul_gflops": roof / 1e9, "of_matmul": flops / median / roof,
    }  # fmt: skip
    same_cell = [each for each in candidates if each.problem.name == c.problem.name and phase in each.seconds]
    of_torch = [each for each in same_cell if each.backend in library.BACKENDS]
    like = [each for each in of_torch if (each.backend, each.threads, each.denormals) == ("torch", setting.threads,
                                                                                        "flushed")]  # fmt: skip
    best = sorted(of_torch, key=lambda each: float(np.median(each.seconds[phase])))
    lstm = [each for each in candidates if each.problem.name == "lstm" and _kind(each) == _kind(c)]
    row |= _ratio("over_torch", like, [c], phase)
    row |= _ratio("over_best", best, [c], phase)
    row |= _ratio("of_lstm", [c], lstm, phase)
    return row | {"error": c.error}


def _kind(c: Candidate) -> tuple[str, int, str]:
    return c.backend, c.threads, c.denormals


def _ratio(name: str, above: Sequence[Candidate], below: Sequence[Candidate], phase: str) -> dict[str, float]:
    """Median and percentiles of the ratios within rounds of the first of each, if both are there."""
    columns = (name, f"{name}_p10", f"{name}_p90")
    if not above or not below:
        return dict.fromkeys(columns, np.nan)
    ratios = np.array(above[0].seconds[phase]) / np.array(below[0].seconds[phase])
    return dict(zip(columns, (float(q) for q in np.percentile(ratios, (50, 10, 90))), strict=True))
