"""The layer under whatever looks at torch's operations: numbers of torch.nn in float64, never silence or garbage."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.flop_counter import FlopCounterMode
from two_layers import PAIRS, B, H, I, T, drawn, of_x, same, two_layers

from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.recurrent import kernel
from rnnbench.recurrent.layers import GRU, LSTM, Recurrent

pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")

AS_ONE_GRAPH = pytest.mark.skipif(
    torch.__version__ < "2.13", reason="earlier releases refuse it or leave our operator out"
)


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[nn.Module, nn.Module]:
    return two_layers(request.param)


def test_an_eager_call_runs_the_kernel(pair: tuple) -> None:
    output, _ = Recurrent(pair[0].cell, I, H)(torch.randn(T, B, I))
    assert output.grad_fn.name() == "_LayerBackward"


def test_meta_tensors_and_devices(pair: tuple) -> None:
    model, reference = pair
    x = drawn(T, B, I)
    expected = reference(x)[0]
    with torch.device("meta"):
        same(model(x)[0], expected)
        other = type(model)(I, H)
    assert other(x.float().to("meta"))[0].shape == (T, B, H)
    torch.set_default_device("meta")
    try:
        same(model(x)[0], expected)
        model(x)[0].sum().backward()
    finally:
        torch.set_default_device(None)
    reference(x)[0].sum().backward()
    for a, b in zip(model.parameters(), reference.parameters(), strict=True):
        same(a.grad, b.grad)


def test_fake_tensors(pair: tuple) -> None:
    model, _ = pair
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        x = mode.from_tensor(drawn(T, B, I)).requires_grad_()
        output, _ = model(x)
        output.sum().backward()
    assert output.shape == (T, B, 2 * H) and x.grad.shape == x.shape
    assert type(output) is type(x)
    with FakeTensorMode() as mode:
        inner = type(model)(I, H)
        assert inner(torch.empty(T, B, I))[1] is not None


@pytest.mark.few(3)
@pytest.mark.parametrize("tracing", ["real", "fake", "symbolic"])
def test_make_fx_records_what_it_computes(pair: tuple, tracing: str) -> None:
    model, reference = pair
    graph = make_fx(of_x(model), tracing_mode=tracing, _allow_non_fake_inputs=True)(drawn(T, B, I))
    x = drawn(T, B, I, seed=1)
    same(graph(x), reference(x)[0])


def test_make_fx_of_a_training_step(pair: tuple) -> None:
    model, reference = pair

    def step(module: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(module(x)[0].square().sum(), list(module.parameters()))

    graph = make_fx(lambda x: step(model, x))(drawn(T, B, I))
    x = drawn(T, B, I, seed=1)
    same(graph(x), step(reference, x))


@pytest.mark.few(2)
@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=AS_ONE_GRAPH)])
def test_export(pair: tuple, strict: bool) -> None:
    model, reference = pair
    program = torch.export.export(model, (drawn(T, B, I),), strict=strict)
    x = drawn(T, B, I, seed=1)
    same(program.module()(x)[0], reference(x)[0])


@AS_ONE_GRAPH
def test_export_of_a_cell_that_torch_lacks() -> None:
    model = Recurrent(GRUResetBeforeCell(), I, H, dtype=torch.float64)
    program = torch.export.export(model, (drawn(T, B, I),))
    x = drawn(T, B, I, seed=1)
    same(program.module()(x)[0], model(x)[0])


@AS_ONE_GRAPH
@pytest.mark.few(2)
@pytest.mark.parametrize("grad", [False, True])
def test_compiled_whole(pair: tuple, grad: bool) -> None:
    """One graph with the operator in it; PyTorch's compiler refuses an nn.LSTM but where `allow_rnn` says otherwise."""
    model, reference = pair
    seen: list[str] = []

    def backend(graph: torch.fx.GraphModule, inputs: Any) -> Any:
        seen.extend(str(node.target) for node in graph.graph.nodes)
        return graph.forward

    torch.compiler.reset()
    with torch._dynamo.config.patch(allow_rnn=True), torch.set_grad_enabled(grad):
        compiled = torch.compile(model, fullgraph=True, backend=backend)
        for steps in (T, T + 2):
            x = drawn(steps, B, I)
            same(compiled(x)[0], reference(x)[0])
    assert "rnnbench.layer" in seen
    torch.compiler.reset()


@AS_ONE_GRAPH
def test_a_wide_layer_of_few_steps_for_which_torch_nn_is_taken_is_compiled_whole_too() -> None:
    """How many are few depends on the processor, which a compiler cannot be asked of."""
    torch.compiler.reset()
    model, x = GRU(3, 512), torch.randn(1, 1, 3)
    with torch._dynamo.config.patch(allow_rnn=True), torch.no_grad():
        compiled = torch.compile(model, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(x)[0], model(x)[0], atol=1e-5, rtol=0)
    torch.compiler.reset()


