"""Our layers beside torch.nn's of the same settings, for the tests that compare them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.recurrent.layers import GRU, LSTM, RNN

I, B, T, H = 4, 3, 6, 5


PAIRS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "LSTM": (LSTM, nn.LSTM, {}),
    "GRU": (GRU, nn.GRU, {}),
    "RNN": (RNN, nn.RNN, {}),
    "RNN relu": (RNN, nn.RNN, {"nonlinearity": "relu"}),
}


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def flat(result: tuple[Tensor, Any]) -> list[Tensor]:
    output, state = result
    return [output, *([state] if isinstance(state, Tensor) else state)]


def assert_same(ours: tuple[Tensor, Any], theirs: tuple[Tensor, Any]) -> None:
    assert type(ours[1]) is type(theirs[1])
    for a, b in zip(flat(ours), flat(theirs), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def initial_state(like: Any, *shape: int) -> Any:
    states = tuple(drawn(*shape, seed=10 + i) for i in range(2))
    return states if isinstance(like, nn.LSTM) else states[0]
