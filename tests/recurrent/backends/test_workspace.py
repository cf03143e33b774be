"""The memory that the fused kernel takes: used again, never while somebody holds it, and given back."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

import pytest
import torch
from beside_reference import CELLS, everything, name, problem
from torch import Tensor

from rnnbench.cells.base import Cell
from rnnbench.recurrent import kernel, workspace
from rnnbench.recurrent.layers import LSTM, Recurrent

pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def saved_bytes(model: Recurrent, x: Tensor) -> int:
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        sizes[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x)
    return sum(sizes.values())


def test_without_gradients_nothing_is_saved() -> None:
    model, x = LSTM(2, 8, backend="fused"), torch.randn(50, 3, 2)
    with torch.no_grad():
        output, (h, c) = model(x)
        assert saved_bytes(model, x) == 0
    assert output.grad_fn is None
    model.requires_grad_(False)
    assert saved_bytes(model, x) == 0
    model.requires_grad_(True)
    assert saved_bytes(model, x) >= 50 * 3 * 8 * 6 * 4  # i, f, g, o, c and h
    with_grad, (h_2, c_2) = model(x)
    assert torch.equal(output, with_grad)
    assert torch.equal(h, h_2)
    assert torch.equal(c, c_2)


@pytest.mark.parametrize("cell", CELLS[:2], ids=name)
def test_saves_no_more_than_torch(cell: Cell) -> None:
    x = torch.randn(100, 32, 2)
    bytes_of = {b: saved_bytes(Recurrent(cell, 2, 64, backend=b), x) for b in ("fused", "torch")}
    assert bytes_of["fused"] <= bytes_of["torch"]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_bit_identical_whatever_ran_before(cell: Cell, threads: int) -> None:
    torch.set_num_threads(threads)
    model, _, *given = problem(cell, (60, 33, 5, 70, 1, False, True, False), torch.float32)
    first = everything(model, *given)
    for parameter in model.parameters():
        parameter.grad = None
    for size in (61, 70, 90):  # leave other numbers in the memory that will be used again
        other = Recurrent(cell, 7, size, backend="fused")
        other(torch.full((60, 33, 7), torch.nan))[0].sum().backward()
    second = everything(model, *given)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_outputs_and_graphs_that_are_kept_are_not_overwritten() -> None:
    model = LSTM(2, 64, backend="fused")
    x = torch.randn(100, 16, 2)
    kept = [model(x * k)[0] for k in range(3)]
    copies = [output.detach().clone() for output in kept]
    for _ in range(3):
        model(torch.randn(100, 16, 2))[0].sum().backward()
    assert all(torch.equal(a, b) for a, b in zip(kept, copies, strict=True))
    reference = LSTM(2, 64, backend="fused")
    reference.load_state_dict(model.state_dict())
    model.zero_grad()
    kept[2].sum().backward()
    reference(x * 2)[0].sum().backward()
    for a, b in zip(model.parameters(), reference.parameters(), strict=True):
        assert torch.equal(a.grad, b.grad)  # type: ignore[arg-type]


def test_memory_is_used_again_once_nobody_holds_it() -> None:
    first = workspace.empty((123, 4567), torch.float32)
    address = first.data_ptr()
    view = first[3:]
    del first
    other = workspace.empty((123, 4567), torch.float32)
    assert other.data_ptr() != address
    del view
    assert workspace.empty((123, 4567), torch.float32).data_ptr() == address


def test_blocks_go_back_to_the_system_when_later_work_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "_POOL", workspace._Pool())
    block = workspace.empty((1234, 567), torch.float32)
    workspace.empty((123, 4567), torch.float32)  # nobody holds it
    assert len(workspace._POOL.blocks) == 2
    for _ in range(workspace.UNUSED_ROUNDS + 2 * workspace.LOOK):
        workspace.empty((3,), torch.float32)
    assert len(workspace._POOL.blocks) == 1  # the one that is in use
    del block
    for _ in range(workspace.UNUSED_ROUNDS + 2 * workspace.LOOK):
        workspace.empty((3,), torch.float32)
    assert not workspace._POOL.blocks


def test_blocks_that_nobody_holds_can_be_returned_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "_POOL", workspace._Pool())
    block = workspace.empty((1234, 567), torch.float32)
    view, _ = block.view(-1)[5:], workspace.empty((123, 4567), torch.float32)
    del block, _
    workspace.release()
    assert len(workspace._POOL.blocks) == 1  # the view's
    del view
    workspace.release()
    assert not workspace._POOL.blocks


def test_many_sizes_keep_little_more_than_one_of_them_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tensors at a time, of sizes from 1 to 8 MB in any order: 16 MB, the rounding of an eighth, and a quarter."""
    monkeypatch.setattr(workspace, "_POOL", workspace._Pool())
    most = 0
    for size in (7, 1, 3, 8, 2, 5, 4, 6, 1, 8, 3, 7):
        first, second = (workspace.empty((size << 20,), torch.uint8) for _ in range(2))
        most = max(most, sum(map(len, workspace._POOL.blocks)))
        del first, second
    assert most <= 22.5 * 2**20


@pytest.mark.parametrize("shape", [(100, 32, 28, 128), (10, 32, 256, 256), (50, 4, 300, 64)])
def test_passes_that_take_turns_ask_the_system_for_nothing(
    shape: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forward and backward each want room of their own size, never at once: from the second step on it is there."""
    monkeypatch.setattr(workspace, "_POOL", workspace._Pool())
    T, B, I, H = shape
    model = torch.nn.Sequential(LSTM(I, H, num_layers=2, backend="fused"))
    x = torch.randn(T, B, I, requires_grad=True)
    fresh: list[int] = []
    made = workspace._fresh
    monkeypatch.setattr(workspace, "_fresh", lambda size: fresh.append(size) or made(size))
    for _ in range(3):
        fresh.clear()
        model(x)[0].sum().backward()
    assert not fresh


def test_without_the_proof_torch_allocates(monkeypatch: pytest.MonkeyPatch) -> None:
    assert workspace._holders_are_counted()
    monkeypatch.setattr(workspace.sys, "getrefcount", lambda block: 2)  # a Python that counts no buffers
    assert not workspace._holders_are_counted()
    monkeypatch.undo()
    monkeypatch.setattr(workspace, "_POOL", workspace._Pool())
    monkeypatch.setattr(workspace, "_COUNTED", False)
    assert workspace.empty((1000, 1000), torch.float32).shape == (1000, 1000)
    assert not workspace._POOL.blocks


def test_no_memory_is_the_error_that_torch_gives() -> None:
    with pytest.raises(RuntimeError, match="memory"):
        workspace.empty((1 << 46,), torch.float32)


def test_a_fork_while_another_thread_asks_for_memory_does_not_hang() -> None:
    child = None
    with workspace._POOL.lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forking with threads, which is the point
        child = os.fork()
        if child == 0:
            import signal

            signal.alarm(20)
            workspace.empty((1000, 1000), torch.float32)
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
