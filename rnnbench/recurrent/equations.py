"""A layer by its cell's equations in Python: any cell, any derivative, the readable reference.

Step by step, or over all steps at once where the cell knows how (`Cell.over_time`).

x (T, B, I), or packed (N, I) (rnnbench/recurrent/packing.py) → output in the order of x, last state (1, B, ·) each.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.recurrent.packing import Packing, numbers_in


def run_layer(
    cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None = None
) -> tuple[Tensor, State]:
    if type(cell).over_time is not Cell.over_time:
        return _run_at_once(cell, x, state, p, reverse, packing)
    return run_steps(cell, x, state, p, reverse, packing)


def run_steps(
    cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None = None
) -> tuple[Tensor, State]:
    """`run_layer`, one step after another."""
    if packing is None:
        return run_loop(cell, cell.project(x, p), state, p, reverse)
    return run_loop(cell, cell.project(x[:, None], p)[:, 0], state, p, reverse, packing)


def run_loop(
    cell: Cell, gates_x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None = None
) -> tuple[Tensor, State]:
    """What is left once the input is projected: gates_x (T, B, G·H), or packed (N, G·H)."""
    if packing is not None:
        return _run_packed(cell, gates_x, state, p, reverse, packing)
    steps = gates_x.unbind(0)  # T × (B, G·H)
    outputs = []
    for gates in reversed(steps) if reverse else steps:
        state = cell.step(gates, state, p)
        outputs.append(state[0])
    if reverse:
        outputs.reverse()
    return torch.stack(outputs), tuple(torch.stack([s]) for s in state)


def _run_packed(
    cell: Cell, projected: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing
) -> tuple[Tensor, State]:
    """Forwards, sequences leave with the state that they ended with; backwards, they come in with their initial one."""
    sizes = numbers_in(packing.batch_sizes)
    gates_x = projected.split(sizes)  # T × (B_t, G·H)
    outputs: list[Tensor] = []
    if reverse:
        now: State = tuple(s[:0] for s in state)
        for gates, n in zip(reversed(gates_x), reversed(sizes), strict=True):
            now = tuple(torch.cat((s, start[len(s) : n])) for s, start in zip(now, state, strict=True))
            now = cell.step(gates, now, p)
            outputs.append(now[0])
        return torch.cat(outputs[::-1]), tuple(torch.stack([s]) for s in now)
    left: list[State] = []
    for gates, n in zip(gates_x, sizes, strict=True):
        left.append(tuple(s[n:] for s in state))
        state = cell.step(gates, tuple(s[:n] for s in state), p)
        outputs.append(state[0])
    left.append(state)
    return torch.cat(outputs), tuple(torch.stack([torch.cat(parts)]) for parts in zip(*left[::-1], strict=True))


def _run_at_once(
    cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None
) -> tuple[Tensor, State]:
    """Packed, each sequence has a column of its own from its own start; what stands behind its end nobody reads."""
    if packing is None:
        gates_x = cell.project(x, p)  # (T, B, G·H)
        states = _states(cell, gates_x.flip(0) if reverse else gates_x, state, p)
        return states[0].flip(0) if reverse else states[0].clone(), tuple(s[-1:].clone() for s in states)
    rows, steps, sequences, ends = (torch.from_numpy(index).to(x.device) for index in packing.columns(reverse))
    states = _states(cell, cell.project(x[:, None], p)[:, 0][rows], state, p)
    last = tuple(s[ends, torch.arange(packing.batch, device=x.device)] for s in states)
    return states[0][steps, sequences], tuple(torch.stack([s]) for s in last)


def _states(cell: Cell, gates_x: Tensor, state: State, p: Parameters) -> State:
    states = cell.over_time(gates_x, state, p)
    assert states is not None  # it has one of its own
    return states
