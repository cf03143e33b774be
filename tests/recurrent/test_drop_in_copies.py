"""Copies, files, state_dicts, devices and dtypes of a layer, and its replicas."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from beside_torch import H, I
from same_use import IN_TURN, KINDS, Layers, assert_same_use, gradients, tensors, trained
from torch import nn
from torch.ao.quantization import quantize_dynamic

TWO = {"num_layers": 2, "bidirectional": True}


def use_deepcopy(layers: Layers) -> Any:
    layer = layers(**TWO)
    twin = copy.deepcopy(layer)
    with torch.no_grad():
        layer.weight_hh_l0.zero_()
    return trained(twin, layers.x()), trained(layer, layers.x()), trained(copy.copy(layer), layers.x())


def use_deepcopy_after_a_step(layers: Layers) -> Any:
    layer = layers()
    layer(layers.x())[0].sum().backward()
    twin = copy.deepcopy(layer)
    return gradients(twin)


def use_pickle(layers: Layers) -> Any:
    return trained(pickle.loads(pickle.dumps(layers(**TWO))), layers.x())


def use_saved_and_loaded_whole(layers: Layers) -> Any:
    file = io.BytesIO()
    torch.save(nn.Sequential(layers(**TWO)), file)
    file.seek(0)
    return trained(torch.load(file, weights_only=False)[0], layers.x())


def use_shared_memory(layers: Layers) -> Any:
    layer = layers().share_memory()
    return [p.is_shared() for p in layer.parameters()], trained(layer, layers.x())


def use_state_dict_hooks(layers: Layers) -> Any:
    layer, seen = layers(), []
    layer._register_state_dict_hook(lambda m, d, prefix, local: seen.append(sorted(d)))
    layer.register_state_dict_pre_hook(lambda m, prefix, keep: seen.append(prefix))
    layer._register_load_state_dict_pre_hook(lambda d, prefix, *rest: seen.append(sorted(d)))
    layer.register_load_state_dict_post_hook(lambda m, keys: seen.append(keys.missing_keys))
    d = layer.state_dict(prefix="a.")
    layer.load_state_dict({k.removeprefix("a."): 2 * v for k, v in d.items()})
    return seen, trained(layer, layers.x())


def use_state_dict_that_does_not_fit(layers: Layers) -> Any:
    layers().load_state_dict(layers(I, H + 1).state_dict())


def use_state_dict_in_parts(layers: Layers) -> Any:
    layer, d = layers(), layers(**TWO).state_dict()
    found = layer.load_state_dict(d, strict=False)
    return found.missing_keys, found.unexpected_keys


def use_state_dict_assigned(layers: Layers) -> Any:
    layer, other = layers(), layers()
    d = {n: 2 * p.detach() for n, p in other.state_dict().items()}
    layer.load_state_dict(d, assign=True)
    return trained(layer, layers.x()), layer.weight_ih_l0.data_ptr() == d["weight_ih_l0"].data_ptr()


def use_meta_then_loaded(layers: Layers) -> Any:
    source = layers(**TWO)
    with torch.device("meta"):
        layer = layers(**TWO)
    layer.load_state_dict(source.state_dict(), assign=True)
    return trained(layer, layers.x())


def use_meta_then_emptied(layers: Layers) -> Any:
    layer = layers(device="meta").to_empty(device="cpu")
    layer.load_state_dict(layers().state_dict())
    return trained(layer, layers.x())


def use_skip_init(layers: Layers) -> Any:
    layer = nn.utils.skip_init(layers.constructor, I, H, dtype=layers.dtype)
    torch.manual_seed(2)
    layer.reset_parameters()
    return trained(layer, layers.x())


def use_meta_forward(layers: Layers) -> Any:
    layer = layers(device="meta", **TWO)
    return [(t.shape, str(t.device), t.dtype) for t in tensors(layer(layers.x().to("meta")))]


def use_input_on_another_device(layers: Layers) -> Any:
    layers()(layers.x().to("meta"))


def use_conversions(layers: Layers) -> Any:
    layer, found = layers(), []
    for convert in (
        lambda m: m.double(), lambda m: m.float(), lambda m: m.to(torch.float64), lambda m: m.type(torch.float32),
        lambda m: m.to(layers.x()), lambda m: m.cpu(), lambda m: m.to("cpu"), lambda m: m.to("cpu", torch.float64),
        lambda m: m.requires_grad_(), lambda m: m.train().eval().train(),
    ):  # fmt: skip
        layer.zero_grad()  # else a conversion takes the gradients found so far with it
        convert(layer)
        found.append(trained(layer, layers.x().to(layer.weight_ih_l0.dtype)))
    return found


def short(dtype: torch.dtype) -> Any:
    def use(layers: Layers) -> Any:
        layer = layers().to(dtype)
        return [t.dtype for t in trained(layer, layers.x().to(dtype))], tensors(layer(layers.x().to(dtype)))

    use.__name__ = f"use_{dtype}".replace("torch.", "")
    return use


def use_swapped_on_conversion(layers: Layers) -> Any:
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        return trained(layers().double(), layers.x().double())
    finally:
        torch.__future__.set_swap_module_params_on_conversion(False)


def use_overwritten_on_conversion(layers: Layers) -> Any:
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        return trained(layers().double(), layers.x().double())
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(False)


def use_data_parallel(layers: Layers) -> Any:
    return trained(nn.DataParallel(layers()), layers.x())


def use_replicas(layers: Layers) -> Any:
    """As torch.nn.parallel.replicate makes them: a copy without parameters, whose weights are plain attributes."""
    layer = layers(**TWO)
    replica = layer._replicate_for_data_parallel()
    for name, p in layer.named_parameters():
        setattr(replica, name, p * 2)
    output, _ = replica(layers.x())
    output.square().sum().backward()
    return output, gradients(layer), trained(layer, layers.x())


USES = [
    *(v for n, v in list(globals().items()) if n.startswith("use_")),
    *(short(dtype) for dtype in (torch.float16, torch.bfloat16)),
]
MORE = {"use_skip_init"}  # torch.nn's constructors hide that they take a device


@pytest.mark.few(42)
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize("kind", KINDS)
def test_used_as_torchs(use: Any, kind: str, dtype: str) -> None:
    assert_same_use(use, kind, dtype, more=use.__name__ in MORE)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_quantized_by_way_of_torchs(kind: str) -> None:
    """quantize_dynamic goes by exact class: docs/drop_in.md. int8 weights: within a hundredth or two of the largest."""
    layers = Layers(*KINDS[kind], torch.float32)
    layer = layers()
    small = quantize_dynamic(nn.Sequential(layer.to_torch().eval()))
    assert "quantized" in type(small[0]).__module__
    torch.testing.assert_close(small(layers.x())[0], layer(layers.x())[0].detach(), rtol=0, atol=0.05)
