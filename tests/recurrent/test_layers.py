"""rnnbench.LSTM, GRU and RNN stand in for torch.nn's: the numbers, each promise against torch.nn itself."""

from __future__ import annotations

import copy
import io
import math
import pickle
from typing import Any

import pytest
import torch
from beside_torch import B, H, I, T, assert_same, drawn, flat, initial_state

import rnnbench
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.recurrent import backends
from rnnbench.recurrent.layers import GRU, LSTM, RNN, Recurrent

SETTINGS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"num_layers": 2, "batch_first": True},
    {"bidirectional": True},
    {"num_layers": 3, "bidirectional": True, "bias": False, "batch_first": True},
]


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
