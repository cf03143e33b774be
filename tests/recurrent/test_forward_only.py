"""The shortest way of a call without gradients: the general way's bits, and only where everything is plain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import torch
from torch import Tensor, nn

from rnnbench.recurrent import kernel
from rnnbench.recurrent.layers import GRU, LSTM, RNN

pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")
KINDS = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}


def parts(state: Any) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else state


def short(layer: Any, x: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
    """Fails where the general way was taken."""
    with torch.no_grad(), mock.patch.object(type(layer), "_run", side_effect=AssertionError("the general way")):
        return layer(x, hx)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("batch_first", "bias"), [(False, True), (True, False)])
@pytest.mark.parametrize(("T", "B", "I", "H"), [(1, 1, 5, 33), (1, 9, 20, 16), (4, 1, 1, 7), (30, 2, 17, 20)])
def test_bits_are_those_of_the_general_way(
    kind: str, layers: int, bidirectional: bool, batch_first: bool, bias: bool, T: int, B: int, I: int, H: int
) -> None:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"input_size": I, "hidden_size": H, "num_layers": layers}
    options = {"bias": bias, "batch_first": batch_first, "bidirectional": bidirectional}
    layer = KINDS[kind](**sizes, **options, backend="fused")
    x = torch.randn(B, T, I) if batch_first else torch.randn(T, B, I)
    state = tuple(torch.randn(layers * (1 + bidirectional), B, H) for _ in layer.cell.state)
    for hx in (None, state if len(state) > 1 else state[0]):
        output, last = short(layer, x, hx)
        wanted, wanted_last = layer(x, hx)  # with a graph: the general way
        assert torch.equal(output, wanted) and output.shape == wanted.shape
        for found, each in zip(parts(last), parts(wanted_last), strict=True):
            assert torch.equal(found, each) and found.shape == each.shape


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("H", [*range(1, 36), 64, 100])
def test_one_step_is_torch_nns_at_every_width(kind: str, H: int) -> None:
    """Weights as they lie: blocks that are not full, in units and in inputs."""
    torch.manual_seed(H)
    I = 1 + (7 * H) % 37
    layer = KINDS[kind](I, H, backend="fused").double()
    twin = getattr(nn, kind)(I, H).double()
    twin.load_state_dict(layer.state_dict())
    x, state = torch.randn(1, 2, I, dtype=torch.float64), tuple(torch.randn(1, 2, H).double() for _ in layer.cell.state)
    hx = state if len(state) > 1 else state[0]
    with torch.no_grad():
        wanted, wanted_last = twin(x, hx)
    output, last = short(layer, x, hx)
    torch.testing.assert_close(output, wanted, rtol=1e-12, atol=1e-13)
    for found, each in zip(parts(last), parts(wanted_last), strict=True):
        torch.testing.assert_close(found, each, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_step_by_step_is_the_sequence(kind: str) -> None:
    torch.manual_seed(0)
    layer, x = KINDS[kind](5, 24, 2, backend="fused"), torch.randn(40, 2, 5)
    whole, last = short(layer, x)
    state, outputs = None, []
    for step in x.split(1):
        output, state = short(layer, step, state)
        outputs.append(output)
    assert torch.equal(torch.cat(outputs), whole)
    assert all(torch.equal(a, b) for a, b in zip(parts(state), parts(last), strict=True))


def test_what_it_gives_is_nobody_elses() -> None:
    layer, x, h = GRU(3, 4, backend="fused"), torch.randn(1, 2, 3), torch.zeros(1, 2, 4)
    output, last = short(layer, x, h)
    again, _ = short(layer, x, h)
    before = again.clone()
    output.zero_(), last.zero_()
    assert torch.equal(again, before) and not h.any() and not again._is_view()


class Mine(Tensor):
    pass


STRANGE: dict[str, Callable[[LSTM, Tensor, Tensor], tuple[Tensor, Any]]] = {
    "a class of its own": lambda layer, x, h: (x.as_subclass(Mine), None),
    "other numbers": lambda layer, x, h: (x.double(), None),
    "too narrow": lambda layer, x, h: (x[..., :2], None),
    "no steps": lambda layer, x, h: (x[:0], None),
    "two axes": lambda layer, x, h: (x[:, 0], None),
    "every other number": lambda layer, x, h: (torch.randn(2, 2, 6)[..., ::2], None),
    "negated in name": lambda layer, x, h: (torch._neg_view(x), None),
    "zero in name": lambda layer, x, h: (torch._efficientzerotensor((2, 2, 3)), None),
    "meta": lambda layer, x, h: (x.to("meta"), None),
    "a state that is a list": lambda layer, x, h: (x, [h, h]),
    "a state of another batch": lambda layer, x, h: (x, (h[:, :1], h[:, :1])),
    "a state in another order": lambda layer, x, h: (x, (h.transpose(1, 2).contiguous().transpose(1, 2), h)),
    "one state of two": lambda layer, x, h: (x, h),
}


@pytest.mark.parametrize("what", STRANGE)
def test_what_is_not_plain_goes_the_general_way(what: str) -> None:
    layer, h = LSTM(3, 4, backend="fused"), torch.zeros(1, 2, 4)
    x, hx = STRANGE[what](layer, torch.randn(2, 2, 3), h)
    with torch.no_grad():
        assert layer._forward_only(x, hx) is None


def test_memory_that_was_taken_away_is_not_read() -> None:
    layer, x, h = GRU(3, 4, backend="fused"), torch.randn(1, 2, 3), torch.zeros(1, 2, 4)
    with torch.no_grad():
        for taken in (layer.weight_hh_l0, layer.bias_ih_l0, h, x):
            assert layer._forward_only(x, h) is not None
            bytes_before = taken.untyped_storage().nbytes()
            taken.untyped_storage().resize_(bytes_before - 4)
            assert layer._forward_only(x, h) is None
            taken.untyped_storage().resize_(bytes_before)


def test_weights_are_those_of_the_moment() -> None:
    layer, x = GRU(3, 4, backend="fused"), torch.randn(1, 2, 3)
    short(layer, x)
    layer.weight_ih_l0.data = torch.zeros_like(layer.weight_ih_l0)
    layer.weight_hh_l0 = nn.Parameter(torch.zeros(12, 4))
    output, _ = short(layer, x)
    z, n = (layer.bias_ih_l0 + layer.bias_hh_l0)[4:8].sigmoid(), None
    r = (layer.bias_ih_l0 + layer.bias_hh_l0)[:4].sigmoid()
    n = (layer.bias_ih_l0[8:] + r * layer.bias_hh_l0[8:]).tanh()
    torch.testing.assert_close(output[0, 0], ((1 - z) * n).detach())  # h' = 0
    layer.weight_hh_l0.data = layer.weight_hh_l0[:, :3]
    assert layer._forward_only(x, None) is None


def test_a_large_call_takes_a_room_of_its_own() -> None:
    torch.manual_seed(0)
    layer, x = LSTM(40, 150, backend="fused"), torch.randn(3, 20, 40)  # weights of 460 KB
    assert torch.equal(short(layer, x)[0], layer(x)[0])
