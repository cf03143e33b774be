"""Does a candidate compute what it is timed for? At the very size and setting, against float64 on the same device.

The reference is never what is timed: torch.nn in float64, and for torch.nn itself the equations in plain loops
(`parity/reference.py`).

Some cells make much of little: one rounding of inputs and weights to float32 moves the gradients of a layer-normalised
LSTM over fifty steps by 2e-5. What float32 cannot tell is not asked of a candidate: it may be off by ten times that.
"""

from __future__ import annotations

import torch

from rnnbench.machine.threads import cores, with_threads
from rnnbench.parity.cases import Case
from rnnbench.parity.compare import relative_error
from rnnbench.parity.reference import reference
from rnnbench.speed import library
from rnnbench.speed.candidates import Candidate, Problem, Results, named, trained
from rnnbench.speed.setting import NUMBERS

ROUNDING, ROUNDINGS = 2.0**-24, 10.0
"""What float32 rounds by, relative; and how many times what that changes a candidate may be off."""


def expected(problem: Problem, of_torch: bool, rounding: float = 0.0) -> Results:
    """Every result in float64, from torch.nn or, of torch.nn's own candidates, from the equations.

    rounding: inputs and weights are moved by so much, relative, each up or down.
    """
    size = problem.setting.size
    case = Case(len(problem.x), size.B, size.I, size.H, problem.setting.layers)
    module, _ = reference(problem.cell, "torch" if of_torch else "", case)
    module.load_state_dict(problem.weights)
    module.to(problem.setting.device)
    x, u = (t.to(torch.float64, copy=True) for t in (problem.x, problem.u))
    if rounding:
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for t in (x, *module.parameters()):
                t *= 1 + rounding * torch.randn(t.shape, generator=generator).sign().to(t)
    with with_threads(cores()):
        if problem.setting.trains:
            return trained(module, x.requires_grad_(problem.setting.input_grad), u)
        with torch.no_grad():
            return named(*module(x))


def disagreement(candidate: Candidate, found: Results, wanted: Results) -> str | None:
    """What is off and by how much, in a few words, or None; notes the largest error. Relative: ‖a − b‖ / ‖b‖."""
    dtype = candidate.problem.setting.dtype
    errors = {name: relative_error(found[name], value, dtype) if name in found else torch.inf
              for name, value in wanted.items()}  # fmt: skip
    worst = max(errors, key=errors.__getitem__)
    candidate.error = errors[worst]
    most = NUMBERS[candidate.problem.setting.numbers]
    if candidate.error <= most:
        return None
    if candidate.problem.setting.numbers == "float32":
        moved = expected(candidate.problem, candidate.backend in library.BACKENDS, ROUNDING)
        own = {name: relative_error(moved[name], value, torch.float64) for name, value in wanted.items()}
        if all(error <= max(most, ROUNDINGS * own[name]) for name, error in errors.items()):
            return None
    return f"{worst} is off by {candidate.error:.1e} (at most {most:.0e})"
