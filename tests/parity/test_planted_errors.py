"""Errors planted on purpose, each as running code: the parity check that users run must fail on every one.

Three kinds: a cell with a wrong step (its `torch_mode` still claims torch's), a backend that carries a right cell
wrongly, and gradients that are wrong where the forward pass is right. Every fault also goes through the quick check
before a run; the faults that a small check cannot see are marked, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench import parity
from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.recurrent import backends
from rnnbench.recurrent.backends import eager
from rnnbench.recurrent.backends.base import Stack, carry
from rnnbench.recurrent.layers import Recurrent

SHORT = [case for case in parity.GRID if case.seq_len < 100 and not case.parallel]
LONG = [case for case in parity.GRID if case.seq_len == 500]


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


def layerwise(run_layer: Callable[..., tuple[Tensor, State]]) -> Callable[..., tuple[Tensor, State]]:
    return lambda stack, x, state: carry(run_layer, stack, x, state)


def off_by_one_output(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = eager.run_layer(cell, x, state, p, reverse)
    return torch.cat([state[0][None], output[:-1]]), last


def off_by_one_input(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    return eager.run_layer(cell, x.roll(1, 0), state, p, reverse)


def reverse_ignored(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    return eager.run_layer(cell, x, state, p, False)


def reverse_left_reversed(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = eager.run_layer(cell, x, state, p, reverse)
    return output.flip(0) if reverse else output, last


def last_state_of_wrong_step(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = eager.run_layer(cell, x, state, p, reverse)
    return output, (output[-1], *last[1:])  # in reverse, the last step in time is the first one made


def truncated_at_256(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    if len(x) <= 256:
        return eager.run_layer(cell, x, state, p, reverse)
    first, state = eager.run_layer(cell, x[:256], state, p, False)
    rest, state = eager.run_layer(cell, x[256:], tuple(s.detach() for s in state), p, False)
    return torch.cat([first, rest]), state


def wrong_past_32_units(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = eager.run_layer(cell, x, state, p, reverse)
    return torch.cat([output[..., :32], 2 * output[..., 32:]], dim=-1), last


def tail_of_eight_lost(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = eager.run_layer(cell, x, state, p, reverse)
    whole = output.shape[-1] // 8 * 8
    return F.pad(output[..., :whole], (0, output.shape[-1] - whole)), last


def in_float32(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    layers = [[{n: w.float() for n, w in p.items()} for p in layer] for layer in stack.layers]
    output, last = eager.forward(Stack(stack.cell, layers), x.float(), tuple(s.float() for s in state))
    return output.double(), tuple(s.double() for s in last)


def state_ignored(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    return eager.forward(stack, x, tuple(torch.zeros_like(s) for s in state))


def state_without_gradient(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    return eager.forward(stack, x, tuple(s.detach() for s in state))


def last_states_in_wrong_order(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    output, last = eager.forward(stack, x, state)
    layers, directions = len(stack.layers), len(stack.layers[0])
    return output, tuple(s.unflatten(0, (layers, directions)).transpose(0, 1).flatten(0, 1) for s in last)


def upper_layers_fed_the_input(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    outputs, finals = x, []
    directions = len(stack.layers[0])
    for number, layer in enumerate(stack.layers):
        width = layer[0]["weight_ih"].shape[1]
        fed = F.pad(x, (0, max(0, width - x.shape[-1])))[..., :width]
        part = tuple(s[number * directions : (number + 1) * directions] for s in state)
        outputs, last = eager.forward(Stack(stack.cell, [layer]), fed, part)
        finals.append(last)
    return outputs, tuple(torch.cat(parts) for parts in zip(*finals, strict=True))


def dropout_in_evaluation(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    return eager.forward(Stack(stack.cell, stack.layers, stack.dropout, training=True), x, state)


def biases_exchanged(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    swap = {"bias_ih": "bias_hh", "bias_hh": "bias_ih"}
    layers = [[{n: p[swap.get(n, n)] for n in p} for p in layer] for layer in stack.layers]
    return eager.forward(Stack(stack.cell, layers), x, state)


def not_a_number(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    output, last = eager.forward(stack, x, state)
    return output * torch.where(torch.arange(output.shape[-1]) == 0, torch.nan, 1.0), last


def breaks(stack: Stack, x: Tensor, state: State) -> tuple[Tensor, State]:
    raise IndexError("out of range")


def as_cell(cell: Cell) -> Callable[..., tuple[Tensor, State]]:
    """A backend that computes another cell than the one it was given."""
    return lambda stack, x, state: eager.forward(Stack(cell, stack.layers), x, state)


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

FAULTY_BACKENDS: dict[str, tuple[Cell, Callable[..., tuple[Tensor, State]]]] = {
    "output off by one step": (LSTMCell(), layerwise(off_by_one_output)),
    "input off by one step": (GRUCell(), layerwise(off_by_one_input)),
    "reverse direction runs forward": (LSTMCell(), layerwise(reverse_ignored)),
    "reverse output left reversed": (GRUCell(), layerwise(reverse_left_reversed)),
    "last state of the wrong step": (LSTMCell(), layerwise(last_state_of_wrong_step)),
    "last states in the wrong order": (LSTMCell(), last_states_in_wrong_order),
    "initial state ignored": (RNNCell(), state_ignored),
    "gradient of the initial state missing": (LSTMCell(), state_without_gradient),
    "upper layers fed the input": (GRUCell(), upper_layers_fed_the_input),
    "dropout in evaluation": (GRUCell(), dropout_in_evaluation),
    "GRU's two biases exchanged": (GRUCell(), biases_exchanged),
    "units past a multiple of eight lost": (RNNCell("relu"), layerwise(tail_of_eight_lost)),
    "float64 computed in float32": (LSTMCell(), in_float32),
    "NaN in one unit": (LSTMCell(), not_a_number),
    "raises": (LSTMCell(), breaks),
    "reset after instead of before": (GRUResetBeforeCell(), as_cell(GRUCell())),
    "tanh for relu": (RNNCell("relu"), as_cell(RNNCell("tanh"))),
}


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., tuple[Tensor, State]]], str]:
    def register(forward: Callable[..., tuple[Tensor, State]]) -> str:
        backend = SimpleNamespace(unsupported=lambda cell, device, dtype: None, forward=forward)
        monkeypatch.setitem(backends.BACKENDS, "planted", backend)
        return "planted"

    return register


def fails(results: list[parity.Result]) -> bool:
    return any(not r.passed for r in results)


@pytest.mark.parametrize("cell", [FaultyLSTM(), FaultyGRU(), FaultyResetBefore()], ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_a_fault_the_same_code_passes(cell: Cell, dtype: torch.dtype, plant) -> None:
    backend = plant(layerwise(eager.run_layer))
    assert not fails(parity.check(cell, backend, dtype, "cpu", SHORT))
    parity.quick_check(cell, backend, dtype, "cpu")


@pytest.mark.parametrize(("cell", "dtype"), FAULTY_CELLS, ids=lambda v: getattr(v, "fault", str(v)))
def test_faulty_cell_is_caught(cell: Cell, dtype: torch.dtype) -> None:
    assert fails(parity.check(cell, "eager", dtype, "cpu", SHORT))
    with pytest.raises(parity.ParityError):
        parity.quick_check(cell, "eager", dtype, "cpu")


@pytest.mark.parametrize("fault", FAULTY_BACKENDS)
def test_faulty_backend_is_caught(fault: str, plant) -> None:
    cell, forward = FAULTY_BACKENDS[fault]
    backend = plant(forward)
    assert fails(parity.check(cell, backend, torch.float64, "cpu", SHORT))
    with pytest.raises(parity.ParityError):
        parity.quick_check(cell, backend, torch.float64, "cpu")


def test_gradient_truncated_after_256_steps_needs_the_long_case(plant) -> None:
    """Seven steps cannot show it: the quick check passes, the table fails."""
    backend = plant(layerwise(truncated_at_256))
    assert fails(parity.check(GRUCell(), backend, torch.float64, "cpu", LONG))
    assert not fails(parity.check(GRUCell(), "eager", torch.float64, "cpu", LONG))
    parity.quick_check(GRUCell(), backend, torch.float64, "cpu")


def test_error_in_wide_layers_needs_the_width_of_the_run(plant) -> None:
    """Nine units cannot show it; given the layer that will run, the quick check uses its width and sees it."""
    backend = plant(layerwise(wrong_past_32_units))
    assert fails(parity.check(LSTMCell(), backend, torch.float32, "cpu", SHORT))
    parity.quick_check(LSTMCell(), backend, torch.float32, "cpu")
    with pytest.raises(parity.ParityError, match="H=40"):
        parity.quick_check(Recurrent(LSTMCell(), 3, 40), backend, torch.float32, "cpu")
