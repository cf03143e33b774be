"""Memory counted by hand, and nothing kept afterwards."""

from __future__ import annotations

import weakref

import pytest
import torch
from torch import Tensor

import rnnbench
from rnnbench.machine.memory import saved_activation_bytes


def test_bytes_counted_by_hand() -> None:
    """y = W x keeps x, 3 × 5 numbers, and not W; tanh y keeps its result, 3 × 4; the square of it keeps that again."""
    linear = torch.nn.Linear(5, 4)
    x = torch.ones(3, 5)
    assert saved_activation_bytes(linear, lambda: linear(x).tanh().square().sum()) == 4 * (15 + 12)


@pytest.mark.parametrize("backend", ["eager", "torch", "auto"])
def test_what_was_counted_is_freed(backend: str) -> None:
    """A tensor of 2 MB that its own node keeps: sweeps count it once a run."""
    layer = rnnbench.LSTM(2, 64, backend=backend)
    x = torch.randn(200, 40, 2)
    seen: list[weakref.ref[Tensor]] = []

    def loss() -> Tensor:
        output, _ = layer(x)
        squashed = output.tanh()  # tanh keeps its result
        seen.extend((weakref.ref(output), weakref.ref(squashed)))
        return squashed.sum()

    assert saved_activation_bytes(layer, loss) > 4 * output_size(x)
    assert [each() for each in seen] == [None, None]


def output_size(x: Tensor) -> int:
    return x.shape[0] * x.shape[1] * 64
