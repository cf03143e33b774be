"""The fused kernel against torch.nn in float64, or the eager equations in float64 where torch lacks the cell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from beside_reference import CELLS, TOLERANCE, error, everything, name, problem
from torch import Tensor

from rnnbench.cells.base import Cell
from rnnbench.recurrent import kernel
from rnnbench.recurrent.layers import LSTM, Recurrent
from rnnbench.recurrent.op import recurrent

SHAPES = (  # T, B, I, H, layers, bidirectional, bias, batch_first
    (1, 1, 1, 1, 1, False, True, False),
    (7, 3, 5, 17, 2, True, True, True),
    (5, 7, 3, 33, 3, True, False, False),
    (13, 9, 70, 35, 1, False, True, True),
    (600, 2, 1, 20, 1, True, True, False),
    (9, 40, 17, 130, 1, False, True, False),
    (40, 67, 2, 64, 1, False, True, False),
)


pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.few(35)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_every_tensor_matches_the_reference(cell: Cell, shape: tuple, dtype: torch.dtype) -> None:
    """The kernel on one thread and on two; the reference, which is not the subject, on one."""
    torch.set_num_threads(1)
    model, reference, *given = problem(cell, shape, dtype)
    expected = everything(reference, *given)
    for threads in (1, 2):
        torch.set_num_threads(threads)
        model.zero_grad()
        for a, b in zip(everything(model, *given), expected, strict=True):
            assert a.shape == b.shape
            assert error(a, b) <= TOLERANCE[dtype]


@pytest.mark.parametrize("isa", kernel.ISAS)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_every_instruction_set_matches(
    cell: Cell, dtype: torch.dtype, isa: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kernel.ISAS.index(isa) > kernel.ISAS.index(kernel.isa()):
        pytest.skip(f"this processor has no {isa}")
    monkeypatch.setenv("RNNBENCH_ISA", isa)
    for shape in (SHAPES[0], SHAPES[1], SHAPES[3], SHAPES[5]):
        model, reference, *given = problem(cell, shape, dtype)
        for a, b in zip(everything(model, *given), everything(reference, *given), strict=True):
            assert error(a, b) <= TOLERANCE[dtype]


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_gradients_agree_with_finite_differences(cell: Cell) -> None:
    torch.manual_seed(0)
    model = Recurrent(cell, 2, 3, dtype=torch.float64, backend="fused")
    x = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)

    def f(x: Tensor, *weights: Tensor) -> Tensor:
        p = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights, strict=True))
        state = tuple(torch.zeros(2, 3, dtype=torch.float64) for _ in cell.state)
        return recurrent(cell, x, state, p, reverse=False)[0]

    assert torch.autograd.gradcheck(f, (x, *model.parameters()))


def test_two_backward_passes_through_one_graph_give_the_same_twice() -> None:
    model = LSTM(3, 5, backend="fused")
    x = torch.randn(6, 2, 3, requires_grad=True)
    loss = model(x)[0].square().sum()
    first = torch.autograd.grad(loss, [x, *model.parameters()], retain_graph=True)
    second = torch.autograd.grad(loss, [x, *model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


@pytest.mark.few(2)
@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_second_derivatives_are_those_of_the_equations(cell: Cell) -> None:
    """The kernel has none: a backward pass that is differentiated goes by the equations, wholly."""
    torch.manual_seed(0)
    model = Recurrent(cell, 2, 3, dtype=torch.float64, backend="fused")
    x = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x, *weights: model(x)[0], (x, *model.parameters()))


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_inputs_and_gradients_of_any_layout_are_read_right(cell: Cell) -> None:
    torch.manual_seed(1)
    model = Recurrent(cell, 6, 20, backend="fused")
    x = torch.randn(5, 3, 6)
    layouts = [x, x.transpose(0, 1).contiguous().transpose(0, 1), x.permute(2, 0, 1).contiguous().permute(1, 2, 0)]
    layouts.append(torch.stack([x, x], dim=-1)[..., 0])
    results = []
    for layout in layouts:
        layout = layout.detach().requires_grad_()
        output = model(layout)[0]
        loss = output.sum() + (output[:, :, ::2] * 2).sum() + output.transpose(0, 1)[-1].sum()  # expanded, strided
        results.append(torch.autograd.grad(loss, [layout, *model.parameters()]))
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))
    expanded = torch.ones(1, 1, 6).expand(5, 3, 6)
    assert torch.equal(model(expanded)[0], model(expanded.contiguous())[0])


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("cell", CELLS[:4], ids=name)
def test_large_inputs_saturate_without_nan(cell: Cell, dtype: torch.dtype) -> None:
    model = Recurrent(cell, 2, 19, dtype=dtype, backend="fused")
    for size in (1e3, 1e30):
        x = torch.tensor([size, -size], dtype=dtype).expand(4, 3, 2).clone().requires_grad_()
        output, _ = model(x)
        output.sum().backward()
        assert output.isfinite().all()
        assert output.abs().max() <= 1
        gradients = [t.grad for t in (x, *model.parameters()) if t.grad is not None]
        assert len(gradients) == 5
        assert all(g.isfinite().all() for g in gradients)


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_not_a_number_stays_one_and_in_its_own_sequence(cell: Cell) -> None:
    x = torch.zeros(3, 2, 2)
    x[1, 0, 0] = torch.nan
    output, _ = Recurrent(cell, 2, 5, backend="fused")(x)
    assert output[1:, 0].isnan().any()
    assert output[:, 1].isfinite().all()


def test_denormals_are_harmless_and_the_processor_is_left_as_found() -> None:
    model = LSTM(2, 20, backend="fused")
    x = torch.full((5, 3, 2), 1e-41, requires_grad=True)
    output, _ = model(x, (torch.full((1, 3, 20), 1e-41), torch.full((1, 3, 20), 1e-41)))
    (output * 1e-38).sum().backward()
    assert output.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert float(torch.tensor(1e-41) * 1.0) > 0  # denormals still exist outside


@pytest.mark.parametrize("wanted", [("x",), ("weight_hh_l0",), ("bias_ih_l0", "bias_hh_l0"), ("weight_ih_l0", "x")])
@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_only_wanted_gradients_are_made(cell: Cell, wanted: tuple[str, ...]) -> None:
    model = Recurrent(cell, 3, 18, backend="fused")
    x = torch.randn(9, 4, 3)
    full = x.clone().requires_grad_()
    model(full)[0].sin().sum().backward()
    expected = {"x": full.grad} | {n: p.grad for n, p in model.named_parameters()}
    for n, p in model.named_parameters():
        p.grad = None
        p.requires_grad_(n in wanted)
    x.requires_grad_("x" in wanted)
    model(x)[0].sin().sum().backward()
    got = {"x": x.grad} | {n: p.grad for n, p in model.named_parameters()}
    for n, gradient in got.items():
        if n in wanted:
            assert gradient is not None
            assert torch.equal(gradient, expected[n])
        else:
            assert gradient is None


def test_a_loss_on_the_last_state_alone() -> None:
    model = LSTM(3, 20, backend="fused")
    reference = torch.nn.LSTM(3, 20)
    reference.load_state_dict(model.state_dict())
    x = torch.randn(9, 4, 3)
    model(x)[1][1].sin().sum().backward()
    reference(x)[1][1].sin().sum().backward()
    for a, b in zip(model.parameters(), reference.parameters(), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        assert error(a.grad, b.grad) < 1e-5
