"""Loops recorded and played again, with a tape in a CUDA graph's place. Run by test_triton.py, interpreted on the CPU.

A tape has of a graph what can go wrong: while it records nothing is done, it plays on the memory that it was recorded
with, and a number that was read while it recorded stays that number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import rnnbench
from rnnbench import errors
from rnnbench.cells.base import Cell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.recurrent.gpu import layer, replay, steps
from rnnbench.recurrent.side_by_side import side_by_side

KERNELS = ("lstm_forward", "lstm_backward", "gru_forward", "gru_backward")
H = 70  # wider than a program holds in float32
CELLS = (LSTMCell(), GRUCell())
tapes: list[Tape] = []


class Tape(TorchDispatchMode):
    """Notes what is called, with the memory of its results, in which it leaves no number."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Callable[[], object]] = []
        self.played, self.records = 0, True

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {} if kwargs is None else kwargs
        there = {place(t) for t in tree_leaves(args) if isinstance(t, Tensor)}
        result = function(*args, **given)
        if place(result) in there:  # a view, or in place
            self.calls.append(lambda: function(*args, **given))
        else:
            self.calls.append(lambda: result.copy_(function(*args, **given)))
            result.fill_(torch.nan)
        return result

    def replay(self) -> None:
        self.played += 1
        for call in self.calls:
            call()


def place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


class Noted:
    """A kernel of which launches go on the tape that records, and are not done."""

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel

    def __getitem__(self, grid: Any) -> Callable[..., None]:
        def launch(*args: Any, **blocks: Any) -> None:
            if tapes and tapes[-1].records:
                tapes[-1].calls.append(lambda: self.kernel[grid](*args, **blocks))
            else:
                self.kernel[grid](*args, **blocks)

        return launch


@contextmanager
def on_a_tape() -> Iterator[Tape]:
    tapes.append(Tape())
    with tapes[-1] as tape:
        yield tape
    tape.records = False


@pytest.fixture(autouse=True)
def _tapes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(replay, "capable", lambda device: True)
    monkeypatch.setattr(replay, "recording", on_a_tape)
    monkeypatch.setattr(replay, "failed", False)
    monkeypatch.setattr(layer, "steps", SimpleNamespace(**{name: Noted(getattr(steps, name)) for name in KERNELS}))
    tapes.clear()
    yield
    replay.forget()


def ends(network: rnnbench.Recurrent, x: Tensor, lengths: list[int] | None = None) -> list[Tensor]:
    """Output, last states and every gradient."""
    network.zero_grad(set_to_none=True)
    given = x.detach().to(network.weight_hh_l0.dtype).requires_grad_()
    output, state = network(given, lengths=lengths)
    last = state if isinstance(state, tuple) else (state,)
    (output.pow(2).sum() + sum(s.sin().sum() for s in last)).backward()
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    assert given.grad is not None
    return [output.detach(), *(s.detach() for s in last), given.grad, *gradients]


def reference(network: rnnbench.Recurrent) -> rnnbench.Recurrent:
    found = rnnbench.Recurrent(
        network.cell, 3, H, bidirectional=network.bidirectional, backend="eager", dtype=torch.float64
    )
    found.load_state_dict(network.state_dict())
    return found


def assert_close(found: list[Tensor], wanted: list[Tensor]) -> None:
    for a, b in zip(found, wanted, strict=True):
        assert (a.double() - b).norm() <= 1e-5 * b.norm()


@pytest.mark.parametrize("cell", CELLS, ids=["lstm", "gru"])
def test_played_with_other_numbers_it_gives_theirs(cell: Cell) -> None:
    """Both directions, forwards and backwards: four loops. The results of one call are not the next one's memory."""
    network = rnnbench.Recurrent(cell, 3, H, bidirectional=True, backend="triton")
    found, wanted = [], []
    for call in range(4):
        x = torch.randn(3, 2, 3, generator=torch.Generator().manual_seed(call))
        found.append(ends(network, x))
        wanted.append(ends(reference(network), x))
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(0.9)
        assert [tape.played for tape in tapes] == [call] * (4 if call else 0)
    for a, b in zip(found, wanted, strict=True):
        assert_close(a, b)


@pytest.mark.parametrize("cell", CELLS, ids=["lstm", "gru"])
def test_networks_side_by_side_play_one_after_another(cell: Cell) -> None:
    networks = [rnnbench.Recurrent(cell, 3, H, backend="triton") for _ in range(3)]
    x = [torch.randn(3, 2, 3) for _ in networks]
    found = side_by_side(networks, x, [None] * 3)
    assert found is not None
    torch.autograd.backward([output.pow(2).sum() for output, _ in found])
    assert [tape.played for tape in tapes] == [2, 2]  # of three networks the first one's loops are done as they are
    for network, its_x, (output, _) in zip(networks, x, found, strict=True):
        other = reference(network)
        wanted, _ = other(its_x.double())
        wanted.pow(2).sum().backward()
        assert_close([output, *grads(network)], [wanted, *grads(other)])


def grads(network: rnnbench.Recurrent) -> list[Tensor]:
    return [p.grad for p in network.parameters() if p.grad is not None]


def test_few_are_kept_the_latest_played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "most", 2)
    network = rnnbench.Recurrent(CELLS[1], 3, H, backend="triton")
    with torch.no_grad():
        for T in (2, 2, 3, 3, 2, 4, 2, 3):
            x = torch.randn(T, 2, 3)
            assert_close([network(x)[0]], [reference(network)(x.double())[0]])
    assert [tape.played for tape in tapes] == [3, 1]  # T = 2 to the end; 3 until 4 came


def test_unequal_lengths_are_launched_step_by_step() -> None:
    network = rnnbench.Recurrent(CELLS[0], 3, H, backend="triton")
    for _ in range(2):
        x = torch.randn(3, 2, 3)
        assert_close(ends(network, x, [3, 1]), ends(reference(network), x, [3, 1]))
    assert not tapes


def test_where_none_can_be_recorded_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    @contextmanager
    def failing() -> Iterator[Tape]:
        asked.append(1)
        yield Tape()
        raise RuntimeError("operation not permitted\nwhen stream is capturing")

    monkeypatch.setattr(replay, "recording", failing)
    monkeypatch.setattr(errors, "TOLD", [])
    network = rnnbench.Recurrent(CELLS[0], 3, H, backend="triton")
    for _ in range(3):
        x = torch.randn(3, 2, 3)
        assert_close(ends(network, x), ends(reference(network), x))
    assert len(asked) == 1
    assert capsys.readouterr().err == (
        "rnnbench: backend=triton: no CUDA graph can be recorded here (RuntimeError: operation not permitted when "
        "stream is capturing): launches go one by one\n"
    )
