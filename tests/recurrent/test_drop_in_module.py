"""What a layer is as a module: classes, attributes, methods, arguments, hooks, and what is derived from it."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import io
from typing import Any

import numpy as np
import pytest
import torch
from beside_torch import B, H, I, T
from same_use import IN_TURN, KINDS, Layers, assert_same_use, gradients, tensors, trained
from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin

TWO = {"num_layers": 2, "bidirectional": True}


def use_classes(layers: Layers) -> Any:
    layer = layers()
    return [isinstance(layer, c) for c in (nn.RNNBase, nn.LSTM, nn.GRU, nn.RNN, nn.RNNCellBase)]


def use_attributes(layers: Layers) -> Any:
    layer = layers(**TWO, dropout=0.5)
    names = (*layer.__constants__, "_flat_weights_names", "_all_weights", "training", "__jit_unused_properties__")
    return [getattr(layer, n) for n in names], layer._flat_weights, layer.all_weights, layer.__constants__


def use_all_attributes(layers: Layers) -> Any:
    ours = set(dir(layers()))
    return sorted(name for name in dir(layers.torchs(I, H)) if name not in ours)


def use_nonlinearity(layers: Layers) -> Any:
    return layers().nonlinearity


def use_repr(layers: Layers) -> Any:
    return repr(layers()), repr(layers(**TWO, dropout=0.5, bias=False, batch_first=True))


def use_methods_of_rnnbase(layers: Layers) -> Any:
    layer, x, state = layers(), layers.x(), layers.state()
    layer.flatten_parameters()
    layer.check_forward_args(x, state, None)
    layer.check_input(x, None)
    layer.check_hidden_size(state[0] if layers.has_cell else state, (1, B, H))
    back = torch.tensor([2, 0, 1])
    return (
        layer.get_expected_hidden_size(x, None),
        layer.get_expected_cell_size(x, None) if layers.has_cell else None,
        layer.permute_hidden(state, back),
        layer.permute_hidden(state, None),
        layer.get_expected_hidden_size(x[0], torch.tensor([3, 2])),
    )


def use_wrong_shape_in_check_input(layers: Layers) -> Any:
    layers().check_input(layers.x(T, B, I + 1), None)


def use_wrong_dtype_in_check_input(layers: Layers) -> Any:
    layers().check_input(layers.x().half(), None)


def use_wrong_size_in_check_hidden(layers: Layers) -> Any:
    layers().check_forward_args(layers.x(), layers.state(2, B, H), None)


def use_initialised_in_a_loop(layers: Layers) -> Any:
    whole = nn.Sequential(layers(**TWO))
    torch.manual_seed(1)
    for module in whole.modules():
        if isinstance(module, (nn.LSTM, nn.GRU, nn.RNN)):
            for name, p in module.named_parameters():
                if "weight_hh" in name:
                    nn.init.orthogonal_(p)
                elif "weight_ih" in name:
                    nn.init.xavier_uniform_(p)
                else:
                    nn.init.zeros_(p)
                    p.data[H : 2 * H].fill_(1)
            for weights in module.all_weights:
                weights[1].data.mul_(0.9)
            for layer_weights in module._flat_weights:
                layer_weights.data.add_(0.01)
    return whole.state_dict(), trained(whole[0], layers.x())


def use_apply(layers: Layers) -> Any:
    whole = nn.Sequential(layers())
    whole.apply(lambda m: m.reset_parameters() if isinstance(m, nn.RNNBase) else None)
    return whole.state_dict()


def sizes(sizes: Any, options: Any, name: str) -> Any:
    def use(layers: Layers) -> Any:
        if name == "numpy_inputs" and torch.__version__ < "2.13":
            pytest.skip("this release takes an input_size that is no int")
        return trained(layers(*sizes, **options), layers.x())

    use.__name__ = f"use_{name}"
    return use


def use_hooks(layers: Layers) -> Any:
    layer, seen = layers(), []
    layer.register_forward_pre_hook(lambda m, args: (args[0] * 2, *args[1:]))
    layer.register_forward_pre_hook(lambda m, args, kw: seen.append(sorted(kw)), with_kwargs=True)
    layer.register_forward_hook(lambda m, args, out: (out[0] + 1, out[1]))
    layer.register_forward_hook(lambda m, args, out: seen.append(len(tensors(out))), always_call=True)
    layer.register_full_backward_pre_hook(lambda m, g: seen.append([x is None for x in g]))
    layer.register_full_backward_hook(lambda m, gi, go: seen.append([x is None for x in (*gi, *go)]))
    x = layers.x().requires_grad_()
    layer(x, hx=layers.state())[0].square().sum().backward()
    return gradients(layer, x), seen


def use_old_backward_hook(layers: Layers) -> Any:
    layer, seen = layers(), []
    layer.register_backward_hook(lambda m, gi, go: seen.append(len(go)))
    return trained(layer, layers.x())


def use_summary(layers: Layers) -> Any:
    """What torchinfo and its like do."""
    whole, rows = nn.Sequential(layers(**TWO), nn.Identity()), []

    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        kind = next((c.__name__ for c in (nn.LSTM, nn.GRU, nn.RNN) if isinstance(module, c)), "")
        rows.append((type(module).__name__, kind, inputs[0].shape, sum(p.numel() for p in module.parameters())))

    whole[0].register_forward_hook(hook)
    whole(layers.x())
    return rows, [type(m).__name__ for m in whole.modules()], [n for n, _ in whole.named_modules()]


def use_subclass(layers: Layers) -> Any:
    class Mine(layers.constructor):
        def __init__(self) -> None:
            super().__init__(I, H, dtype=layers.dtype)
            self.scale = nn.Parameter(torch.full((1,), 2.0, dtype=layers.dtype))
            self.inner = nn.Linear(H, 2, dtype=layers.dtype)

        def forward(self, input: Tensor, hx: Any = None) -> Any:
            output, state = super().forward(input, hx)
            return self.inner(output * self.scale), state

    torch.manual_seed(0)
    layer = Mine()
    layer.reset_parameters()
    return trained(layer, layers.x()), list(layer.state_dict())


def use_torchs_own_forward(layers: Layers) -> Any:
    return tensors(layers.torchs.forward(layers(**TWO), layers.x()))


def use_lazy(layers: Layers) -> Any:
    class Lazy(LazyModuleMixin, layers.constructor):
        def __init__(self) -> None:
            super().__init__(I, H, dtype=layers.dtype)
            self.scale = nn.UninitializedParameter()

        def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
            with torch.no_grad():
                self.scale.materialize((1,))
                self.scale.fill_(1)

        def reset_parameters(self) -> None:
            pass

    whole = nn.Sequential(nn.LazyLinear(I, dtype=layers.dtype), layers())
    torch.manual_seed(0)
    lazy = Lazy()
    lazy(layers.x())
    return whole(layers.x(T, B, 7))[0].shape, lazy.scale.detach()


def use_in_containers(layers: Layers) -> Any:
    stack = nn.ModuleList([layers(), layers(H, H)])
    table = nn.ModuleDict({"a": stack[0]})
    return list(nn.Sequential(stack, table).state_dict()), [n for n, _ in stack.named_parameters()]


SIZES: dict[str, tuple[Any, dict[str, Any]]] = {
    "numpy_layers": ((I, H), {"num_layers": np.int64(2)}),
    "numpy_inputs": ((np.int64(I), H), {}),
    "numpy_hidden": ((I, np.int64(H)), {}),
    "tensor_layers": ((I, H), {"num_layers": torch.tensor(2)}),
    "bool_layers": ((I, H), {"num_layers": True}),
    "str_layers": ((I, H), {"num_layers": "2"}),
    "numpy_dropout": ((I, H), {"num_layers": 2, "dropout": np.float32(0.0)}),
    "int_dropout": ((I, H), {"num_layers": 2, "dropout": 0}),
    "str_dropout": ((I, H), {"num_layers": 2, "dropout": "0"}),
    "int_bidirectional": ((I, H), {"bidirectional": 1}),
    "none_bidirectional": ((I, H), {"bidirectional": None}),
    "none_layers": ((I, H), {"num_layers": None}),
    "none_dropout": ((I, H), {"dropout": None}),
    "bool_inputs": ((True, H), {}),
    "numpy_bias": ((I, H), {"bias": np.bool_(True)}),
    "one_size": ((I,), {}),
    "no_device": ((I, H), {"device": "nowhere"}),
    "int_dtype": ((I, H), {"dtype": torch.int64}),
    "complex_dtype": ((I, H), {"dtype": torch.complex64}),
    "device": ((I, H), {"device": torch.device("cpu")}),
}
USES = [
    *(v for n, v in list(globals().items()) if n.startswith("use_")),
    *(sizes(*given, name) for name, given in SIZES.items()),
]
MORE = {"use_bool_layers", "use_int_bidirectional", "use_none_bidirectional"}  # torch.nn refuses them when called


@pytest.mark.few(76)
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize("kind", KINDS)
def test_used_as_torchs(use: Any, kind: str, dtype: str) -> None:
    assert_same_use(use, kind, dtype, more=use.__name__ in MORE)


@pytest.mark.parametrize("kind", KINDS)
def test_every_argument_goes_by_position(kind: str) -> None:
    """So the older ONNX exporter gives them, with the defaults that it finds in the signature."""
    layers = Layers(*KINDS[kind], torch.float32)
    defaults = [p.default for p in inspect.signature(layers().forward).parameters.values()][1:]
    for a, b in zip(tensors(layers()(layers.x(), *defaults)), tensors(layers()(layers.x())), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(torch.onnx.OnnxExporterError, match="not installed") if _no_onnx() else contextlib.nullcontext():
        torch.onnx.export(layers(), (layers.x(),), io.BytesIO(), dynamo=False)


def _no_onnx() -> bool:
    return importlib.util.find_spec("onnx") is None
