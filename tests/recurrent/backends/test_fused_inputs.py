"""What the fused kernel is handed by others: whatever it is, torch.nn's numbers or one line, never a wrong address."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from rnnbench.recurrent import kernel
from rnnbench.recurrent.layers import GRU, LSTM

PAIRS = ((LSTM, torch.nn.LSTM), (GRU, torch.nn.GRU))


pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")


def pair(ours: type, theirs: type, *sizes: int, backend: str = "fused") -> tuple:
    torch.manual_seed(0)
    model, reference = ours(*sizes, backend=backend), theirs(*sizes)
    reference.load_state_dict(model.state_dict())
    return model, reference


def gradients(model: torch.nn.Module, x: Tensor, *state: Tensor) -> list[Tensor]:
    model.zero_grad()
    output, _ = model(x, *state)
    output.sin().sum().backward()
    return [output.detach(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)]


def refused(call: object, *words: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        call()  # type: ignore[operator]
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_state_of_another_dtype_is_refused() -> None:
    model, x = LSTM(2, 3, backend="fused"), torch.zeros(1, 1, 2)
    state = (torch.zeros(1, 1, 3, dtype=torch.float64), torch.zeros(1, 1, 3, dtype=torch.float64))
    with pytest.raises((RuntimeError, ValueError), match="float32"):
        model(x, state)
    with torch.autocast("cpu"):
        assert model(x.bfloat16())[0].dtype == torch.float32


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_an_empty_batch_has_zero_gradients(ours: type, theirs: type) -> None:
    for found, expected in zip(*(gradients(m, torch.randn(4, 0, 3)) for m in pair(ours, theirs, 3, 5)), strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("dynamic", [None, True])
def test_compiled_layers_are_right_at_every_size_and_quiet(dynamic: bool | None, grad: bool) -> None:
    model, reference = pair(GRU, torch.nn.GRU, 6, 8, backend="auto")
    torch.compiler.reset()
    with warnings.catch_warnings(), torch.set_grad_enabled(grad):
        warnings.filterwarnings("error", message=".*(lru_cache|posix|Dynamo).*")
        compiled = torch.compile(model, backend="eager", dynamic=dynamic)
        for T, B in ((5, 4), (9, 3), (7, 2)):
            x = torch.randn(T, B, 6)
            output = compiled(x)[0]
            torch.testing.assert_close(output, reference(x)[0], rtol=1e-5, atol=1e-6)
            if grad:
                model.zero_grad(), reference.zero_grad()
                output.sum().backward(), reference(x)[0].sum().backward()
                for a, b in zip(model.parameters(), reference.parameters(), strict=True):
                    torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("grad", [False, True])
def test_tensors_of_another_device_are_refused(grad: bool) -> None:
    model, x = GRU(3, 5, backend="fused"), torch.randn(4, 2, 3)
    with torch.set_grad_enabled(grad):
        refused(lambda: model(x.to("meta")), "input", "same device", "meta")
        refused(lambda: model(x, torch.zeros(1, 2, 5, device="meta")), "initial h", "meta")


@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"])
def test_weights_that_do_not_fit_are_refused(name: str) -> None:
    model = GRU(3, 5, backend="fused")
    setattr(model, name, torch.nn.Parameter(getattr(model, name)[:3].detach().clone()))
    refused(lambda: model(torch.randn(4, 2, 3)), name.removesuffix("_l0"), "(15,", "(3,")


def test_saved_tensors_come_back_from_hooks_in_any_layout_but_only_as_what_they_were() -> None:
    model, x = LSTM(8, 64, backend="fused"), torch.randn(40, 32, 8)
    expected = gradients(model, x)

    def through(unpack: object) -> list[Tensor]:
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, unpack):  # type: ignore[arg-type]
            return gradients(model, x)

    found = through(lambda t: t.transpose(0, -1).contiguous().transpose(0, -1))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    refused(lambda: through(lambda t: t.double()), "float64", "unpacked")
    refused(lambda: through(lambda t: t[:1]), "unpacked")
    refused(lambda: through(lambda t: t.to("meta")), "meta")


def test_numbers_that_are_negated_or_zero_only_in_name_are_read_right() -> None:
    model, reference = pair(GRU, torch.nn.GRU, 1, 5)
    x = torch.randn(4, 2, 1, dtype=torch.cfloat).conj().imag
    h = torch.randn(1, 2, 5, dtype=torch.cfloat).conj().imag
    assert x.is_neg() and h.is_neg()
    for a, b in zip(gradients(model, x, h), gradients(reference, x, h), strict=True):
        torch.testing.assert_close(a, b)
    upstream = torch.randn(4, 2, 5, dtype=torch.cfloat).conj().imag
    weight = torch.nn.Parameter(torch._neg_view(reference.weight_hh_l0.detach()))
    model.weight_hh_l0, reference.weight_hh_l0 = weight, torch.nn.Parameter(weight.detach().resolve_neg().clone())
    for m in (model, reference):
        m.zero_grad()
        m(x)[0].backward(upstream)
    for a, b in zip(model.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)
    zero = torch._efficientzerotensor((4, 2, 1))
    assert torch.equal(model(zero)[0], model(torch.zeros(4, 2, 1))[0])
    model.zero_grad()
    model(x)[0].backward(torch._efficientzerotensor((4, 2, 5)))
    assert not model.weight_hh_l0.grad.any()


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_a_trace_sees_torch_or_is_refused() -> None:
    model, reference = pair(GRU, torch.nn.GRU, 3, 5, backend="auto")
    with torch.no_grad():
        traced, x = torch.jit.trace(model, torch.zeros(4, 2, 3)), torch.randn(4, 2, 3)
        torch.testing.assert_close(traced(x)[0], reference(x)[0])
        model.backend = "fused"
        refused(lambda: torch.jit.trace(model, x), "torch.jit.trace", "'eager' or 'torch'")


@pytest.mark.parametrize("frozen", [False, True])
def test_tangents_are_not_lost(frozen: bool) -> None:
    model, reference = pair(GRU, torch.nn.GRU, 3, 5, backend="auto")
    model.requires_grad_(not frozen)
    x, v = torch.randn(4, 2, 3), torch.randn(4, 2, 3)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, v)
        tangents = [forward_ad.unpack_dual(m(dual)[0]).tangent for m in (model, reference)]
        torch.testing.assert_close(*tangents)
        model.backend = "fused"
        refused(lambda: model(dual), "forward-mode", "'eager' or 'torch'")
        assert model(x)[0].shape == (4, 2, 5)  # nothing to lose


def test_function_transforms_are_refused_or_left_to_torch() -> None:
    model, reference = pair(GRU, torch.nn.GRU, 3, 5, backend="auto")
    x = torch.randn(4, 2, 3)
    found, expected = (torch.func.jacrev(lambda x, m=m: m(x)[0].sum(0))(x) for m in (model, reference))
    torch.testing.assert_close(found, expected)
    model.backend = "fused"
    refused(lambda: torch.func.grad(lambda x: model(x)[0].sum())(x), "torch.func", "'eager' or 'torch'")
    refused(lambda: torch.vmap(lambda x: model(x)[0])(x[None]), "torch.func", "'eager' or 'torch'")
    y = x.clone().requires_grad_()
    output = model(y)[0].flatten()[:2]
    refused(lambda: torch.autograd.grad(output, y, torch.eye(2), is_grads_batched=True), "vmap", "'eager' or 'torch'")
