"""The first values that cells draw for themselves, and their forget gates' bias."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from rnnbench.cells.indrnn import IndRNNCell
from rnnbench.cells.lru import LRUCell
from rnnbench.cells.slstm import SLSTMCell
from rnnbench.config import cell_choices
from rnnbench.errors import UsageError
from rnnbench.recurrent.layers import Recurrent

CELLS = cell_choices()


@pytest.mark.parametrize("name", ["lstm_layernorm", "gru_layernorm"])
def test_gains_begin_at_one_and_what_they_add_at_zero(name: str) -> None:
    layer = dict(Recurrent(CELLS[name], 3, 8).named_parameters())
    gains = [weight for role, weight in layer.items() if role.startswith("gain")]
    assert len(gains) >= 2 and all(bool((gain == 1).all()) for gain in gains)
    assert bool((layer["bias_hh_l0"] == 0).all())
    assert 0 < float(layer["weight_hh_l0"].detach().abs().max()) <= 1 / math.sqrt(8)


def test_units_of_an_indrnn_begin_between_forgetting_and_keeping() -> None:
    torch.manual_seed(0)
    u = Recurrent(IndRNNCell(), 3, 4000).weight_hh_l0.detach()
    assert 0 <= float(u.min()) < 0.01 and 0.99 < float(u.max()) <= 1
    assert float(u.mean()) == pytest.approx(0.5, abs=4 / math.sqrt(12 * 4000))  # of U(0, 1), four standard errors


@pytest.mark.parametrize(("r_min", "r_max", "phase"), [(0.0, 1.0, 6.28), (0.9, 0.999, 0.3)])
def test_eigenvalues_of_an_lru_begin_in_the_ring(r_min: float, r_max: float, phase: float) -> None:
    """|λ|² uniform, so its mean is (r_min² + r_max²) / 2; θ uniform; exp(γ)² = 1 − |λ|²."""
    torch.manual_seed(0)
    ring = torch.empty(3, 4000, dtype=torch.float64)
    LRUCell(r_min, r_max, phase).initial("ring", ring, 4000)
    nu, theta, gamma = ring.exp()
    square, (low, high) = torch.exp(-2 * nu), (r_min**2, r_max**2)
    assert low <= float(square.min()) and float(square.max()) <= high
    error = 4 * (high - low) / math.sqrt(12 * 4000)
    assert float(square.mean()) == pytest.approx((low + high) / 2, abs=error)
    assert float(theta.min()) > 0 and phase * 0.99 < float(theta.max()) <= phase
    torch.testing.assert_close(gamma**2, 1 - square)


def test_the_state_of_an_lru_begins_as_large_as_its_input() -> None:
    """White noise of variance 1 in, of |s|² = Σ |λ|^2t (1 − |λ|²) |Bx|² the mean is |B|² = 1 (appendix A)."""
    torch.manual_seed(0)
    layer = Recurrent(LRUCell(r_max=0.9), 50, 200, dtype=torch.float64)
    with torch.no_grad():
        _, (_, re, im) = layer(torch.randn(40, 50, 50, dtype=torch.float64))
    assert float((re**2 + im**2).mean()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("options", [{"r_min": 0.9, "r_max": 0.9}, {"r_max": 1.1}, {"r_min": -1}, {"max_phase": 0.0}])
def test_no_ring_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"^cell\.(r_min|max_phase)=.*\(allowed: "):
        LRUCell(**options)


def test_unknown_nonlinearity_of_an_indrnn_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^cell\.nonlinearity=sine: .*\(allowed: relu, tanh\)"):
        IndRNNCell("sine")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name, cell in CELLS.items() if cell.forget_gate])
def test_forget_gates_begin_where_they_are_asked_to(name: str) -> None:
    cell, H = CELLS[name], 5
    layer = Recurrent(cell, 2, H, forget_bias=1.5)
    rows = slice(cell.gates.index(cell.forget_gate) * H, (cell.gates.index(cell.forget_gate) + 1) * H)
    biases = [b for role, b in layer.named_parameters() if role in ("bias_ih_l0", "bias_hh_l0")]
    assert torch.equal(sum(b[rows] for b in biases), torch.full((H,), 1.5))  # type: ignore[arg-type]
    chrono: Tensor = Recurrent(cell, 2, H, forget_bias="chrono", longest=100).bias_ih_l0[rows].detach()
    assert 0 <= float(chrono.min()) < float(chrono.max()) <= math.log(99)


def test_a_bias_of_the_forget_gate_makes_every_such_cell_keep_more() -> None:
    """Nothing but that bias: of a state of ones much more is left after ten steps where it is 5 than where it is −5."""
    for cell in (cell for cell in CELLS.values() if cell.forget_gate):
        left = []
        for bias in (5.0, -5.0):
            layer = Recurrent(cell, 2, 3, forget_bias=bias)
            with torch.no_grad():
                for weight in layer.parameters():
                    weight *= weight == bias
            state = cell.reachable(tuple(torch.ones(1, 1, 3) for _ in cell.state))
            _, last = layer(torch.zeros(10, 1, 2), state if len(state) > 1 else state[0])
            h, *more = (last,) if isinstance(last, Tensor) else last
            h, *more = (part.detach() for part in (h, *more))
            left.append(float((more[0] / more[1] if isinstance(cell, SLSTMCell) else more[0] if more else h).mean()))
        assert left[0] > 2 * left[1] > 0, type(cell).__name__


@pytest.mark.parametrize("gate", [200.0, -200.0])
def test_an_slstm_of_huge_gates_stays_finite(gate: float) -> None:
    """exp(±200) is no float32: only its ratio to others counts. The input gate is that at each of four steps, the
    forget gate σ(200) = 1: h = o ∘ mean of the candidates, σ(0) tanh(1)."""
    layer = Recurrent(SLSTMCell(), 1, 1)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
        layer.bias_ih_l0.copy_(torch.tensor([gate, 200.0, 1.0, 0.0]))
    output, _ = layer(torch.zeros(4, 1, 1))
    output.sum().backward()
    torch.testing.assert_close(output.flatten(), torch.full((4,), 0.5 * math.tanh(1)))
    assert all(bool(torch.isfinite(weight.grad).all()) for weight in layer.parameters())
