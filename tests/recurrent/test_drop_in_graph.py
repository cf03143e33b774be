"""What is done with the graph: which gradients are asked for, how often, by whom, and what is kept for them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from beside_torch import B, H, I, T
from same_use import IN_TURN, KINDS, Layers, assert_same_use, gradients, tensors, trained
from torch import Tensor
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


def use_backward_twice(layers: Layers) -> Any:
    layer, x = layers(), layers.x().requires_grad_()
    loss = layer(x)[0].square().sum()
    loss.backward(retain_graph=True)
    loss.backward()
    return gradients(layer, x)


def use_backward_twice_without_retaining(layers: Layers) -> Any:
    loss = layers()(layers.x())[0].square().sum()
    loss.backward()
    loss.backward()


def partial(*numbers: int, at: Any = slice(None)) -> Callable[[Layers], Any]:
    def use(layers: Layers) -> Any:
        layer, x = layers(num_layers=2, bidirectional=True), layers.x().requires_grad_()
        found = tensors(layer(x))
        sum(found[i % len(found)][at].square().sum() for i in numbers).backward()
        return gradients(layer, x)

    use.__name__ = f"use_only_{numbers}_at_{at}"
    return use


def use_one_layer_twice_in_a_graph(layers: Layers) -> Any:
    layer = layers()
    (layer(layers.x())[0] * layer(layers.x(seed=1))[0]).sum().backward()
    return gradients(layer)


def use_weights_of_one_layer_in_another(layers: Layers) -> Any:
    a, b = layers(), layers()
    b.weight_hh_l0 = a.weight_hh_l0
    (a(layers.x())[0] + b(layers.x(seed=1))[0]).square().sum().backward()
    return gradients(a), gradients(b)


def use_gradients_only_of_some(layers: Layers) -> Any:
    layer, x = layers(), layers.x().requires_grad_()
    loss = layer(x)[0].square().sum()
    return torch.autograd.grad(loss, [layer.bias_hh_l0, x], retain_graph=True), torch.autograd.grad(
        loss, [layer.weight_ih_l0, layers.x().requires_grad_()], allow_unused=True, materialize_grads=True
    )


def frozen(*names: str) -> Callable[[Layers], Any]:
    def use(layers: Layers) -> Any:
        layer = layers()
        for name in names:
            getattr(layer, name).requires_grad_(False)
        return trained(layer, layers.x())

    use.__name__ = f"use_frozen_{names}"
    return use


def use_nothing_requires_grad(layers: Layers) -> Any:
    output, _ = layers().requires_grad_(False)(layers.x())
    return output, output.requires_grad, output.is_leaf


def use_input_that_is_a_view(layers: Layers) -> Any:
    layer, base = layers(), layers.x(T, 2 * B, 2 * I).requires_grad_()
    layer(base[:, B:, ::2])[0].square().sum().backward()
    return gradients(layer, base)


def use_learned_initial_state(layers: Layers) -> Any:
    layer, start = layers(), layers.x(1, 1, H).requires_grad_()
    wide = start.expand(1, B, H)
    sum(t.square().sum() for t in tensors(layer(layers.x(), (wide, wide) if layers.has_cell else wide))).backward()
    return gradients(layer, start)


def use_gradient_that_is_expanded_or_strided(layers: Layers) -> Any:
    layer, x = layers(), layers.x().requires_grad_()
    output, _ = layer(x)
    output.backward(torch.ones((), dtype=output.dtype).expand_as(output), retain_graph=True)
    output.backward(layers.x(H, B, T).permute(2, 1, 0), retain_graph=True)
    output.backward(layers.x(T, B, 2 * H)[..., ::2])
    return gradients(layer, x)


def recomputed(reentrant: bool) -> Callable[[Layers], Any]:
    def use(layers: Layers) -> Any:
        layer, x = layers(num_layers=2, dropout=0.5), layers.x().requires_grad_()
        torch.manual_seed(3)
        output, state = checkpoint(layer, x, layers.state(2, B, H), use_reentrant=reentrant)
        sum(t.sum() for t in tensors((output, state))).backward()
        return gradients(layer, x)

    use.__name__ = f"use_checkpoint_reentrant_{reentrant}"
    return use


def use_checkpoint_sequential(layers: Layers) -> Any:
    class Output(torch.nn.Module):
        def forward(self, found: Any) -> Tensor:
            return found[0]

    whole = torch.nn.Sequential(layers(I, I), Output(), layers(I, I), Output())
    x = layers.x().requires_grad_()
    checkpoint_sequential(whole, 2, x, use_reentrant=False).sum().backward()
    return gradients(whole, x)


def use_saved_on_cpu(layers: Layers) -> Any:
    with torch.autograd.graph.save_on_cpu():
        return trained(layers(), layers.x())


def use_saved_elsewhere(layers: Layers) -> Any:
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach().numpy().copy(), torch.from_numpy):
        return trained(layers(num_layers=2), layers.x())


def use_saved_tensors_forbidden(layers: Layers) -> Any:
    def refuse(t: Tensor) -> Any:
        raise ValueError("not here")

    with torch.autograd.graph.saved_tensors_hooks(refuse, refuse):
        layers()(layers.x())


def use_anomaly_mode(layers: Layers) -> Any:
    with torch.autograd.detect_anomaly():
        return trained(layers(), layers.x())


def use_anomaly_mode_finds_nan(layers: Layers) -> Any:
    with torch.autograd.detect_anomaly():
        layers()(layers.x() * float("nan"))[0].sum().backward()


def use_deterministic_algorithms(layers: Layers) -> Any:
    torch.use_deterministic_algorithms(True)
    try:
        return trained(layers(num_layers=2, bidirectional=True), layers.x())
    finally:
        torch.use_deterministic_algorithms(False)


def use_hooks_of_tensors(layers: Layers) -> Any:
    layer, x, accumulated, several = layers(), layers.x().requires_grad_(), [], []
    layer.weight_hh_l0.register_hook(lambda g: g * 2)
    layer.bias_ih_l0.register_post_accumulate_grad_hook(lambda p: accumulated.append(p.grad.clone()))
    output, _ = layer(x)
    output.register_hook(lambda g: g + 1)
    output.retain_grad()
    torch.autograd.graph.register_multi_grad_hook((output, x), several.extend)
    output.square().sum().backward()
    return gradients(layer, x, output), accumulated, several


def use_leaves_of_the_graph(layers: Layers) -> Any:
    """What those find who draw a graph or look for unused parameters."""
    layer = layers(num_layers=2, batch_first=True)
    names, found, seen = {p: n for n, p in layer.named_parameters()}, set(), set()
    nodes: list[Any] = [t.grad_fn for t in tensors(layer(layers.x()))]
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        found.add(names.get(getattr(node, "variable", None), ""))
        nodes.extend(following for following, _ in node.next_functions)
    return sorted(found)


def use_freed_without_the_garbage_collector(layers: Layers) -> Any:
    layer = layers()
    gc.disable()
    try:
        output, state = layer(layers.x())
        held = [weakref.ref(t) for t in tensors((output, state))]
        del output, state
        return [ref() for ref in held]
    finally:
        gc.enable()


def use_under_a_profiler(layers: Layers) -> Any:
    with torch.profiler.profile() as profiler:
        found = trained(layers(), layers.x())
    return found, len(profiler.events()) > 0


def use_one_step_after_another(layers: Layers) -> Any:
    layer, state = layers(), None
    for step in layers.x(300, 1, I).split(1):
        output, state = layer(step, state)
    output.sum().backward()
    return gradients(layer)


def use_backward_on_inputs_alone(layers: Layers) -> Any:
    layer, x = layers(), layers.x().requires_grad_()
    layer(x)[0].square().sum().backward(inputs=[x, layer.weight_ih_l0])
    return gradients(layer, x)


def use_no_numbers(layers: Layers) -> Any:
    return trained(layers(), layers.x() * float("inf"))


def use_empty_batch(layers: Layers) -> Any:
    return trained(layers(num_layers=2), layers.x(T, 0, I))


def use_of_the_node(layers: Layers) -> Any:
    found = [t for first in (False, True) for t in tensors(layers(batch_first=first)(layers.x()))]
    return [(t.grad_fn is not None, t.is_leaf) for t in found]


USES = [
    *(value for name, value in list(globals().items()) if name.startswith("use_")),
    *(partial(*n) for n in ((0,), (1,), (2,), (0, 1), (1, 2))),
    *(partial(0, at=at) for at in (0, -1, (slice(None), 0), (Ellipsis, 0))),
    *(frozen(*n) for n in (("weight_hh_l0",), ("bias_ih_l0", "bias_hh_l0"), ("weight_ih_l0", "weight_hh_l0"))),
    *(recomputed(reentrant) for reentrant in (False, True)),
]


@pytest.mark.few(78)
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize("kind", KINDS)
def test_used_as_torchs(use: Any, kind: str, dtype: str) -> None:
    assert_same_use(use, kind, dtype)
