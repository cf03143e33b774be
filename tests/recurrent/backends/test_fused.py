"""The fused kernel against torch.nn in float64, or the eager equations in float64 where torch lacks the cell."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest
import torch
from places import ROOT
from torch import Tensor

from rnnbench.cells.base import Cell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.errors import UsageError
from rnnbench.recurrent import backends
from rnnbench.recurrent.backends import fused, kernel, workspace
from rnnbench.recurrent.layers import LSTM, Recurrent

CELLS = (LSTMCell(), GRUCell(), GRUResetBeforeCell(), RNNCell("tanh"), RNNCell("relu"))
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
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


def name(cell: Cell) -> str:
    return type(cell).__name__ + getattr(cell, "nonlinearity", "")


def error(a: Tensor, b: Tensor) -> float:
    a, b = a.detach().double(), b.detach().double()
    return float((a - b).norm() / b.norm().clamp_min(1e-30))


def everything(model: Recurrent, x: Tensor, state: list[Tensor], upstream: list[Tensor]) -> list[Tensor]:
    """Output, last states, and the gradients of input, initial states and parameters."""
    dtype = next(model.parameters()).dtype
    x = x.detach().to(dtype).clone().requires_grad_()
    state = [s.detach().to(dtype).clone().requires_grad_() for s in state]
    output, last = model(x, tuple(state) if len(state) > 1 else state[0])
    results = [output, *(last if isinstance(last, tuple) else (last,))]
    torch.autograd.backward(results, [u.to(dtype) for u in upstream])
    gradients = [t.grad for t in (x, *state, *model.parameters())]
    assert all(g is not None for g in gradients)
    return [*results, *(g for g in gradients if g is not None)]


def problem(cell: Cell, shape: tuple, dtype: torch.dtype) -> tuple[Recurrent, Recurrent, Tensor, list, list]:
    """The fused layer, its reference with the same weights, an input, states, and gradients to send back."""
    T, B, inputs, H, layers, bidirectional, bias, batch_first = shape
    torch.manual_seed(T + H)
    options = {"bias": bias, "bidirectional": bidirectional, "batch_first": batch_first}
    model = Recurrent(cell, inputs, H, layers, dtype=dtype, backend="fused", **options)
    reference = Recurrent(
        cell, inputs, H, layers, dtype=torch.float64, backend="torch" if cell.torch_mode else "eager", **options
    )
    reference.load_state_dict(model.state_dict())
    lead, D = ((B, T) if batch_first else (T, B)), 2 if bidirectional else 1
    x = torch.randn(*lead, inputs, dtype=dtype)
    state = [torch.randn(layers * D, B, H, dtype=dtype) for _ in cell.state]
    upstream = [torch.randn(*lead, D * H, dtype=dtype), *(torch.randn_like(s) for s in state)]
    return model, reference, x, state, upstream


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_every_tensor_matches_the_reference(cell: Cell, shape: tuple, dtype: torch.dtype, threads: int) -> None:
    torch.set_num_threads(threads)
    model, reference, *given = problem(cell, shape, dtype)
    for a, b in zip(everything(model, *given), everything(reference, *given), strict=True):
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


def test_an_unknown_instruction_set_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNBENCH_ISA", "mmx")
    with pytest.raises(UsageError, match="RNNBENCH_ISA=mmx"):
        LSTM(2, 3, backend="fused")(torch.zeros(1, 1, 2))


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_gradients_agree_with_finite_differences(cell: Cell) -> None:
    torch.manual_seed(0)
    model = Recurrent(cell, 2, 3, dtype=torch.float64, backend="fused")
    x = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)

    def f(x: Tensor, *weights: Tensor) -> Tensor:
        p = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights, strict=True))
        state = tuple(torch.zeros(2, 3, dtype=torch.float64) for _ in cell.state)
        return fused.run_layer(cell, x, state, p, reverse=False)[0]

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


def test_double_backward_is_refused_in_one_line() -> None:
    """At once, when its graph is asked for: a loss that mixes the outputs with a gradient penalty would else be
    differentiated in part and without a word."""
    model = LSTM(3, 5, backend="fused")
    x = torch.randn(6, 2, 3, requires_grad=True)
    with pytest.raises(RuntimeError) as caught:
        torch.autograd.grad(model(x)[0].square().sum(), x, create_graph=True)
    assert "cannot be differentiated twice" in str(caught.value)
    assert "\n" not in str(caught.value)


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


def saved_bytes(model: Recurrent, x: Tensor) -> int:
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        sizes[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x)
    return sum(sizes.values())


def test_without_gradients_nothing_is_saved() -> None:
    model, x = LSTM(2, 8, backend="fused"), torch.randn(50, 3, 2)
    with torch.no_grad():
        output, (h, c) = model(x)
        assert saved_bytes(model, x) == 0
    assert output.grad_fn is None
    model.requires_grad_(False)
    assert saved_bytes(model, x) == 0
    model.requires_grad_(True)
    assert saved_bytes(model, x) >= 50 * 3 * 8 * 6 * 4  # i, f, g, o, c and h
    with_grad, (h_2, c_2) = model(x)
    assert torch.equal(output, with_grad)
    assert torch.equal(h, h_2)
    assert torch.equal(c, c_2)


@pytest.mark.parametrize("cell", CELLS[:2], ids=name)
def test_saves_no_more_than_torch(cell: Cell) -> None:
    x = torch.randn(100, 32, 2)
    bytes_of = {b: saved_bytes(Recurrent(cell, 2, 64, backend=b), x) for b in ("fused", "torch")}
    assert bytes_of["fused"] <= bytes_of["torch"]


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


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_bit_identical_whatever_ran_before(cell: Cell, threads: int) -> None:
    torch.set_num_threads(threads)
    model, _, *given = problem(cell, (60, 33, 5, 70, 1, False, True, False), torch.float32)
    first = everything(model, *given)
    for parameter in model.parameters():
        parameter.grad = None
    for size in (61, 70, 90):  # leave other numbers in the memory that will be used again
        other = Recurrent(cell, 7, size, backend="fused")
        other(torch.full((60, 33, 7), torch.nan))[0].sum().backward()
    second = everything(model, *given)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_outputs_and_graphs_that_are_kept_are_not_overwritten() -> None:
    model = LSTM(2, 64, backend="fused")
    x = torch.randn(100, 16, 2)
    kept = [model(x * k)[0] for k in range(3)]
    copies = [output.detach().clone() for output in kept]
    for _ in range(3):
        model(torch.randn(100, 16, 2))[0].sum().backward()
    assert all(torch.equal(a, b) for a, b in zip(kept, copies, strict=True))
    reference = LSTM(2, 64, backend="fused")
    reference.load_state_dict(model.state_dict())
    model.zero_grad()
    kept[2].sum().backward()
    reference(x * 2)[0].sum().backward()
    for a, b in zip(model.parameters(), reference.parameters(), strict=True):
        assert torch.equal(a.grad, b.grad)  # type: ignore[arg-type]


def test_memory_is_used_again_once_nobody_holds_it() -> None:
    first = workspace.empty((123, 4567), torch.float32)
    address = first.data_ptr()
    view = first[3:]
    del first
    other = workspace.empty((123, 4567), torch.float32)
    assert other.data_ptr() != address
    del view
    assert workspace.empty((123, 4567), torch.float32).data_ptr() == address


def test_works_in_a_forked_child() -> None:
    script = """
