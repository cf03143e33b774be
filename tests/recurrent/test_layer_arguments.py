"""What rnnbench.LSTM, GRU and RNN take and refuse is what torch.nn's take and refuse."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pytest
import torch
from beside_torch import B, H, I, T, drawn, initial_state
from torch import nn

from rnnbench.cells.gru import GRUCell
from rnnbench.recurrent.layers import GRU, LSTM, RNN, Recurrent


def test_constructor_takes_what_torch_takes_in_its_order() -> None:
    """torch.nn's own signature is (*args, **kwargs); RNNBase spells out what follows the sizes."""
    names = [n for n in inspect.signature(nn.RNNBase).parameters if n != "mode"]
    assert list(inspect.signature(LSTM).parameters) == [*names, "backend", "forget_bias", "longest"]
    without = [n for n in names if n != "proj_size"]
    assert list(inspect.signature(GRU).parameters) == [*without, "backend"]
    assert list(inspect.signature(RNN).parameters) == [*without[:3], "nonlinearity", *without[3:], "backend"]
    theirs = inspect.signature(nn.RNNBase).parameters
    for name, parameter in inspect.signature(LSTM).parameters.items():
        assert name in ("backend", "forget_bias", "longest") or parameter.default == theirs[name].default


@pytest.mark.parametrize(
    ("ours", "theirs", "positional"),
    [
        (LSTM, nn.LSTM, (I, H, 2, False, True, 0.25, True, 0, "cpu", torch.float64)),
        (GRU, nn.GRU, (I, H, 2, False, True, 0.25, True)),
        (RNN, nn.RNN, (I, H, 2, "relu", False, True, 0.25, True)),
    ],
)
def test_positional_arguments_mean_the_same(ours: Any, theirs: Any, positional: tuple) -> None:
    a, b = ours(*positional), theirs(*positional)
    names = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
    for name in (*names, "nonlinearity") if ours is RNN else names:
        assert getattr(a, name) == getattr(b, name), name
    assert next(a.parameters()).dtype == next(b.parameters()).dtype


def test_dropout_with_one_layer_warns_as_torch_does(pair) -> None:
    for constructor in pair:
        with pytest.warns(UserWarning, match="num_layers"):
            constructor(I, H, dropout=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pair[0](I, H, 2, dropout=0.5)


BAD_CALLS: dict[str, tuple[tuple[int, ...], tuple[int, ...] | None, type[Exception]]] = {
    "wrong input size": ((T, B, I + 1), None, RuntimeError),
    "one dimension": ((I,), None, ValueError),
    "four dimensions": ((T, B, I, 1), None, ValueError),
    "no steps": ((0, B, I), None, RuntimeError),
    "wrong batch of the state": ((T, B, I), (1, B + 1, H), RuntimeError),
    "wrong width of the state": ((T, B, I), (1, B, H + 1), RuntimeError),
    "wrong layers of the state": ((T, B, I), (2, B, H), RuntimeError),
    "unbatched state of a batched input": ((T, B, I), (1, H), RuntimeError),
    "batched state of an unbatched input": ((T, I), (1, 1, H), RuntimeError),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_wrong_shapes_raise_what_torch_raises(pair, name: str) -> None:
    shape, state, error = BAD_CALLS[name]
    for layer in (pair[0](I, H), pair[1](I, H)):
        hx = None if state is None else initial_state(pair[1](I, H), *state)
        with pytest.raises(error) as caught:
            layer(drawn(*shape), hx)
        assert type(caught.value) is error


def test_wrong_dtype_raises_what_torch_raises(pair) -> None:
    for constructor in pair:
        with pytest.raises(ValueError, match="float64"):
            constructor(I, H)(drawn(T, B, I).double())


def test_wrong_number_of_states_is_refused() -> None:
    with pytest.raises(RuntimeError, match="expected a state of h and c, got 1 tensors"):
        LSTM(I, H)(drawn(T, B, I), drawn(1, B, H))
    with pytest.raises(RuntimeError, match="expected a state of h, got 2 tensors"):
        GRU(I, H)(drawn(T, B, I), (drawn(1, B, H), drawn(1, B, H)))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"hidden_size": 0}, ValueError),
        ({"input_size": 0}, ValueError),
        ({"num_layers": 0}, ValueError),
        ({"hidden_size": 2.5}, TypeError),
        ({"bias": 1}, TypeError),
        ({"batch_first": 0.5}, TypeError),
        ({"dropout": 1.5}, ValueError),
        ({"dropout": -0.1}, ValueError),
        ({"dropout": True}, ValueError),
        ({"hiden_size": 3}, TypeError),
        ({"num_layers": 2.0}, TypeError),
    ],
)
def test_wrong_arguments_raise_what_torch_raises(pair, arguments: dict, error: type[Exception]) -> None:
    given = {"input_size": I, "hidden_size": H, **arguments}
    ours, torchs = pair
    with pytest.raises(error):
        ours(**given)
    try:
        torchs(**given)
    except error:
        return
    assert torch.__version__ < "2.13", "torch takes them"


@pytest.mark.parametrize("bidirectional", [False, True])
def test_forget_bias_sets_that_gate_and_nothing_else(bidirectional: bool) -> None:
    """Gate order i, f, g, o: rows H to 2H."""
    torch.manual_seed(1)
    plain = LSTM(I, H, 2, bidirectional=bidirectional)
    torch.manual_seed(1)
    biased = LSTM(I, H, 2, bidirectional=bidirectional, forget_bias=1.5)
    forget = torch.zeros(4 * H, dtype=torch.bool)
    forget[H : 2 * H] = True
    for (name, a), b in zip(biased.named_parameters(), plain.parameters(), strict=True):
        if name.startswith("bias_ih"):
            assert torch.all(a[forget] == 1.5) and torch.equal(a[~forget], b[~forget])
        elif name.startswith("bias_hh"):
            assert torch.all(a[forget] == 0.0) and torch.equal(a[~forget], b[~forget])
        else:
            assert torch.equal(a, b)
    biased.reset_parameters()
    assert torch.all(biased.bias_ih_l1[forget] == 1.5)


def test_forget_bias_needs_a_forget_gate_and_a_bias() -> None:
    with pytest.raises(ValueError, match="forget_bias"):
        LSTM(I, H, bias=False, forget_bias=1.0)
    with pytest.raises(ValueError, match="forget_bias"):
        Recurrent(GRUCell(), I, H, forget_bias=1.0)
