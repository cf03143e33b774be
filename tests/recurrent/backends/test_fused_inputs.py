"""What the fused kernel is handed by others: whatever it is, torch.nn's numbers or one line, never a wrong address."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor

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
        assert model(x.bfloat16())[0].dtype == torch.bfloat16


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_an_empty_batch_has_zero_gradients(ours: type, theirs: type) -> None:
    for found, expected in zip(*(gradients(m, torch.randn(4, 0, 3)) for m in pair(ours, theirs, 3, 5)), strict=True):
        assert torch.equal(found, expected)


@pytest.mark.slow
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


def test_memory_that_was_taken_away_is_refused() -> None:
    model, x = GRU(3, 5, backend="fused"), torch.randn(4, 2, 3)
    for left in (0, 8):
        gone = x.clone()
        gone.untyped_storage().resize_(left)
        refused(lambda gone=gone: model(gone), "no memory")
    model.weight_hh_l0.untyped_storage().resize_(16)
    refused(lambda: model(x), "no memory")


def test_batch_sizes_that_cannot_be_are_refused() -> None:
    """They are addresses in the kernel: a rising one would be read beside the rows that are there."""
    model = LSTM(3, 5, backend="fused")
    for sizes in ([1, 2], [2, 0, 1], [3, 1], [2, 2], [2, -1, 2]):
        packed = torch.nn.utils.rnn.PackedSequence(torch.randn(3, 3), torch.tensor(sizes))
        refused(lambda packed=packed: model(packed), "expected")


def test_a_view_whose_memory_was_made_smaller_is_refused() -> None:
    base = torch.randn(1000, 4, 8)
    view = base[::10]
    base.untyped_storage().resize_(view.nbytes)
    refused(lambda: LSTM(8, 5, backend="fused").requires_grad_(False)(view), "no memory")


@pytest.mark.parametrize("dtype", [torch.float16, torch.float8_e5m2])
def test_a_graph_moved_to_another_dtype_is_refused(dtype: torch.dtype) -> None:
    """The graph goes past the choice of a backend: the gate has to know what the kernel computes."""
    weights = [w.detach().to(dtype) for w in GRU(3, 8).parameters()]
    x, h = torch.zeros(10, 4, 3).to(dtype), torch.zeros(4, 8).to(dtype)
    refused(lambda: torch.ops.rnnbench.layer(x, h, None, *weights, None, 1, False), "float32, float64 and bfloat16")


def test_operators_refuse_what_does_not_go_together() -> None:
    x, h, w = torch.zeros(6, 4, 3), torch.zeros(4, 8), [p.detach() for p in LSTM(3, 8).parameters()]
    op = torch.ops.rnnbench
    refused(lambda: op.layer(x, h, None, *w, None, 0, False), "initial c")
    refused(lambda: op.layer(x, h, h, *w, None, -1, False), "cell")
    refused(lambda: op.layer(x, h, h, *w, None, 7, False), "cell")
    output, _, _, saved = op.layer_forward(x, h, h, *w, None, 0, False)
    wanted = [True] * 7
    short = (output[:1].clone(), saved[:1].clone())
    refused(lambda: op.layer_backward(output, None, None, x, h, h, *w, None, *short, 0, False, wanted), "expected")
    refused(
        lambda: op.layer_backward(output[:1], None, None, x, h, h, *w, None, output, saved, 0, False, wanted),
        "expected",
    )


def test_what_others_change_between_forward_and_backward_is_not_what_is_differentiated() -> None:
    """Sizes of a PackedSequence, weights whose data are exchanged: gradients are those of the forward pass."""
    for ours, theirs in PAIRS:
        model, reference = pair(ours, theirs, 3, 8)
        found = []
        for m in (model.double(), reference.double()):
            rows = torch.randn(24, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
            packed = torch.nn.utils.rnn.PackedSequence(rows, torch.tensor([4, 4, 4, 3, 3, 2, 2, 1, 1]))
            output = m(packed)[0].data.square().sum()
            packed.batch_sizes.fill_(400000)
            m.weight_hh_l0.data = torch.zeros_like(m.weight_hh_l0)
            found.append(torch.autograd.grad(output, [m.weight_ih_l0, m.weight_hh_l0, m.bias_hh_l0]))
        for a, b in zip(*found, strict=True):
            torch.testing.assert_close(a, b)


def test_a_changed_output_beside_an_exchanged_bias_is_refused() -> None:
    model = GRU(3, 40, backend="fused")
    output, _ = model(torch.randn(7, 4, 3))
    output.mul_(2)
    model.bias_hh_l0.data = torch.zeros(1)
    refused(lambda: output.sum().backward(), "changed after the forward pass")