import os, torch, rnnbench
torch.set_num_threads(2)
model, x = rnnbench.GRU(8, 64, backend="fused"), torch.randn(50, 32, 8)
expected = model(x)[0]
child = os.fork()
if child == 0:
    with torch.no_grad():
        output = model(x)[0]
    torch.set_num_threads(1)  # torch's own operators would wait for the parent's workers
    os._exit(0 if torch.equal(output, expected) else 1)
raise SystemExit(os.waitpid(child, 0)[1])
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=100, cwd=ROOT)


def test_a_subclass_may_have_other_equations_so_it_has_no_kernel() -> None:
    class Mine(LSTMCell):
        pass

    assert fused.unsupported(Mine(), torch.device("cpu"), torch.float32)
    assert fused.unsupported(LSTMCell(), torch.device("cpu"), torch.float16)
    assert fused.unsupported(LSTMCell(), torch.device("meta"), torch.float32)


def test_auto_steps_aside_where_packing_the_weights_costs_more_than_it_saves() -> None:
    chosen = [cell_backend(T, B, H) for T, B, H in ((20, 1, 1024), (50, 1, 1024), (20, 4, 1024), (20, 1, 64))]
    assert chosen == ["fused"] * 4
    with torch.no_grad():
        chosen = [cell_backend(T, B, H) for T, B, H in ((20, 1, 1024), (50, 1, 1024), (20, 4, 1024), (20, 1, 64))]
    assert chosen == ["torch", "fused", "fused", "fused"]


def cell_backend(T: int, B: int, H: int) -> str:
    return backends.choose("auto", GRUCell(), torch.device("cpu"), torch.float32, (T, B, 2, H))


def test_a_state_of_another_dtype_is_refused() -> None:
    model, x = LSTM(2, 3, backend="fused"), torch.zeros(1, 1, 2)
    state = (torch.zeros(1, 1, 3, dtype=torch.float64), torch.zeros(1, 1, 3, dtype=torch.float64))
    with pytest.raises((RuntimeError, ValueError), match="float32"):
        model(x, state)
    with torch.autocast("cpu"):
        assert model(x.bfloat16())[0].dtype == torch.float32


def test_without_a_kernel_the_others_take_over_and_say_so_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernel, "library", lambda: None)
    backends.say_what_is_missing.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            model = LSTM(2, 3, backend="auto")
            assert model.used_backend == "torch"
            model(torch.zeros(1, 1, 2))
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "not compiled" in said
    with pytest.raises(UsageError, match=r"backend=fused: .*not compiled"):
        LSTM(2, 3, backend="fused")
    backends.say_what_is_missing.cache_clear()


@pytest.mark.slow
def test_the_native_tests_pass_under_sanitizers() -> None:
    if subprocess.run(["which", "g++"], capture_output=True).returncode:
        pytest.skip("no g++")
    subprocess.run(["bash", str(ROOT / "scripts" / "sanitize")], check=True, cwd=ROOT, env=os.environ)
