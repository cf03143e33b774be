"""Results, weights and gradients that are changed in place, resized or freed between forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from beside_torch import B, H, I, T
from same_use import IN_TURN, KINDS, Layers, assert_same_use, gradients, tensors, trained
from torch import Tensor

CHANGES: dict[str, Callable[[Tensor], Any]] = {
    "relu_": torch.relu_,
    "inplace relu": lambda out: F.relu(out, inplace=True),
    "inplace leaky relu": lambda out: F.leaky_relu(out, inplace=True),
    "inplace dropout": lambda out: (torch.manual_seed(1), F.dropout(out, 0.5, inplace=True)),
    "mul_": lambda out: out.mul_(2),
    "div_": lambda out: out.div_(2),
    "add_": lambda out: out.add_(out.detach().clone()),
    "sigmoid_": torch.sigmoid_,
    "clamp_": lambda out: out.clamp_(-0.1, 0.1),
    "masked_fill_": lambda out: out.masked_fill_(out > 0, 0.5),
    "zero_": torch.zero_,
    "one step": lambda out: out[0].mul_(3),
    "one row set": lambda out: out.__setitem__((slice(None), 0), 1.0),
    "index_add_": lambda out: out.index_add_(0, torch.tensor([0]), torch.ones_like(out[:1])),
    "copy_": lambda out: out.copy_(torch.ones_like(out)),
    "without grad": lambda out: out.detach().mul_(2),
    "transpose_": lambda out: out.transpose_(0, 1),
    "unsqueeze_": lambda out: out.unsqueeze_(0),
    "detach_": lambda out: out.detach_(),
    "requires_grad_": lambda out: out.requires_grad_(),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "batch first": {"batch_first": True},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
    "no bias": {"bias": False},
}
FIRST = ("plain", "two layers, both directions")  # the others with --slow


def changed(change: str, which: str, settings: str) -> Callable[[Layers], Any]:
    def use(layers: Layers) -> Any:
        layer, x = layers(**SETTINGS[settings]), layers.x().requires_grad_()
        output, state = layer(x)
        h, *c = (state,) if isinstance(state, Tensor) else state
        CHANGES[change](dict(zip(("output", "h", "c"), (output, h, *c), strict=False))[which])
        sum(t.square().sum() for t in (output, h, *c) if t.requires_grad).backward()
        return gradients(layer, x), output.detach(), h.detach()

    return use


@pytest.mark.few(120)
@pytest.mark.parametrize("settings", [name if name in FIRST else pytest.param(name, marks=pytest.mark.slow)
                                      for name in SETTINGS])  # fmt: skip
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize(("kind", "which"), [*((kind, w) for kind in KINDS for w in ("output", "h")), ("LSTM", "c")])
def test_results_changed_in_place_before_backward(
    kind: str, dtype: str, change: str, which: str, settings: str
) -> None:
    assert_same_use(changed(change, which, settings), kind, dtype, more=True)


def use_truncated_backpropagation(layers: Layers) -> Any:
    layer, state, found = layers(), None, []
    for x in layers.x(9, B, I).split(3):
        output, state = layer(x, state)
        output.square().sum().backward()
        for s in (state,) if isinstance(state, Tensor) else state:
            s.detach_()
        found.append(gradients(layer)[0].clone())
    return found


def use_truncated_backpropagation_without_batch(layers: Layers) -> Any:
    layer, x = layers(num_layers=2), layers.x(T, I)
    for s in tensors(layer(x))[1:]:
        s.detach_()


def use_state_fed_back_with_its_graph(layers: Layers) -> Any:
    layer, x = layers(), layers.x()
    _, state = layer(x[:3])
    return trained(layer, x[3:], state)


def weight_changed(name: str) -> Callable[[Layers], Any]:
    def use(layers: Layers) -> Any:
        layer, x = layers(), layers.x().requires_grad_()
        output, _ = layer(x)
        with torch.no_grad():
            getattr(layer, name).add_(1)
        output.square().sum().backward()
        return gradients(layer, x)

    use.__name__ = f"use_{name}_changed"
    return use


def use_optimizer_step_between(layers: Layers) -> Any:
    layer = layers()
    optimizer = torch.optim.SGD(layer.parameters(), 0.1)
    first, second = layer(layers.x())[0].sum(), layer(layers.x(seed=1))[0].sum()
    first.backward()
    optimizer.step()
    second.backward()


def use_input_changed_in_place(layers: Layers) -> Any:
    layer, x = layers(), layers.x()
    output, _ = layer(x)
    x.mul_(2)
    output.sum().backward()
    return gradients(layer)


def use_data_of_weights_changed(layers: Layers) -> Any:
    layer = layers()
    layer(layers.x())[0].sum()
    layer.weight_hh_l0.data.mul_(2)
    layer.bias_ih_l0.data.mul_(2)
    return trained(layer, layers.x())


def use_resized_results(layers: Layers) -> Any:
    layer, found = layers(), []
    with torch.no_grad():
        for t in tensors(layer(layers.x())):
            found.append(t.resize_(2 * T, B, H).shape)
            t.untyped_storage().resize_(0)
            found.append(t.untyped_storage().nbytes())
    return found


def use_resized_large_results(layers: Layers) -> Any:
    layer, found = layers(I, 64), []
    with torch.no_grad():
        for t in tensors(layer(layers.x(100, 50, I))):
            found.append(t.resize_(200, 50, 64).shape)
            t.untyped_storage().resize_(0)
    return found


def use_resized_gradients(layers: Layers) -> Any:
    layer, x = layers(), layers.x().requires_grad_()
    layer(x)[0].sum().backward()
    return [g.resize_(2 * g.numel()).shape for g in gradients(layer, x)]


def use_backward_twice_with_output_changed(layers: Layers) -> Any:
    layer, x = layers(), layers.x().requires_grad_()
    output = layer(x)[0]
    loss = output.relu_().sum()
    loss.backward(retain_graph=True)
    loss.backward()
    return gradients(layer, x)


def use_saved_tensors_that_may_be_changed(layers: Layers) -> Any:
    layer, x = layers(), layers.x()
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        output, _ = layer(x)
        x.zero_()
        output.square().sum().backward()
    return gradients(layer)


USES = [
    *(value for name, value in list(globals().items()) if name.startswith("use_")),
    *(weight_changed(name) for name in ("bias_ih_l0", "bias_hh_l0", "weight_ih_l0", "weight_hh_l0")),
]
MORE = {"use_bias_ih_l0_changed", "use_bias_hh_l0_changed", "use_backward_twice_with_output_changed"}
"""torch.nn refuses some of these, ours none."""


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize("kind", KINDS)
def test_used_as_torchs(use: Any, kind: str, dtype: str) -> None:
    assert_same_use(use, kind, dtype, more=use.__name__ in MORE)


@pytest.mark.parametrize("kind", KINDS)
def test_bias_and_output_changed_is_an_error(kind: str) -> None:
    """The output is found again by the bias: docs/drop_in.md."""
    layers = Layers(*KINDS[kind], torch.float32)
    layer = layers()
    output, _ = layer(layers.x())
    output.mul_(2)
    with torch.no_grad():
        layer.bias_ih_l0.add_(1)
    with pytest.raises(RuntimeError, match="changed after the forward pass"):
        output.sum().backward()
