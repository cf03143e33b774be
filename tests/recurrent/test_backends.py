"""Every backend computes the same, is chosen by name or by speed, and says in one line why it cannot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from rnnbench.cells.base import Cell
from rnnbench.config import cell_choices
from rnnbench.errors import UsageError
from rnnbench.recurrent import backends
from rnnbench.recurrent.layers import GRU, LSTM, Recurrent

CELLS = cell_choices()
CPU = torch.device("cpu")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Tensors too small to share out: on a busy machine, waiting for the other threads would be most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_auto_is_the_first_that_is_available(cell: Cell, dtype: torch.dtype) -> None:
    available = backends.available(cell, CPU, dtype)
    assert available[0] == backends.choose("auto", cell, CPU, dtype)
    assert "eager" in available
    assert ("torch" in available) == (cell.torch_mode is not None)


def test_auto_prefers_torch_to_eager() -> None:
    names = list(backends.BACKENDS)
    assert names.index("torch") < names.index("eager")


@pytest.mark.parametrize(
    ("cell", "shape", "gradients", "chosen"),
    [
        ("gru", (1, 1, 28, 512), False, "torch"),  # (T, B, I, H): shapes of the table in backends/fused.py
        ("gru", (1, 1, 28, 512), True, "torch"),
        ("gru", (2, 1, 28, 512), True, "fused"),
        ("gru", (1, 2, 28, 32), True, "fused"),
        ("lstm", (1, 1, 28, 32), True, "fused"),
        ("rnn", (2, 32, 28, 128), True, "torch"),
        ("rnn", (2, 8, 28, 512), True, "fused"),
        ("rnn", (3, 1, 28, 32), True, "fused"),
        ("gru", (1, 32, 28, 1), True, "torch"),
        ("gru", (9, 1, 28, 512), False, "fused"),
        ("rnn", (5, 1, 512, 1024), False, "torch"),
        ("rnn", (5, 4, 512, 1024), False, "fused"),
        ("gru", (1, 1, 28, 128), False, "fused"),
        ("lstm", (1, 1, 1024, 1024), False, "fused"),
    ],
)
def test_auto_takes_what_was_measured_to_be_faster(
    cell: str, shape: tuple[int, int, int, int], gradients: bool, chosen: str
) -> None:
    if not CELLS[cell].torch_mode or "fused" not in backends.available(CELLS[cell], CPU, torch.float32):
        pytest.skip("the kernel was not compiled")
    with torch.set_grad_enabled(gradients):
        assert backends.choose("auto", CELLS[cell], CPU, torch.float32, shape) == chosen


def test_a_backend_by_name_is_itself() -> None:
    assert backends.choose("eager", CELLS["lstm"], CPU, torch.float32) == "eager"
    assert GRU(2, 3, backend="torch").used_backend == "torch"


def test_unknown_backend_is_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match=r"^backend=fast: no such backend \(allowed: auto, .*eager.*torch.*\)$"):
        LSTM(2, 3, backend="fast")


def test_backend_without_this_cell_is_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match=r"^backend=torch: torch\.nn has no such cell \(allowed: auto, .*eager\)$"):
        Recurrent(CELLS["gru_reset_before"], 2, 3, backend="torch")


def outputs_and_gradients(layer: Recurrent, x: Tensor) -> list[Tensor]:
    layer.zero_grad()
    x = x.clone().requires_grad_()
    output, state = layer(x)
    last = torch.cat([state] if isinstance(state, Tensor) else list(state))
    (output.cos().sum() + last.sin().sum()).backward()
    assert x.grad is not None
    return [output.detach(), last.detach(), x.grad, *(w.grad.clone() for w in layer.parameters() if w.grad is not None)]


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_all_backends_agree(cell: Cell, bidirectional: bool) -> None:
    layer = Recurrent(cell, 3, 5, num_layers=2, bidirectional=bidirectional, dtype=torch.float64)
    x = torch.randn((6, 2, 3), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = []
    for layer.backend in backends.available(cell, CPU, torch.float64):
        found.append(outputs_and_gradients(layer, x))
    for other in found[1:]:
        assert len(other) == len(found[0])
        for a, b in zip(other, found[0], strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_sequence_in_two_pieces_is_the_sequence(cell: Cell) -> None:
    """The last state of the first piece, carried into the second, loses nothing."""
    x = torch.randn((7, 2, 3), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for backend in backends.available(cell, CPU, torch.float64):
        layer = Recurrent(cell, 3, 5, num_layers=2, dtype=torch.float64, backend=backend)
        whole, last = layer(x)
        first, state = layer(x[:3])
        second, end = layer(x[3:], state)
        torch.testing.assert_close(torch.cat([first, second]), whole, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(end, last, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_the_batch_is_independent_sequences(cell: Cell) -> None:
    x = torch.randn((5, 4, 3), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    for backend in backends.available(cell, CPU, torch.float64):
        layer = Recurrent(cell, 3, 5, bidirectional=True, dtype=torch.float64, backend=backend)
        whole, _ = layer(x)
        alone = torch.cat([layer(x[:, b : b + 1])[0] for b in range(4)], dim=1)
        torch.testing.assert_close(alone, whole, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("backend", ["eager", "torch"])
def test_same_input_same_bits(backend: str) -> None:
    layer = GRU(3, 8, num_layers=2, backend=backend)
    x = torch.randn((9, 4, 3), generator=torch.Generator().manual_seed(3))
    first, second = outputs_and_gradients(layer, x), outputs_and_gradients(layer, x)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
