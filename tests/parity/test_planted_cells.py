"""Cells with an error planted on purpose, each as running code: the parity check that users run must fail on every one.

A wrong step whose `torch_mode` still claims torch's, and gradients that are wrong where the forward pass is right.
Every fault also goes through the quick check before a run.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from planting import SHORT, fails, layerwise
from torch import Tensor

from rnnbench import parity
from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.recurrent import equations


class ScaleGradient(torch.autograd.Function):
    """x forward; factor times the gradient backward."""

    @staticmethod
    def forward(ctx, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.factor * gradient, None


class ResetProduct(torch.autograd.Function):
    """r ∘ a forward; the backward hands a its gradient without the factor r."""

    @staticmethod
    def forward(ctx, r: Tensor, a: Tensor) -> Tensor:
        ctx.save_for_backward(a)
        return r * a

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        (a,) = ctx.saved_tensors
        return gradient * a, gradient


@dataclass(frozen=True)
class FaultyLSTM(LSTMCell):
    fault: str = "none"

    torch_mode = LSTMCell.torch_mode  # what it says it is

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        fault = self.fault
        h, c = state
        weight, bias = p["weight_hh"], p.get("bias_hh")
        H = h.shape[1]
        if fault == "bias_hh dropped":
            bias = None
        if fault == "gradient of bias_hh doubled" and bias is not None:
            bias = ScaleGradient.apply(bias, 2.0)
        if fault == "gradient of bias_hh halved" and bias is not None:
            bias = ScaleGradient.apply(bias, 0.5)
        if fault == "recurrent weight transposed in one gate":
            weight = torch.cat([weight[:H].T, weight[H:]])
        if fault == "gradient through h cut at every step":
            h = h.detach()
        if fault == "gradient through c cut at every step":
            c = c.detach()
        i, f, g, o = (gates_x + F.linear(h, weight, bias)).chunk(4, dim=-1)
        if fault == "i and f swapped":
            i, f = f, i
        if fault == "g and o swapped":
            g, o = o, g
        if fault == "wrong sign in the forget gate":
            f = -f
        i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
        if fault == "input gate off by 1e-4":
            i = i * (1 + 1e-4)
        if fault == "input gate off by 1e-10":
            i = i * (1 + 1e-10)
        if fault == "gradient of the output gate with the wrong sign":
            o = ScaleGradient.apply(o, -1.0)
        g = g if fault == "no tanh on the candidate" else torch.tanh(g)
        c = (c if fault == "c not multiplied by f" else f * c) + i * g
        return o * (c if fault == "no tanh on c" else torch.tanh(c)), c


@dataclass(frozen=True)
class FaultyGRU(GRUCell):
    fault: str = "none"

    torch_mode = GRUCell.torch_mode  # what it says it is

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        fault = self.fault
        (h,) = state
        H = h.shape[1]
        r_x, z_x, n_x = gates_x.chunk(3, dim=-1)
        r_h, z_h, n_h = F.linear(h, p["weight_hh"], p.get("bias_hh")).chunk(3, dim=-1)
        if fault == "r and z swapped":
            r_x, r_h, z_x, z_h = z_x, z_h, r_x, r_h
        r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
        if fault == "z and 1 − z swapped":
            z = 1 - z
        if fault == "gradient of the reset gate missing":
            r = r.detach()
        recurrent = r * n_h
        if fault == "reset gate forgotten in the gradient":
            recurrent = ResetProduct.apply(r, n_h)
        if fault == "reset before the product":
            recurrent = F.linear(r * h, p["weight_hh"][2 * H :], p["bias_hh"][2 * H :] if "bias_hh" in p else None)
        if fault == "candidate's recurrent bias outside the reset" and "bias_hh" in p:
            b = p["bias_hh"][2 * H :]
            recurrent = r * (n_h - b) + b
        n = torch.tanh(n_x + recurrent)
        return ((1 - z) * n + z * h,)


@dataclass(frozen=True)
class FaultyResetBefore(GRUResetBeforeCell):
    fault: str = "none"

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        (h,) = state
        kept = h
        if self.fault == "gradient of the kept state missing":
            kept = h.detach()
        if self.fault == "gradient of the kept state doubled":
            kept = ScaleGradient.apply(h, 2.0)
        (new,) = super().step(gates_x, state, p)
        return (new + kept - h,) if self.fault.startswith("gradient") else (new,)


@dataclass(frozen=True)
class ReluForTanh(RNNCell):
    """Says that it is tanh's network and computes relu's."""

    torch_mode = RNNCell.torch_mode

    def step(self, gates_x: Tensor, state: State, p: Parameters) -> State:
        return RNNCell("relu").step(gates_x, state, p)


FAULTY_CELLS: list[tuple[Cell, torch.dtype]] = [
    *[(FaultyLSTM(fault), torch.float64) for fault in (
        "i and f swapped", "g and o swapped", "wrong sign in the forget gate", "c not multiplied by f", "no tanh on c",
        "no tanh on the candidate", "bias_hh dropped", "recurrent weight transposed in one gate",
        "gradient of bias_hh doubled", "gradient of bias_hh halved", "gradient through h cut at every step",
        "gradient through c cut at every step", "gradient of the output gate with the wrong sign",
        "input gate off by 1e-10",
    )],
    (FaultyLSTM("input gate off by 1e-4"), torch.float32),
    *[(FaultyGRU(fault), torch.float64) for fault in (
        "r and z swapped", "z and 1 − z swapped", "reset before the product",
        "candidate's recurrent bias outside the reset", "gradient of the reset gate missing",
        "reset gate forgotten in the gradient",
    )],
    (FaultyGRU("reset gate forgotten in the gradient"), torch.float32),
    *[(FaultyResetBefore(fault), torch.float64) for fault in (
        "gradient of the kept state missing", "gradient of the kept state doubled",
    )],
    (ReluForTanh(), torch.float64),
]  # fmt: skip


@pytest.mark.few(3)
@pytest.mark.parametrize("cell", [FaultyLSTM(), FaultyGRU(), FaultyResetBefore()], ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_without_a_fault_the_same_code_passes(cell: Cell, dtype: torch.dtype, plant) -> None:
    backend = plant(layerwise(equations.run_layer))
    assert not fails(parity.check(cell, backend, dtype, "cpu", SHORT))
    parity.quick_check(cell, backend, dtype, "cpu")


@pytest.mark.few(8)
@pytest.mark.parametrize(("cell", "dtype"), FAULTY_CELLS, ids=lambda v: getattr(v, "fault", str(v)))
def test_faulty_cell_is_caught(cell: Cell, dtype: torch.dtype) -> None:
    assert fails(parity.check(cell, "eager", dtype, "cpu", SHORT))
    with pytest.raises(parity.ParityError):
        parity.quick_check(cell, "eager", dtype, "cpu")
