"""rnnbench.LSTM, GRU and RNN stand in for torch.nn's: each promise against torch.nn itself."""

from __future__ import annotations

import copy
import inspect
import io
import math
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import rnnbench
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.recurrent import backends
from rnnbench.recurrent.layers import GRU, LSTM, RNN, Recurrent

PAIRS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "LSTM": (LSTM, nn.LSTM, {}),
    "GRU": (GRU, nn.GRU, {}),
    "RNN": (RNN, nn.RNN, {}),
    "RNN relu": (RNN, nn.RNN, {"nonlinearity": "relu"}),
}
SETTINGS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"num_layers": 2, "batch_first": True},
    {"bidirectional": True},
    {"num_layers": 3, "bidirectional": True, "bias": False, "batch_first": True},
]
I, B, T, H = 4, 3, 6, 5


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Tensors too small to share out: on a busy machine, waiting for the other threads would be most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """Constructors: ours, torch.nn's, of the same layer."""
    ours, theirs, options = PAIRS[request.param]
    return (lambda *a, **k: ours(*a, **{**options, **k})), (lambda *a, **k: theirs(*a, **{**options, **k}))


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def flat(result: tuple[Tensor, Any]) -> list[Tensor]:
    output, state = result
    return [output, *([state] if isinstance(state, Tensor) else state)]


def assert_same(ours: tuple[Tensor, Any], theirs: tuple[Tensor, Any]) -> None:
    assert type(ours[1]) is type(theirs[1])
    for a, b in zip(flat(ours), flat(theirs), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def initial_state(like: Any, *shape: int) -> Any:
    states = tuple(drawn(*shape, seed=10 + i) for i in range(2))
    return states if isinstance(like, nn.LSTM) else states[0]


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


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_state_dict_has_the_same_keys_shapes_and_order_and_loads_either_way(pair, settings: dict) -> None:
    ours, theirs = pair[0](I, H, **settings), pair[1](I, H, **settings)
    assert [(n, p.shape) for n, p in ours.state_dict().items()] == [
        (n, p.shape) for n, p in theirs.state_dict().items()
    ]
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert [len(w) for w in ours.all_weights] == [len(w) for w in theirs.all_weights]
    x = drawn(B, T, I)
    ours.load_state_dict(theirs.state_dict())
    assert_same(ours(x), theirs(x))
    fresh = pair[0](I, H, **settings)
    theirs.load_state_dict(fresh.state_dict())
    assert_same(fresh(x), theirs(x))


def test_the_same_seed_gives_the_same_weights(pair) -> None:
    torch.manual_seed(4)
    ours = pair[0](I, H, 2, bidirectional=True)
    torch.manual_seed(4)
    theirs = pair[1](I, H, 2, bidirectional=True)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


def test_initial_weights_are_uniform_within_one_over_root_h() -> None:
    """U(−a, a), a = 1/√64: all inside, and over 4·64·(64 + 64) draws mean 0 ± 6 sd and variance a²/3 within 3 %."""
    torch.manual_seed(0)
    layer = LSTM(64, 64)
    values = torch.cat([layer.weight_ih_l0.flatten(), layer.weight_hh_l0.flatten()]).detach()
    a = 1 / math.sqrt(64)
    assert values.abs().max() <= a and values.max() > 0.99 * a and values.min() < -0.99 * a
    assert abs(values.mean()) < 6 * a / math.sqrt(3 * values.numel())
    assert values.var().item() == pytest.approx(a**2 / 3, rel=0.03)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_output_and_state_are_torchs(pair, settings: dict, batched: bool, given: bool) -> None:
    ours, theirs = pair[0](I, H, **settings), pair[1](I, H, **settings)
    ours.load_state_dict(theirs.state_dict())
    count = settings.get("num_layers", 1) * (2 if settings.get("bidirectional") else 1)
    x = drawn(*((B, T) if settings.get("batch_first") else (T, B)), I) if batched else drawn(T, I)
    hx = initial_state(theirs, *((count, B, H) if batched else (count, H))) if given else None
    for backend in backends.available(ours.cell, torch.device("cpu"), torch.float32):
        ours.backend = backend
        assert_same(ours(x, hx), theirs(x, hx))


def test_input_of_any_stride(pair) -> None:
    ours, theirs = pair[0](I, H), pair[1](I, H)
    ours.load_state_dict(theirs.state_dict())
    strided = drawn(B, 2 * I, T).permute(2, 0, 1)[..., ::2]
    state = initial_state(theirs, B, H, 1)
    state = tuple(s.permute(2, 0, 1) for s in state) if isinstance(state, tuple) else state.permute(2, 0, 1)
    expected = theirs(strided, state)
    for ours.backend in ("eager", "torch"):
        assert_same(ours(strided, state), expected)


def test_an_empty_batch_gives_an_empty_output(pair) -> None:
    ours, theirs = pair[0](I, H), pair[1](I, H)
    for ours.backend in ("eager", "torch"):
        assert [t.shape for t in flat(ours(drawn(T, 0, I)))] == [t.shape for t in flat(theirs(drawn(T, 0, I)))]


@pytest.mark.parametrize("backend", ["eager", "torch"])
def test_dropout_acts_between_layers_in_training_only(backend: str) -> None:
    """Layer 0's units fed to a layer that copies them: zero with probability p, else 1 / (1 − p) times as large."""
    p, H = 0.3, 40
    layer = RNN(1, H, 2, nonlinearity="relu", dropout=p, bias=False, backend=backend)
    with torch.no_grad():
        layer.weight_ih_l0.fill_(1.0)
        layer.weight_hh_l0.zero_()
        layer.weight_ih_l1.copy_(torch.eye(H))
        layer.weight_hh_l1.zero_()
    x = torch.ones(20, 10, 1)
    torch.manual_seed(0)
    seen = layer(x)[0].detach()
    kept = seen != 0
    assert torch.allclose(seen[kept], torch.tensor(1 / (1 - p)))
    sd = math.sqrt(p * (1 - p) / seen.numel())
    assert abs(kept.float().mean().item() - (1 - p)) < 5 * sd
    layer.eval()
    assert torch.equal(layer(x)[0], torch.ones(20, 10, H))


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
    ],
)
def test_wrong_arguments_raise_what_torch_raises(pair, arguments: dict, error: type[Exception]) -> None:
    for constructor in pair:
        with pytest.raises(error):
            constructor(**{"input_size": I, "hidden_size": H, **arguments})


