"""What a stack of layers does beside its cells' equations, each off unless it is asked for.

layer_norm          what goes into every layer but the first is normalised over its D·O numbers, with gain and bias:
                    Ba et al. 2016 (arXiv 1607.06450)
residual            every layer but the first adds what went into it, before that, to its output
recurrent_dropout   while training, units whose h_{t−1} no gate hears, the same ones at every step: Gal & Ghahramani
                    2016 (arXiv 1512.05287). A column of weight_hh each, drawn once a call for all its sequences,
                    where the paper draws for each; the others count 1 / (1 − p). What a cell reads of its state
                    by other weights (peepholes, gates of `fgr`) is heard
zoneout             while training, each number of the state stays what it was with this probability and is new
                    otherwise; in evaluation it is p ∘ old + (1 − p) ∘ new: Krueger et al. 2017 (arXiv 1606.01305), one
                    p for all of the state
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.errors import UsageError


def check(
    cell: Cell,
    num_layers: int,
    layer_norm: bool,
    residual: bool,
    recurrent_dropout: float,
    zoneout: float,
    computes_in: str | None = None,
) -> None:
    """Raises UsageError for a rate that is none, and for what this cell, a single layer or bfloat16 cannot have."""
    for key, flag in (("layer_norm", layer_norm), ("residual", residual)):
        if flag and num_layers < 2:
            raise UsageError("stands between layers", key=key, value=flag, allowed="false, or num_layers=2 or more")
    for key, rate in (("recurrent_dropout", recurrent_dropout), ("zoneout", zoneout)):
        if not 0 <= rate < 1:
            raise UsageError("not a probability below 1", key=key, value=rate, allowed="0 up to 1")
    name = type(cell).__name__
    if recurrent_dropout and "weight_hh" not in cell.parameter_shapes(1, 1, False):
        raise UsageError(f"{name} has no recurrent weights", key="recurrent_dropout", value=recurrent_dropout,
                         allowed="0")  # fmt: skip
    if zoneout and not cell.averages:
        raise UsageError(f"states of {name} cannot be averaged", key="zoneout", value=zoneout, allowed="0")
    if computes_in not in (None, "bfloat16"):
        raise UsageError("layers cannot compute in it", key="computes_in", value=computes_in, allowed="bfloat16, None")
    if computes_in and layer_norm:
        raise UsageError("would stand between layers of bfloat16", key="layer_norm", value=True, allowed="false")


def unheard(p: Parameters, rate: float) -> Parameters:
    """The parameters with some columns of weight_hh dropped, drawn from torch's generator."""
    weight = p["weight_hh"]
    heard = torch.empty(weight.shape[-1], dtype=weight.dtype, device=weight.device).bernoulli_(1 - rate)
    return {**p, "weight_hh": weight * (heard / (1 - rate))}


@dataclass(frozen=True)
class Zoneout(Cell):
    """A cell whose state sometimes stays as it was; it has no more than a layer asks of a cell as it goes."""

    cell: Cell
    rate: float
    training: bool

    gates = ("of the cell",)

    def project(self, x: Tensor, p: Parameters) -> Tensor:
        return self.cell.project(x, p)

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        return tuple(map(self._between, state, self.cell.step(gates_x, state, p)))

    def _between(self, old: Tensor, new: Tensor) -> Tensor:
        if self.training:
            return torch.where(torch.rand_like(new) < self.rate, old, new)
        return self.rate * old + (1 - self.rate) * new


def zoned(cell: Cell, rate: float, training: bool = False) -> Cell:
    return Zoneout(cell, rate, training) if rate else cell
