"""The Triton kernels' very source, interpreted, against torch.nn in float64. Run by test_triton.py in a process of its
own: what decides is the environment when triton is first imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from making import tiny
from places import ROOT

import rnnbench
from rnnbench.cells.base import Cell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.machine.randomness import Own
from rnnbench.parity.cases import GRID, Case
from rnnbench.parity.compare import check
from rnnbench.preparation import prepare
from rnnbench.recurrent.gpu import layer, loop
from rnnbench.recurrent.side_by_side import side_by_side
from rnnbench.training.lanes import Lane, train

CELLS = (LSTMCell(), GRUCell())
SHORT = [case for case in GRID if case.seq_len <= 12]
LONG = max((case for case in GRID if case.num_layers == 1), key=lambda case: case.seq_len)


def failures(cell: Cell, grid: list[Case]) -> list[str]:
    return [
        f"{r.tensor}, {r.case}: {r.error:.1e}"
        for r in check(cell, "triton", torch.float32, "cpu", grid)
        if not r.passed
    ]


@pytest.mark.parametrize("cell", CELLS, ids=["lstm", "gru"])
def test_parity(cell: Cell) -> None:
    assert LONG.seq_len >= 500
    assert not failures(cell, [*SHORT, LONG])


@pytest.mark.parametrize("cell", CELLS, ids=["lstm", "gru"])
@pytest.mark.parametrize("lengths", [None, [5, 2, 1, 4]])
def test_wide_layers_go_step_by_step(cell: Cell, lengths: list[int] | None) -> None:
    ours = rnnbench.Recurrent(cell, 3, 70, bidirectional=True, backend="triton")
    assert not layer.in_one_launch(ours.weight_hh_l0)
    reference = rnnbench.Recurrent(cell, 3, 70, bidirectional=True, backend="eager", dtype=torch.float64)
    reference.load_state_dict(ours.state_dict())
    torch.manual_seed(0)
    x, found = torch.randn(5, 4, 3), []
    for each in (ours, reference):
        given = x.clone().to(each.weight_hh_l0.dtype).requires_grad_()
        output, state = each(given, lengths=lengths)
        (output.pow(2).sum() + sum(s.sin().sum() for s in (state if isinstance(state, tuple) else (state,)))).backward()
        found.append([output, given.grad, *(p.grad for p in each.parameters())])
    for a, b in zip(*found, strict=True):
        assert (a.double() - b).norm() <= 1e-5 * b.norm()


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_second_derivatives(name: str) -> None:
    ours = getattr(rnnbench, name)(3, 5, bidirectional=True, backend="triton")
    reference = getattr(torch.nn, name)(3, 5, bidirectional=True, dtype=torch.float64)
    reference.load_state_dict(ours.state_dict())
    x, found = torch.randn(4, 2, 3), []
    for each in (ours, reference):
        given = x.clone().to(each.weight_hh_l0.dtype).requires_grad_()
        (slope,) = torch.autograd.grad(each(given)[0].pow(2).sum(), given, create_graph=True)
        slope.pow(2).sum().backward()
        found.append([given.grad, *(p.grad for p in each.parameters())])
    for a, b in zip(*found, strict=True):
        assert (a.double() - b).norm() <= 1e-5 * b.norm()


def planted(name: str, old: str, new: str, place: Path) -> ModuleType:
    """A module of kernels with one piece of its text another."""
    source = (ROOT / "rnnbench" / "recurrent" / "gpu" / f"{name}.py").read_text()
    assert source.count(old) == 1, old
    (place / f"{name}.py").write_text(source.replace(old, new))
    spec = importlib.util.spec_from_file_location(f"planted_{name}", place / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FAULTS = [
    ("cells", "c = f * c + i * g", "c = f * c + i * i", LSTMCell()),
    ("cells", "dc * c_prev * f * (1.0 - f)", "dc * c * f * (1.0 - f)", LSTMCell()),
    ("cells", "dh * t * o * (1.0 - o)", "dh * o * (1.0 - o)", LSTMCell()),
    ("cells", "(1.0 - z) * n + z * h", "z * n + (1.0 - z) * h", GRUCell()),
    ("cells", "dn * n_h * r * (1.0 - r)", "dn * r * (1.0 - r)", GRUCell()),
    ("loop", "t = T - 1 - s if REVERSE else s", "t = s", LSTMCell()),
    ("loop", "h, c = tl.where(mask, h_now, h), tl.where(mask, c_now, c)", "h, c = h_now, c_now", LSTMCell()),
    ("loop", "c_prev = tl.where(held, _read(saved, at, held), first_c)", "c_prev = _read(saved, at, held)", LSTMCell()),
    ("loop", "had = had & there & (s > 0)\n        at, held = _block(before, u, had, H, 0, 1)",
     "had = had & there\n        at, held = _block(before, u, had, H, 0, 1)", GRUCell()),
    ("loop", "        dh = tl.where(mask, dh_prev, dh)\n", "        dh = dh_prev\n", GRUCell()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "cell"), FAULTS, ids=range(len(FAULTS)))
def test_planted_errors_are_caught(
    name: str, old: str, new: str, cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = planted(name, old, new, tmp_path)
    if name == "loop":
        monkeypatch.setattr(layer, "loop", faulty)
    else:
        for equations in ("lstm", "lstm_back", "gru", "gru_back"):
            monkeypatch.setattr(loop, equations, getattr(faulty, equations))
    assert any(failures(cell, [case]) for case in SHORT)


@pytest.mark.parametrize("cell", CELLS, ids=["lstm", "gru"])
@pytest.mark.parametrize("H", [5, 70])
def test_networks_side_by_side_are_those_alone(cell: Cell, H: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two layers, both directions, initial states, each network's own."""
    ours = [rnnbench.Recurrent(cell, 3, H, 2, bidirectional=True, batch_first=True, backend="triton") for _ in range(3)]
    grids = []
    launch = layer.Plan.launch
    monkeypatch.setattr(
        layer.Plan, "launch", lambda plan, kernel, t, size: grids.append(size) or launch(plan, kernel, t, size)
    )
    x = [torch.randn(4, 5, 3, requires_grad=True) for _ in ours]
    states = [tuple(torch.randn(4, 4, H) for _ in cell.state) for _ in ours]
    given = [state if len(state) > 1 else state[0] for state in states]
    found = side_by_side(ours, x, given)
    assert found is not None
    assert grids == ([(3, 20, H)] * 4 if H == 5 else [])  # one launch for each layer and direction, for all networks
    torch.autograd.backward(
        [output.pow(2).sum() + sum(s.sin().sum() for s in as_tuple(last)) for output, last in found]
    )
    for network, its_x, start, (output, last) in zip(ours, x, states, found, strict=True):
        reference = rnnbench.Recurrent(
            cell, 3, H, 2, bidirectional=True, batch_first=True, backend="eager", dtype=torch.float64
        )
        reference.load_state_dict(network.state_dict())
        x64 = its_x.detach().double().requires_grad_()
        start64 = tuple(s.double() for s in start)
        output64, last64 = reference(x64, start64 if len(start) > 1 else start64[0])
        (output64.pow(2).sum() + sum(s.sin().sum() for s in as_tuple(last64))).backward()
        pairs = [(output, output64), *zip(as_tuple(last), as_tuple(last64), strict=True), (its_x.grad, x64.grad)]
        pairs += [(p.grad, q.grad) for p, q in zip(network.parameters(), reference.parameters(), strict=True)]
        for a, b in pairs:
            assert a is not None and b is not None
            assert (a.double() - b).norm() <= 1e-5 * b.norm()