@AS_ONE_GRAPH
@pytest.mark.few(1)
def test_compiled_whole_by_aot_autograd(pair: tuple) -> None:
    model, reference = pair
    torch.compiler.reset()
    x = drawn(T, B, I)
    with torch._dynamo.config.patch(allow_rnn=True):
        compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
        compiled(x)[0].square().sum().backward()
    reference(x)[0].square().sum().backward()
    for a, b in zip(model.parameters(), reference.parameters(), strict=True):
        same(a.grad, b.grad)
    torch.compiler.reset()


@AS_ONE_GRAPH
def test_compiled_whole_of_a_cell_that_torch_lacks() -> None:
    """No switch is needed: it is no nn.LSTM."""
    model = Recurrent(GRUResetBeforeCell(), I, H, dtype=torch.float64)
    torch.compiler.reset()
    x = drawn(T, B, I)
    same(torch.compile(model, fullgraph=True, backend="aot_eager")(x)[0], model(x)[0])
    torch.compiler.reset()


def test_flops_are_those_of_the_products(pair: tuple) -> None:
    """2·T·B·G·H·(I + H) forward; backward again each product once for weights, and once for state and input."""
    cell = pair[0].cell
    layer = Recurrent(cell, I, H)
    x = torch.randn(T, B, I, requires_grad=True)
    G = len(cell.gates)
    forward = 2 * T * B * G * H * (I + H)
    with FlopCounterMode(display=False) as counted:
        output = layer(x)[0]
    assert counted.get_total_flops() == forward
    with FlopCounterMode(display=False) as counted:
        output.sum().backward()
    assert counted.get_total_flops() == 2 * forward


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_traced_and_scripted(pair: tuple) -> None:
    model, reference = pair
    x = drawn(T, B, I, seed=1)
    same(torch.jit.trace(model, drawn(T, B, I))(x)[0], reference(x)[0])
    same(torch.jit.script(nn.Sequential(model))[0](x)[0], reference(x)[0])


def test_fx_keeps_it_as_one_node(pair: tuple) -> None:
    class Whole(nn.Module):
        def __init__(self, layer: nn.Module):
            super().__init__()
            self.layer = layer

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(x)[0].relu()

    graph = torch.fx.symbolic_trace(Whole(pair[0]))
    assert [n.target for n in graph.graph.nodes if n.op == "call_module"] == ["layer"]
    same(graph(drawn(T, B, I)), Whole(pair[1])(drawn(T, B, I)))


def test_the_operator_by_itself_is_what_torch_asks_of_one() -> None:
    model = LSTM(I, H, dtype=torch.float64)
    h, c = drawn(B, H).requires_grad_(), drawn(B, H, seed=1).requires_grad_()
    arguments = (drawn(T, B, I).requires_grad_(), h, c, *model.parameters(), None, 0, False)
    torch.library.opcheck(
        torch.ops.rnnbench.layer_forward.default, tuple(a.detach() if isinstance(a, Tensor) else a for a in arguments)
    )
    torch.library.opcheck(
        torch.ops.rnnbench.layer.default, arguments, test_utils=("test_faketensor", "test_aot_dispatch_dynamic")
    )
    batched = torch.stack([arguments[0], 2 * arguments[0]]).detach()
    rest = [a.detach() if isinstance(a, Tensor) else a for a in arguments[1:]]
    found = torch.vmap(lambda x: torch.ops.rnnbench.layer_forward(x, *rest)[0])(batched)
    for x, output in zip(batched, found, strict=True):
        same(output, torch.ops.rnnbench.layer(x, *rest)[0])


def test_what_has_no_derivative_of_its_own_says_so() -> None:
    x = drawn(T, B, I).requires_grad_()
    arguments = (x, drawn(B, H), None, *GRU(I, H, dtype=torch.float64).parameters(), None, 1, False)
    with pytest.raises(RuntimeError, match=r"torch\.ops\.rnnbench\.layer"):
        torch.ops.rnnbench.layer_forward(*arguments)[0].sum().backward()
    with forward_ad.dual_level(), pytest.raises((RuntimeError, NotImplementedError)):
        torch.ops.rnnbench.layer_forward(forward_ad.make_dual(x.detach(), x.detach()), *arguments[1:])


@pytest.mark.slow
def test_onnx(pair: tuple, tmp_path: Path) -> None:
    """By the compiler's exporter, as a user exports torch.nn's; ONNX Runtime then gives what torch.nn gives."""
    pytest.importorskip("onnxscript", reason="torch.onnx.export needs onnxscript")
    runtime = pytest.importorskip("onnxruntime", reason="the model is run by onnxruntime")
    model, reference = pair[0].float(), pair[1].float()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(model, (torch.randn(T, B, I),), dynamo=True)
    program.save(str(tmp_path / "layer.onnx"))
    session = runtime.InferenceSession(str(tmp_path / "layer.onnx"), providers=["CPUExecutionProvider"])
    x = drawn(T, B, I, seed=1).float()
    output = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    torch.testing.assert_close(torch.from_numpy(output), reference(x)[0], rtol=1e-5, atol=1e-6)
