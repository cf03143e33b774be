"""What a layer is called with: sizes, layouts and dtypes of inputs and states, and what it gives back."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from beside_torch import B, H, I, T
from same_use import IN_TURN, KINDS, Layers, assert_same_use, gradients, tensors, trained
from torch import Tensor, nn

TWO = {"num_layers": 2, "bidirectional": True}


def called_with(name: str, x: Any, state: Any = None) -> Any:
    def use(layers: Layers) -> Any:
        return tensors(layers()(x(layers), state(layers) if state else None))

    use.__name__ = f"use_{name.replace(' ', '_')}"
    return use


def trained_with(name: str, x: Any, **options: Any) -> Any:
    def use(layers: Layers) -> Any:
        return trained(layers(**options), x(layers))

    use.__name__ = f"use_{name.replace(' ', '_')}"
    return use


def use_keywords(layers: Layers) -> Any:
    return tensors(layers()(input=layers.x(), hx=layers.state()))


def use_layout_of_results(layers: Layers) -> Any:
    found = []
    for options in ({}, {"batch_first": True}, TWO, {**TWO, "batch_first": True}):
        for x in (layers.x(), layers.x(T, I)):
            found.extend(tensors(layers(**options)(x)))
    strides = [[stride for size, stride in zip(t.shape, t.stride(), strict=True) if size > 1] for t in found]
    return [t.shape for t in found], strides, [t.is_contiguous() for t in found]


def use_views_of_results(layers: Layers) -> Any:
    output, _ = layers()(layers.x())
    return output.view(T, B * H).sum(), output.view(-1, H)


def use_view_of_a_batch_first_output(layers: Layers) -> Any:
    output, _ = layers(batch_first=True)(layers.x())
    return output.view(T, B * H)


def use_results_share_no_memory(layers: Layers) -> Any:
    layer = layers()
    with torch.no_grad():
        found = tensors(layer(layers.x()))
        found[0].zero_()
        found[1].add_(1)
    return found


def use_state_returned_is_not_the_one_given(layers: Layers) -> Any:
    layer, state = layers(), layers.state()
    first = tensors(layer(layers.x(), state))
    for t in tensors((layers.x(), state))[1:]:
        t.zero_()
    return first


def use_dropout_of_a_seed(layers: Layers) -> Any:
    layer = layers(num_layers=3, dropout=0.4, bidirectional=True)
    torch.manual_seed(7)
    return trained(layer, layers.x()), torch.rand(1)


def use_all_dropped(layers: Layers) -> Any:
    return trained(layers(num_layers=2, dropout=1.0), layers.x())


def use_dropout_set_later(layers: Layers) -> Any:
    layer = layers(num_layers=2)
    layer.dropout = 0.5
    torch.manual_seed(7)
    return trained(layer, layers.x())


def use_attributes_set_later(layers: Layers) -> Any:
    layer = layers()
    layer.batch_first = True
    return trained(layer, layers.x(B, T, I))


def use_state_of_tensors_in_a_list(layers: Layers) -> Any:
    return tensors(layers()(layers.x(), list(layers.state()) if layers.has_cell else layers.state()))


def use_state_named(layers: Layers) -> Any:
    if not layers.has_cell:
        return None
    return tensors(layers()(layers.x(), namedtuple("State", "h c")(*layers.state())))


def use_same_tensor_for_h_and_c(layers: Layers) -> Any:
    layer, h = layers(), layers.x(1, B, H).requires_grad_()
    sum(t.square().sum() for t in tensors(layer(layers.x(), (h, h) if layers.has_cell else h))).backward()
    return gradients(layer, h)


def use_input_and_state_of_one_tensor(layers: Layers) -> Any:
    layer, base = layers(H, H), layers.x(T, B, H).requires_grad_()
    start = base[:1]
    sum(t.square().sum() for t in tensors(layer(base, (start, start) if layers.has_cell else start))).backward()
    return gradients(layer, base)


def each_state(of: Any) -> Any:
    return lambda s: (of(s), of(s)) if s.has_cell else of(s)


def strided(s: Layers) -> Tensor:
    return s.x(B, 2 * I, T).permute(2, 0, 1)[..., ::2]


INPUTS = {
    "strided": strided,
    "expanded over the batch": lambda s: s.x(T, 1, I).expand(T, B, I),
    "expanded over steps": lambda s: s.x(1, B, I).expand(T, B, I),
    "expanded over all": lambda s: s.x(1, 1, 1).expand(T, B, I),
    "flipped": lambda s: s.x().flip(0),
    "transposed": lambda s: s.x(B, T, I).transpose(0, 1),
    "windows that overlap": lambda s: s.x(B, T + I - 1).unfold(1, I, 1).transpose(0, 1),
    "with an offset": lambda s: s.x(T + 1, B, I)[1:],
    "one step": lambda s: s.x(1, B, I),
    "one sequence": lambda s: s.x(T, 1, I),
    "no sequence": lambda s: s.x(T, 0, I),
    "unbatched": lambda s: s.x(T, I),
    "unbatched and strided": lambda s: s.x(I, T).t(),
    "imaginary part": lambda s: torch.complex(s.x(), s.x()).conj().imag,
    "all zero": lambda s: torch._efficientzerotensor((T, B, I), dtype=s.dtype),
    "a parameter": lambda s: nn.Parameter(s.x()),
    "a buffer": lambda s: nn.Buffer(s.x()),
    "from numpy": lambda s: torch.from_numpy(s.x().numpy()),
    "from numpy that is read-only": lambda s: torch.from_numpy(np.broadcast_to(s.x(1, B, I).numpy(), (T, B, I))),
    "shared": lambda s: s.x().share_memory_(),
    "huge": lambda s: s.x() * 1e30,
    "with nan": lambda s: s.x().index_fill(0, torch.tensor([2]), float("nan")),
}
WRONG = {
    "a list": lambda s: s.x().tolist(),
    "numpy array": lambda s: s.x().numpy(),
    "none": lambda s: None,
    "integers": lambda s: s.x().long(),
    "complex": lambda s: torch.complex(s.x(), s.x()),
    "half": lambda s: s.x().half(),
    "sparse": lambda s: s.x().to_sparse(),
    "named": lambda s: s.x().refine_names("T", "B", "I"),
    "no steps": lambda s: s.x(0, B, I),
    "no features": lambda s: s.x(T, B, 0),
    "a number": lambda s: torch.tensor(1.0, dtype=s.dtype),
    "nested": lambda s: torch.nested.nested_tensor([s.x(3, I), s.x(2, I)], layout=torch.jagged),
}
STATES = {
    "expanded": each_state(lambda s: s.x(1, 1, H).expand(1, B, H)),
    "strided": each_state(lambda s: s.x(1, H, B).transpose(1, 2)),
    "double": each_state(lambda s: s.x(1, B, H).double()),
    "half": each_state(lambda s: s.x(1, B, H).half()),
    "float": each_state(lambda s: s.x(1, B, H).float()),
    "too many": lambda s: (*tensors((s.x(), s.state()))[1:], s.x(1, B, H)),
    "too few": lambda s: s.x(1, B, H) if s.has_cell else (s.x(1, B, H),),
    "one of two": lambda s: (s.x(1, B, H),),
    "empty tuple": lambda s: (),
    "wrong second": lambda s: (s.x(1, B, H), s.x(1, B, H + 1)) if s.has_cell else s.x(1, B, H + 1),
    "none inside": lambda s: (s.x(1, B, H), None),
    "a string": lambda s: "state",
    "a number": lambda s: 0,
    "of meta": each_state(lambda s: s.x(1, B, H).to("meta")),
}  # fmt: skip
USES = [
    *(v for n, v in list(globals().items()) if n.startswith("use_")),
    *(trained_with(n, x) for n, x in INPUTS.items()),
    *(trained_with(f"{n} in two layers", x, **TWO) for n, x in INPUTS.items()),
    *(trained_with(f"{n} batch first", x, batch_first=True) for n, x in INPUTS.items()),
    *(called_with(f"wrong input {n}", x) for n, x in WRONG.items()),
    *(called_with(f"state {n}", lambda s: s.x(), hx) for n, hx in STATES.items()),
]
MORE = {"use_state_too_few", "use_state_one_of_two"}  # a state of one tensor in a tuple of one


@pytest.mark.few(210)
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize("kind", KINDS)
def test_used_as_torchs(use: Any, kind: str, dtype: str) -> None:
    assert_same_use(use, kind, dtype, more=use.__name__ in MORE)
