"""Under what a layer is called: autocast, inference mode, classes and modes that watch torch, default dtypes."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch
from beside_torch import B, H, I
from same_use import IN_TURN, KINDS, Layers, assert_same_use, gradients, tensors, trained
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence
from torch.overrides import TorchFunctionMode
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils._python_dispatch import TorchDispatchMode

torch.backends.__allow_nonbracketed_mutation_flag = True  # before 2.9 that import of TwoTensor forbids to set a switch
TWO = {"num_layers": 2, "bidirectional": True}


class Tagged(Tensor):
    """A class of its own, as users make one."""


class Logged(Tensor):
    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        logging.debug("%s", func)
        return super().__torch_function__(func, types, args, kwargs or {})


def use_inference_mode(layers: Layers) -> Any:
    with torch.inference_mode():
        found = tensors(layers(**TWO)(layers.x(), layers.state(4, B, H)))
    return found, [t.is_inference() for t in found], [t.requires_grad for t in found]


def use_inference_tensors_outside(layers: Layers) -> Any:
    layer = layers().requires_grad_(False)
    with torch.inference_mode():
        x = layers.x()
    return [(t, t.is_inference()) for t in tensors(layer(x))]


def use_inference_tensors_in_training(layers: Layers) -> Any:
    with torch.inference_mode():
        x = layers.x()
    layers()(x)[0].sum().backward()


def use_inference_parameters(layers: Layers) -> Any:
    with torch.inference_mode():
        layer = layers()
    return [(t, t.is_inference(), t.requires_grad) for t in tensors(layer(layers.x()))]


def use_inference_parameters_with_gradient_of_x(layers: Layers) -> Any:
    with torch.inference_mode():
        layer = layers().requires_grad_(False)
    return layer(layers.x().requires_grad_())[0].sum().backward()


def use_inference_output_in_training(layers: Layers) -> Any:
    with torch.inference_mode():
        state = layers()(layers.x())[1]
    layers()(layers.x(), state)[0].sum().backward()


def use_modes_of_gradients(layers: Layers) -> Any:
    layer, x, found = layers(), layers.x(), []
    with torch.no_grad():
        found.append(layer(x)[0].requires_grad)
        with torch.enable_grad():
            found.append(layer(x)[0].requires_grad)
        found.append(layer(x.clone().requires_grad_())[0].requires_grad)
    with torch.set_grad_enabled(False):
        found.append(layer(x)[0].requires_grad)
    return found, layer.eval()(x)[0].requires_grad


def autocast(name: str, dtype: torch.dtype, packed: bool = False, grad: bool = True) -> Any:
    """Between layers that autocast too: dtypes, numbers, and that results go together with theirs."""

    def use(layers: Layers) -> Any:
        layer, before = layers(**TWO), nn.Linear(I, I, dtype=layers.dtype)
        nn.init.constant_(before.weight, 0.1)
        x = layers.x().requires_grad_()
        with torch.set_grad_enabled(grad), torch.autocast("cpu", dtype=dtype):
            y = before(x)
            output, state = layer(pack_sequence(list(y.unbind(1))) if packed else y)
            found = [*tensors((output.data if packed else output, state)), layer(x)[0]]
            rows = found[0].flatten(0, -2)
            found.append(torch.cat((rows, nn.functional.linear(rows, rows[:2])), -1))
        if grad:
            sum(t.float().sum() for t in found).backward()
        return [t.detach() for t in found], [g is not None and g.dtype for g in gradients(layer, x)]

    use.__name__ = f"use_autocast_{name}"
    return use


def use_autocast_switched_off_inside(layers: Layers) -> Any:
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.autocast("cpu", enabled=False):
        return trained(layers(), layers.x())


def use_autocast_with_a_state(layers: Layers) -> Any:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        first = layers()(layers.x())
        return [t.dtype for t in tensors(layers()(layers.x(), first[1]))]


def use_autocast_of_another_device(layers: Layers) -> Any:
    with torch.autocast("cuda", dtype=torch.float16):
        return tensors(layers()(layers.x()))


def subclass(name: str, of: Any) -> Any:
    def use(layers: Layers) -> Any:
        layer = layers(**TWO)
        found = tensors(layer(of(layers.x())))
        sum(t.square().sum() for t in found).backward()
        numbers = [t.detach().as_subclass(Tensor) for t in (*found, *gradients(layer))]
        return [type(t).__name__ for t in found], numbers

    use.__name__ = f"use_{name}"
    return use


def use_parameters_of_a_class_of_their_own(layers: Layers) -> Any:
    class Marked(nn.Parameter):
        pass

    layer = layers()
    for name, p in list(layer.named_parameters()):
        setattr(layer, name, Marked(p.detach()))
    return trained(layer, layers.x())


def use_two_tensors(layers: Layers) -> Any:
    layer, x = layers(), TwoTensor(layers.x(), layers.x(seed=1))
    state = [TwoTensor(t, 2 * t) for t in tensors((x, layers.state()))[1:]]
    output, _ = layer(x, tuple(state) if layers.has_cell else state[0])
    return type(output).__name__, output.a.detach(), output.b.detach()


def use_two_tensor_parameters(layers: Layers) -> Any:
    layer = layers()
    for name, p in list(layer.named_parameters()):
        setattr(layer, name, nn.Parameter(TwoTensor(p.detach().clone(), 2 * p.detach())))
    output, _ = layer(layers.x())
    output.sum().backward()
    return type(output).__name__, output.a.detach(), output.b.detach(), layer.weight_hh_l0.grad.a


def use_function_mode(layers: Layers) -> Any:
    class Counting(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return func(*args, **(kwargs or {}))

    with Counting():
        return trained(layers(), layers.x())


def use_dispatch_mode(layers: Layers) -> Any:
    class Seeing(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return func(*args, **(kwargs or {}))

    with Seeing():
        return trained(layers(**TWO), layers.x())


def use_default_dtype(layers: Layers) -> Any:
    torch.set_default_dtype(torch.float64)
    try:
        torch.manual_seed(0)
        layer = layers.constructor(I, H)
        return layer.weight_ih_l0.dtype, trained(layer, layers.x().double())
    finally:
        torch.set_default_dtype(torch.float32)


USES = [
    *(v for n, v in list(globals().items()) if n.startswith("use_")),
    autocast("bf16", torch.bfloat16),
    autocast("fp16", torch.float16),
    autocast("packed", torch.bfloat16, packed=True),
    autocast("no_grad", torch.bfloat16, grad=False),
    subclass("subclass", lambda x: x.as_subclass(Tagged)),
    subclass("logging_subclass", lambda x: x.as_subclass(Logged)),
]


@pytest.mark.few(44)
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize("kind", KINDS)
def test_used_as_torchs(use: Any, kind: str, dtype: str) -> None:
    assert_same_use(use, kind, dtype)
