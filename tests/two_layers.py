"""Two layers in both directions in float64, ours with backend=auto beside torch.nn's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.recurrent.layers import GRU, LSTM, RNN

T, B, I, H = 5, 2, 3, 4
PAIRS = {"LSTM": (LSTM, nn.LSTM), "GRU": (GRU, nn.GRU), "RNN": (RNN, nn.RNN)}


def two_layers(name: str) -> tuple[nn.Module, nn.Module]:
    """Ours and torch.nn's, with the same weights."""
    ours, theirs = PAIRS[name]
    torch.manual_seed(0)
    model, reference = (c(I, H, 2, bidirectional=True, dtype=torch.float64) for c in (ours, theirs))
    reference.load_state_dict(model.state_dict())
    return model, reference


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def of_x(module: nn.Module) -> Callable[[Tensor], Tensor]:
    return lambda x: module(x)[0]


def same(a: Any, b: Any) -> None:
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)
