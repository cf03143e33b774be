"""One use of a layer, once with torch.nn's and once with ours of the same weights: the same outcome is expected."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from beside_torch import B, H, I, T, drawn
from torch import Tensor, nn

from rnnbench.recurrent.layers import GRU, LSTM, RNN

KINDS: dict[str, tuple[Any, Any]] = {"LSTM": (LSTM, nn.LSTM), "GRU": (GRU, nn.GRU), "RNN": (RNN, nn.RNN)}
DTYPES = {"float32": torch.float32, "float64": torch.float64}
"""torch.nn.LSTM is another implementation in float32 (oneDNN) than in float64."""
IN_TURN = ["float32", pytest.param("float64", marks=pytest.mark.slow)]
"""As parameters of a test: what users compute in always, the other with --slow."""


@dataclass(frozen=True)
class Layers:
    """Makes layers of one kind, of the same weights each time, and what they are called with."""

    constructor: Any
    torchs: Any
    dtype: torch.dtype

    def __call__(self, *sizes: Any, **options: Any) -> Any:
        torch.manual_seed(0)
        return self.constructor(*(sizes or (I, H)), **{"dtype": self.dtype, **options})

    @property
    def has_cell(self) -> bool:
        return self.torchs is nn.LSTM

    def x(self, *shape: int, seed: int = 0) -> Tensor:
        return drawn(*(shape or (T, B, I)), seed=seed).to(self.dtype)

    def state(self, *shape: int, seed: int = 5) -> Any:
        found = tuple(self.x(*(shape or (1, B, H)), seed=seed + i) for i in range(2))
        return found if self.has_cell else found[0]


Use = Callable[[Layers], Any]


def tensors(result: Any) -> list[Tensor]:
    """Those of what a layer returned: output, h and, of an LSTM, c."""
    output, state = result
    return [output, *([state] if isinstance(state, Tensor) else state)]


def gradients(layer: nn.Module, *others: Tensor) -> list[Tensor | None]:
    return [t.grad for t in (*layer.parameters(), *others)]


def trained(layer: nn.Module, x: Tensor, hx: Any = None) -> list[Tensor | None]:
    """Outputs, and the gradients of their squares' sum with respect to parameters and x."""
    x = x.detach().clone().requires_grad_()
    found = tensors(layer(x, hx))
    sum(t.square().sum() for t in found).backward()
    return [*(t.detach() for t in found), *gradients(layer, x)]


def outcome(use: Use, layers: Layers) -> Any:
    """What the use returned, or the exception that it raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return use(layers)
        except Exception as error:
            return error


def assert_same_use(use: Use, kind: str, dtype: str, more: bool = False) -> None:
    """`more`: torch.nn may refuse what ours does. Where torch.nn fails by accident, ours may say what is wrong."""
    ours, theirs = (outcome(use, Layers(c, KINDS[kind][1], DTYPES[dtype])) for c in KINDS[kind])
    if isinstance(theirs, Exception):
        by_accident = isinstance(theirs, (AttributeError, IndexError)) and isinstance(ours, (RuntimeError, TypeError))
        assert more or by_accident or type(ours) is type(theirs), f"torch.nn: {theirs!r}; ours: {ours!r}"
        return
    if isinstance(ours, Exception):
        raise AssertionError(f"torch.nn does it: {theirs!r}") from ours
    _same(ours, theirs)


CLOSE = {torch.float64: (1e-10, 1e-12), torch.float32: (1e-4, 1e-5), torch.bfloat16: (2e-2, 1e-2)}
"""Relative, absolute; other dtypes are equal."""


def _same(a: Any, b: Any) -> None:
    if isinstance(b, Tensor):
        assert type(a) is type(b), f"{type(a)} for {type(b)}"
        rtol, atol = CLOSE.get(b.dtype, (0, 0))
        torch.testing.assert_close(a, b, rtol=rtol, atol=atol, equal_nan=True)
    elif isinstance(b, (list, tuple)):
        assert type(a) is type(b) and len(a) == len(b), f"{a} for {b}"
        for one, other in zip(a, b, strict=True):
            _same(one, other)
    elif isinstance(b, dict):
        assert list(a) == list(b)
        _same(list(a.values()), list(b.values()))
    else:
        assert a == b, f"{a} for {b}"
