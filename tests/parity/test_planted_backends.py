"""Backends that carry a right cell wrongly, as running code: the parity check that users run must fail on every one.

Every fault also goes through the quick check before a run; the two that a small check cannot see come last, with the
reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from planting import SHORT, fails, layerwise
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnnbench import parity
from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.recurrent import equations
from rnnbench.recurrent.backends.base import Stack, carry
from rnnbench.recurrent.layers import Recurrent
from rnnbench.recurrent.packing import Packing

LONG = [case for case in parity.GRID if case.seq_len == 500]


def off_by_one_output(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = equations.run_layer(cell, x, state, p, reverse)
    return torch.cat([state[0][None], output[:-1]]), last


def off_by_one_input(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    return equations.run_layer(cell, x.roll(1, 0), state, p, reverse)


def reverse_ignored(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    return equations.run_layer(cell, x, state, p, False)


def reverse_left_reversed(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = equations.run_layer(cell, x, state, p, reverse)
    return output.flip(0) if reverse else output, last


def last_state_of_wrong_step(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = equations.run_layer(cell, x, state, p, reverse)
    return output, (output[-1:], *last[1:])  # in reverse, the last step in time is the first one made


def truncated_at_256(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    if len(x) <= 256:
        return equations.run_layer(cell, x, state, p, reverse)
    first, state = equations.run_layer(cell, x[:256], state, p, False)
    rest, state = equations.run_layer(cell, x[256:], tuple(s[0].detach() for s in state), p, False)
    return torch.cat([first, rest]), state


def wrong_past_32_units(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = equations.run_layer(cell, x, state, p, reverse)
    return torch.cat([output[..., :32], 2 * output[..., 32:]], dim=-1), last


def tail_of_eight_lost(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool) -> tuple[Tensor, State]:
    output, last = equations.run_layer(cell, x, state, p, reverse)
    whole = output.shape[-1] // 8 * 8
    return F.pad(output[..., :whole], (0, output.shape[-1] - whole)), last


def in_float32(stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
    layers = [[{n: w.float() for n, w in p.items()} for p in layer] for layer in stack.layers]
    output, last = carry(
        equations.run_layer, Stack(stack.cell, layers), x.float(), tuple(s.float() for s in state), packing
    )
    return output.double(), tuple(s.double() for s in last)


def state_ignored(stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
    return carry(equations.run_layer, stack, x, tuple(torch.zeros_like(s) for s in state), packing)


def state_without_gradient(stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
    return carry(equations.run_layer, stack, x, tuple(s.detach() for s in state), packing)


def last_states_in_wrong_order(stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
    output, last = carry(equations.run_layer, stack, x, state, packing)
    layers, directions = len(stack.layers), len(stack.layers[0])
    return output, tuple(s.unflatten(0, (layers, directions)).transpose(0, 1).flatten(0, 1) for s in last)


def upper_layers_fed_the_input(stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
    outputs, finals = x, []
    directions = len(stack.layers[0])
    for number, layer in enumerate(stack.layers):
        width = layer[0]["weight_ih"].shape[1]
        fed = F.pad(x, (0, max(0, width - x.shape[-1])))[..., :width]
        part = tuple(s[number * directions : (number + 1) * directions] for s in state)
        outputs, last = carry(equations.run_layer, Stack(stack.cell, [layer]), fed, part, packing)
        finals.append(last)
    return outputs, tuple(torch.cat(parts) for parts in zip(*finals, strict=True))


def dropout_in_evaluation(stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
    return carry(equations.run_layer, Stack(stack.cell, stack.layers, stack.dropout, training=True), x, state, packing)


def biases_exchanged(stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
    swap = {"bias_ih": "bias_hh", "bias_hh": "bias_ih"}
    layers = [[{n: p[swap.get(n, n)] for n in p} for p in layer] for layer in stack.layers]
    return carry(equations.run_layer, Stack(stack.cell, layers), x, state, packing)


def not_a_number(stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
    output, last = carry(equations.run_layer, stack, x, state, packing)
    return output * torch.where(torch.arange(output.shape[-1]) == 0, torch.nan, 1.0), last


def breaks(stack: Stack, x: Tensor, state: State, packing: Packing | None) -> tuple[Tensor, State]:
    raise IndexError("out of range")


def as_cell(cell: Cell) -> Callable[..., tuple[Tensor, State]]:
    """A backend that computes another cell than the one it was given."""
    return lambda stack, x, state, packing: carry(equations.run_layer, Stack(cell, stack.layers), x, state, packing)


def padded(rows: Tensor, packing: Packing) -> Tensor:
    """(N, ·) → (T, B, ·)"""
    return pad_packed_sequence(PackedSequence(rows, packing.batch_sizes))[0]


def rows_of(steps: Tensor, packing: Packing) -> Tensor:
    return torch.cat([step[:n] for step, n in zip(steps, packing.batch_sizes.tolist(), strict=True)])


def lengths_ignored(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None) -> Any:
    """The padding is carried through, as zeros: forwards the last states are wrong, backwards the outputs too."""
    if packing is None:
        return equations.run_layer(cell, x, state, p, reverse)
    output, last = equations.run_layer(cell, padded(x, packing), state, p, reverse)
    return rows_of(output, packing), last


def late_states(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None) -> Any:
    """Outputs masked in each direction, but the last state is that of the padding's end."""
    output, last = equations.run_layer(cell, x, state, p, reverse, packing)
    if packing is None or reverse:
        return output, last
    return output, equations.run_layer(cell, padded(x, packing), state, p, reverse)[1]


def neighbours_states(
    cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None
) -> Any:
    """Backwards, sequences that come in later are given the state of the one beside them."""
    if packing is not None and reverse:
        state = tuple(s.roll(1, 0) for s in state)
    return equations.run_layer(cell, x, state, p, reverse, packing)


def packed_reverse_ignored(
    cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None
) -> Any:
    return equations.run_layer(cell, x, state, p, reverse and packing is None, packing)


def shortest_lost(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool, packing: Packing | None) -> Any:
    """No gradient comes back from the last sequence, which is the shortest."""
    output, last = equations.run_layer(cell, x, state, p, reverse, packing)
    if packing is not None:
        last = tuple(torch.cat((s[:, :-1], s[:, -1:].detach()), 1) for s in last)
    return output, last


def packed(run: Callable[..., Any]) -> Callable[..., Any]:
    return lambda stack, x, state, packing: carry(run, stack, x, state, packing)


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
    "lengths ignored": (GRUCell(), packed(lengths_ignored)),
    "last states of the padding": (LSTMCell(), packed(late_states)),
    "states of neighbours": (GRUCell(), packed(neighbours_states)),
    "reverse ignored where packed": (LSTMCell(), packed(packed_reverse_ignored)),
    "gradient of the shortest lost": (LSTMCell(), packed(shortest_lost)),
    "reset after instead of before": (GRUResetBeforeCell(), as_cell(GRUCell())),
    "tanh for relu": (RNNCell("relu"), as_cell(RNNCell("tanh"))),
}


@pytest.mark.few(11)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("fault", FAULTY_BACKENDS)
def test_faulty_backend_is_caught(fault: str, dtype: torch.dtype, plant) -> None:
    cell, forward = FAULTY_BACKENDS[fault]
    backend = plant(forward)
    assert fails(parity.check(cell, backend, dtype, "cpu", SHORT))
    with pytest.raises(parity.ParityError):
        parity.quick_check(cell, backend, dtype, "cpu")


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