@pytest.mark.parametrize("cell", CELLS, ids=["lstm", "gru"])
def test_second_derivatives_side_by_side(cell: Cell) -> None:
    ours = [rnnbench.Recurrent(cell, 3, 5, backend="triton") for _ in range(2)]
    x = [torch.randn(4, 2, 3, requires_grad=True) for _ in ours]
    slopes = torch.autograd.grad(
        [o.pow(2).sum() for o, _ in side_by_side(ours, x, [None, None]) or ()], x, create_graph=True
    )
    torch.autograd.backward([slope.pow(2).sum() for slope in slopes])
    for network, its_x in zip(ours, x, strict=True):
        found = [p.grad for p in network.parameters()]
        network.zero_grad(set_to_none=True)
        (slope,) = torch.autograd.grad(network(its_x)[0].pow(2).sum(), its_x, create_graph=True)
        slope.pow(2).sum().backward()
        for a, p in zip(found, network.parameters(), strict=True):
            torch.testing.assert_close(a, p.grad)


def test_runs_side_by_side_train_as_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launch a step for all of them; weights within what the order of sums leaves."""
    monkeypatch.chdir(tmp_path)
    configs = [tiny("backend=triton", "budget.max_steps=6", "budget.eval_every=6", f"seed={s}") for s in range(3)]
    lanes = [Lane(training := prepare(config), Own(training.device)) for config in configs]
    sizes: list[tuple[int, ...]] = []
    launch = layer.Plan.launch

    def counted(plan: Any, kernel: Any, tensors: Any, size: Any) -> None:
        if torch.is_grad_enabled() or kernel is loop.lstm_backward:
            sizes.append(size)
        launch(plan, kernel, tensors, size)

    monkeypatch.setattr(layer.Plan, "launch", counted)
    train(lanes, lambda lane: None)
    monkeypatch.undo()
    assert sizes.count((3, 24, 5)) >= 6 and (1, 24, 5) not in sizes
    for config, lane in zip(configs, lanes, strict=True):
        alone = prepare(config)
        alone.run()
        for a, b in zip(lane.training.model.parameters(), alone.model.parameters(), strict=True):
            assert (a - b).norm() <= 1e-5 * b.norm()


def test_no_two_gradients_share_memory() -> None:
    """Clipping in place would scale what two have in common twice."""
    for kind in (rnnbench.LSTM, rnnbench.GRU):
        networks = [kind(3, 5, backend="triton") for _ in range(2)]
        found = side_by_side(networks, [torch.randn(4, 2, 3) for _ in networks], [None] * len(networks))
        assert found is not None
        torch.autograd.backward([output.sum() for output, _ in found])
        gradients = [p.grad for network in networks for p in network.parameters() if p.grad is not None]
        before = [g.clone() for g in gradients]
        for g in gradients:
            g.mul_(2)
        assert all(torch.equal(g, 2 * b) for g, b in zip(gradients, before, strict=True))


def as_tuple(state: Any) -> tuple[torch.Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)