def test_projections_are_refused() -> None:
    with pytest.raises(ValueError, match="proj_size is not supported"):
        LSTM(I, H, proj_size=2)


def test_packed_sequence_is_refused_in_one_line() -> None:
    packed = nn.utils.rnn.pack_padded_sequence(drawn(T, B, I), torch.tensor([6, 4, 2]))
    with pytest.raises(TypeError, match=r"^PackedSequence is not supported: pass .*$"):
        GRU(I, H)(packed)


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


@pytest.mark.parametrize("layer", [LSTM(I, H, 2, forget_bias=1.0), Recurrent(GRUResetBeforeCell(), I, H)], ids=str)
def test_copies_compute_the_same_and_share_nothing(layer: Recurrent) -> None:
    saved = io.BytesIO()
    torch.save(layer, saved)
    saved.seek(0)
    x = drawn(T, B, I)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), torch.load(saved, weights_only=False)):
        assert_same(twin(x), layer(x))
        assert repr(twin) == repr(layer)
        with torch.no_grad():
            twin.weight_hh_l0.add_(1.0)
        assert not torch.equal(twin(x)[0], layer(x)[0])


def test_conversion_to_float64_and_back(pair) -> None:
    ours, theirs = pair[0](I, H, 2), pair[1](I, H, 2)
    ours.load_state_dict(theirs.state_dict())
    x = drawn(T, B, I)
    assert ours.to(torch.float64)(x.double())[0].dtype == torch.float64
    assert_same(ours(x.double()), theirs.double()(x.double()))
    assert_same(ours.float()(x), theirs.float()(x))
    assert pair[0](I, H, dtype=torch.float64).weight_ih_l0.dtype == torch.float64


@pytest.mark.parametrize("backend", ["eager", "torch"])
def test_gradients_go_where_they_are_asked_for(backend: str) -> None:
    """Input without requires_grad, a frozen weight, and no_grad."""
    layer = LSTM(I, H, backend=backend)
    layer.weight_hh_l0.requires_grad_(False)
    x = drawn(T, B, I)
    output, _ = layer(x)
    output.sum().backward()
    assert x.grad is None and layer.weight_hh_l0.grad is None
    assert layer.weight_ih_l0.grad is not None and layer.weight_ih_l0.grad.abs().sum() > 0
    with torch.no_grad():
        assert not layer(x)[0].requires_grad
    layer.requires_grad_(False)
    x.requires_grad_()
    layer(x)[0].sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0


def test_the_input_is_left_as_it_was(pair) -> None:
    x, before = drawn(T, B, I), drawn(T, B, I)
    hx = initial_state(pair[1](I, H), 1, B, H)
    for backend in ("eager", "torch"):
        pair[0](I, H, backend=backend)(x, hx)
        assert torch.equal(x, before)
        assert_same((x, hx), (before, initial_state(pair[1](I, H), 1, B, H)))


def test_gru_reset_before_has_grus_parameters_and_another_function() -> None:
    ours, gru = Recurrent(GRUResetBeforeCell(), I, H, 2, bidirectional=True), GRU(I, H, 2, bidirectional=True)
    ours.load_state_dict(gru.state_dict())
    x = drawn(T, B, I)
    assert ours(x)[0].shape == gru(x)[0].shape
    assert not torch.allclose(ours(x)[0], gru(x)[0], atol=1e-2)


def test_public_names() -> None:
    assert rnnbench.LSTM is LSTM and rnnbench.GRU is GRU and rnnbench.RNN is RNN and rnnbench.Recurrent is Recurrent
