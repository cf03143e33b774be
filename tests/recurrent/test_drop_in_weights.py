"""Weights taken apart, put in, pruned, flattened and trained."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from beside_torch import I
from same_use import DTYPES, IN_TURN, KINDS, Layers, assert_same_use, gradients, tensors, trained
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune

TWO = {"num_layers": 2, "bidirectional": True}


def parametrized(method: Any, name: str = "weight_hh_l0") -> Any:
    def use(layers: Layers) -> Any:
        layer = layers(**TWO)
        torch.manual_seed(1)
        method(layer, name)
        first = trained(layer, layers.x())
        with torch.no_grad():
            next(layer.parameters()).mul_(1.5)
        layer.zero_grad()
        return first, trained(layer, layers.x()), sorted(n for n, _ in layer.named_parameters())

    use.__name__ = f"use_{getattr(method, '__name__', 'method')}_{name}"
    return use


def use_parametrization_removed(layers: Layers) -> Any:
    layer = layers()
    parametrizations.weight_norm(layer, "weight_ih_l0")
    parametrize.remove_parametrizations(layer, "weight_ih_l0")
    return trained(layer, layers.x())


def use_parametrization_cached(layers: Layers) -> Any:
    layer = layers()
    parametrizations.orthogonal(layer, "weight_hh_l0")
    with parametrize.cached():
        return trained(layer, layers.x())


def use_parametrized_and_copied(layers: Layers) -> Any:
    layer = layers()
    parametrizations.weight_norm(layer, "weight_hh_l0")
    return trained(copy.deepcopy(layer), layers.x())


def pruned(method: Any, **options: Any) -> Any:
    def use(layers: Layers) -> Any:
        layer = layers()
        torch.manual_seed(1)
        method(layer, "weight_hh_l0", **options)
        first = trained(layer, layers.x())
        prune.remove(layer, "weight_hh_l0")
        return first, trained(layer, layers.x()), layer.state_dict()

    use.__name__ = f"use_prune_{method.__name__}"
    return use


def use_prune_global(layers: Layers) -> Any:
    layer = layers(**TWO)
    prune.global_unstructured(
        [(layer, n) for n in layer._flat_weights_names], pruning_method=prune.L1Unstructured, amount=0.3
    )
    return trained(layer, layers.x())


def use_weights_dropped(layers: Layers) -> Any:
    """As AWD-LSTM does it: the raw weight is the parameter, the layer reads a dropped copy."""
    layer = layers()
    raw = layer.weight_hh_l0
    del layer._parameters["weight_hh_l0"]
    layer.register_parameter("weight_hh_l0_raw", raw)
    torch.manual_seed(1)
    layer.weight_hh_l0 = nn.functional.dropout(raw, 0.5)
    return trained(layer, layers.x())


def without(name: str) -> Any:
    def use(layers: Layers) -> Any:
        layer = layers()
        setattr(layer, name, None)
        layer(layers.x())

    use.__name__ = f"use_without_{name}"
    return use


def use_weight_replaced(layers: Layers) -> Any:
    layer = layers()
    layer.weight_ih_l0 = nn.Parameter(2 * layer.weight_ih_l0.detach())
    layer.register_parameter("bias_hh_l0", nn.Parameter(layer.bias_hh_l0.detach() + 1))
    layer.bias_ih_l0 = nn.Parameter(layer.bias_ih_l0.detach() - 1)
    return trained(layer, layers.x())


def use_weight_of_another_dtype(layers: Layers) -> Any:
    layer = layers()
    layer.weight_hh_l0 = nn.Parameter(layer.weight_hh_l0.detach().half())
    layer(layers.x())


def use_weight_that_is_no_parameter(layers: Layers) -> Any:
    layers().weight_hh_l0 = layers.x(3, 3)


def use_weight_in_another_order(layers: Layers) -> Any:
    layer = layers()
    layer.weight_hh_l0 = nn.Parameter(layer.weight_hh_l0.detach().t().contiguous().t())
    layer.weight_ih_l0.data = layer.weight_ih_l0.detach().repeat(1, 2)[:, :I]
    return trained(layer, layers.x())


def use_weights_in_one_vector(layers: Layers) -> Any:
    layer = layers(**TWO)
    vector = nn.utils.parameters_to_vector(layer.parameters())
    nn.utils.vector_to_parameters(2 * vector, layer.parameters())
    return trained(layer, layers.x()), vector


def use_clipped(layers: Layers) -> Any:
    layer = layers()
    layer(layers.x())[0].sum().backward()
    norm = nn.utils.clip_grad_norm_(layer.parameters(), 0.1)
    nn.utils.clip_grad_value_(layer.parameters(), 0.01)
    return norm, gradients(layer)


def use_averaged(layers: Layers) -> Any:
    layer = layers()
    average = torch.optim.swa_utils.AveragedModel(layer)
    with torch.no_grad():
        layer.weight_ih_l0.add_(1)
    average.update_parameters(layer)
    average.update_parameters(layer)
    return tensors(average(layers.x()))


def optimized(optimizer: Any, **options: Any) -> Any:
    def use(layers: Layers) -> Any:
        layer = layers(**TWO)
        steps = optimizer(layer.parameters(), **options)
        for seed in range(3):

            def closure() -> Tensor:
                steps.zero_grad()
                loss = layer(layers.x(seed=seed))[0].square().mean()  # noqa: B023
                loss.backward()
                return loss

            steps.step(closure)
        return [p.detach() for p in layer.parameters()]

    use.__name__ = f"use_{optimizer.__name__}_{'_'.join(options)}"
    return use


def use_functional_optimizer(layers: Layers) -> Any:
    layer = layers()
    p = dict(layer.named_parameters())
    state: Any = [{n: torch.zeros_like(v) for n, v in p.items()} for _ in range(2)]
    for step in range(3):
        loss = torch.func.functional_call(layer, p, (layers.x(seed=step),))[0].square().sum()
        found = dict(zip(p, torch.autograd.grad(loss, list(p.values())), strict=True))
        state = [{n: 0.9 * s[n] + found[n] ** k for n in p} for k, s in enumerate(state, 1)]
        p = {n: (v - 0.01 * state[0][n]).detach().requires_grad_() for n, v in p.items()}
    return list(p.values())


def use_flat_weights_after_conversion(layers: Layers) -> Any:
    layer = layers().double()
    layer.weight_hh_l0 = nn.Parameter(2 * layer.weight_hh_l0.detach())
    layer(layers.x().double())
    return [w is getattr(layer, n) for w, n in zip(layer._flat_weights, layer._flat_weights_names, strict=True)]


def spectral_norm(layer: Any, name: str) -> None:
    """To its end: it goes on a step whenever somebody reads the weight, which torch.nn does more often."""
    parametrizations.spectral_norm(layer, name, n_power_iterations=200)


def old_weight_norm(layer: Any, name: str) -> None:
    nn.utils.weight_norm(layer, name)


def old_spectral_norm(layer: Any, name: str) -> None:
    nn.utils.spectral_norm(layer, name)


class Doubled(nn.Module):
    def forward(self, w: Tensor) -> Tensor:
        return 2 * w


def doubled(layer: Any, name: str) -> None:
    parametrize.register_parametrization(layer, name, Doubled())


NORMS = (parametrizations.weight_norm, spectral_norm, parametrizations.orthogonal, old_weight_norm, old_spectral_norm)
OPTIMIZERS: dict[Any, dict[str, Any]] = {
    torch.optim.SGD: {"lr": 0.1},
    torch.optim.Adam: {"foreach": True},
    torch.optim.AdamW: {"fused": True},
    torch.optim.LBFGS: {"max_iter": 2, "lr": 0.01},
    torch.optim.Adagrad: {},
    torch.optim.NAdam: {},
    torch.optim.Rprop: {},
}
USES = [
    *(v for n, v in list(globals().items()) if n.startswith("use_")),
    *(without(name) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")),
    *(parametrized(method) for method in (*NORMS, doubled)),
    *(parametrized(doubled, name) for name in ("bias_hh_l1", "weight_ih_l0_reverse")),
    pruned(prune.l1_unstructured, amount=0.3),
    pruned(prune.random_unstructured, amount=0.3),
    pruned(prune.random_structured, amount=0.5, dim=1),
    pruned(prune.ln_structured, amount=0.5, n=2, dim=0),
    pruned(prune.identity),
    *(optimized(optimizer, **options) for optimizer, options in OPTIMIZERS.items()),
]


@pytest.mark.few(76)
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize("kind", KINDS)
def test_used_as_torchs(use: Any, kind: str, dtype: str) -> None:
    assert_same_use(use, kind, dtype)


@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_do_not_fit_are_refused(kind: str, dtype: str) -> None:
    """torch.nn.LSTM in float32 reads on behind a weight too small; all of torch.nn go on with one that was deleted."""
    layers = Layers(*KINDS[kind], DTYPES[dtype])
    layer = layers()
    layer.weight_hh_l0 = nn.Parameter(layers.x(3, 3))
    with pytest.raises(RuntimeError, match="weight_hh"):
        layer(layers.x())
    del layer.weight_hh_l0
    with pytest.raises(AttributeError, match="weight_hh_l0"):
        layer(layers.x())
