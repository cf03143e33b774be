"""For faults planted on purpose: short cases, backends made of a layer's loop, and whether the check failed."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from rnnbench import parity
from rnnbench.cells.base import State
from rnnbench.recurrent.backends.base import carry

SHORT = [case for case in parity.GRID if case.seq_len < 100 and not case.parallel]


def layerwise(run_layer: Callable[..., tuple[Tensor, State]]) -> Callable[..., tuple[Tensor, State]]:
    return lambda stack, x, state: carry(run_layer, stack, x, state)


def fails(results: list[parity.Result]) -> bool:
    return any(not r.passed for r in results)
