"""A training step's peak memory and the cost of the first call, beside torch.nn's, each in a process of its own."""

from __future__ import annotations

import pytest

from rnnbench.recurrent import kernel
from tests.benchmarks.first_call import apart

pytestmark = [pytest.mark.slow, pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")]


@pytest.mark.parametrize("size", [(32, 100, 1, 32), (32, 500, 2, 64), (128, 100, 256, 512)])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_step_needs_no_more_memory_than_torch_nn(cell: str, size: tuple[int, ...]) -> None:
    assert apart(cell, "fused", size)[0] <= apart(cell, "torch", size)[0]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_first_call_costs_milliseconds(cell: str) -> None:
    """Nothing is compiled or searched for: the least of three, as other work on the machine only adds to it."""
    assert min(apart(cell, "fused", (32, 100, 1, 32))[1] for _ in range(3)) < 50
