"""For faults planted on purpose: short cases, backends made of a layer's loop, and whether the check failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from rnnbench import parity
from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.recurrent import equations
from rnnbench.recurrent.backends.base import carry
from rnnbench.recurrent.packing import Packing

SHORT = [case for case in parity.GRID if case.seq_len < 100 and not case.parallel]


def layerwise(run_layer: Callable[..., tuple[Tensor, State]]) -> Callable[..., tuple[Tensor, State]]:
    """Faulty where all sequences are of one length; right where they are packed."""

    def run(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None) -> Any:
        if packing is not None:
            return equations.run_layer(cell, x, state, p, reverse, packing)
        return run_layer(cell, x, state, p, reverse)

    return lambda stack, x, state, packing: carry(run, stack, x, state, packing)


def fails(results: list[parity.Result]) -> bool:
    return any(not r.passed for r in results)
