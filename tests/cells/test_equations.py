"""Each cell's step against its equations written a second time, and against numbers worked out by hand."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from rnnbench.cells.base import Cell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.indrnn import IndRNNCell
from rnnbench.cells.janet import JANETCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.cells.ugrnn import UGRNNCell
from rnnbench.config import cell_choices
from rnnbench.errors import UsageError

CELLS = cell_choices()


def scalar_step(cell: Cell, weight_ih: list, weight_hh: list, bias_ih: list, bias_hh: list, x: float, *state: float):
    """One step of one unit with one input; the state after it as floats."""
    p: dict[str, Tensor] = {
        "weight_ih": torch.tensor(weight_ih, dtype=torch.float64)[:, None],
        "weight_hh": torch.tensor(weight_hh, dtype=torch.float64)[:, None],
        "bias_ih": torch.tensor(bias_ih, dtype=torch.float64),
        "bias_hh": torch.tensor(bias_hh, dtype=torch.float64),
    }
    gates_x = cell.project(torch.tensor([[[x]]], dtype=torch.float64), p)[0]
    return [float(s) for s in cell.step(gates_x, tuple(torch.tensor([[s]], dtype=torch.float64) for s in state), p)]


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(("bias", "input_size"), [(True, 4), (False, 5)])
def test_step_is_the_papers_equations(name: str, bias: bool, input_size: int, oracle: ModuleType) -> None:
    cell, B, H = CELLS[name], 3, 5
    rng = np.random.default_rng(7)
    shapes = cell.parameter_shapes(input_size, H, True)
    weights = {role: rng.normal(size=shape) * (bias or "bias" not in role) for role, shape in shapes.items()}
    x = rng.normal(size=(B, input_size))
    states = cell.reachable(tuple(torch.from_numpy(rng.normal(size=(B, size))) for size in cell.state_sizes(H)))

    p = {role: torch.from_numpy(weights[role]) for role in cell.parameter_shapes(input_size, H, bias)}
    new = cell.step(cell.project(torch.from_numpy(x)[None], p)[0], states, p)
    for b in range(B):
        expected = oracle.ORACLES[name](weights, x[b], *(s[b].numpy() for s in states))
        for got, want in zip(new, expected, strict=True):
            np.testing.assert_allclose(got[b].numpy(), want, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("beta", [0.0, 2.5])
def test_what_a_janet_lets_in_hangs_on_beta(beta: float) -> None:
    """One unit: σ(s) = σ(ln 3) of c = 2 stays, 1 − σ(ln 3 − β) of tanh(ln 2) = 3/5 comes in; β = 0: a UGRNN."""
    weights = {"weight_ih": [[math.log(3)], [math.log(2)]], "weight_hh": [[0.0], [0.0]], "bias_ih": [0.0] * 2,
               "bias_hh": [0.0] * 2}  # fmt: skip
    p = {role: torch.tensor(values, dtype=torch.float64) for role, values in weights.items()}
    one, state = torch.ones(1, 1, dtype=torch.float64), (torch.full((1, 1), 2.0, dtype=torch.float64),)
    (found,) = JANETCell(beta).step(JANETCell(beta).project(one[None], p)[0], state, p)
    assert float(found) == pytest.approx(0.75 * 2 + (1 - 3 / (3 + math.exp(beta))) * 0.6)
    if not beta:
        (same,) = UGRNNCell().step(UGRNNCell().project(one[None], p)[0], state, p)
        assert float(same) == pytest.approx(float(found))


def test_an_indrnn_of_tanh_by_hand() -> None:
    """One unit: tanh(ln 2 − ½ + 0.25 · 2) = tanh(ln 2) = 3/5."""
    p = {"weight_ih": torch.tensor([[math.log(2)]]), "weight_hh": torch.tensor([0.25]), "bias_ih": torch.tensor([-0.5])}
    cell = IndRNNCell("tanh")
    (found,) = cell.step(cell.project(torch.ones(1, 1, 1), p)[0], (torch.full((1, 1), 2.0),), p)
    assert float(found) == pytest.approx(0.6)


def test_lstm_by_hand() -> None:
    """One unit; x = 1, h = 0.5, c = 2; σ(ln k) = k / (k + 1) and tanh(ln k) = (k² − 1) / (k² + 1).

    i: 0.4 x + 0.2 h − 0.3 − 0.2 = 0            σ = 1/2
    f: ln 3 from its biases alone               σ = 3/4
    g: ln 2 from x alone                        tanh = 3/5
    o: 2 ln 4 h = ln 4                          σ = 4/5
    c = 3/4 · 2 + 1/2 · 3/5 = 1.8
    h = 4/5 · tanh 1.8 = 0.8 · 0.9468060128…
    """
    ln2, ln3, ln4 = np.log([2.0, 3.0, 4.0])
    h, c = scalar_step(
        LSTMCell(), [0.4, 0, ln2, 0], [0.2, 0, 0, 2 * ln4], [-0.3, ln3 - 1, 0, 0], [-0.2, 1, 0, 0], 1.0, 0.5, 2.0
    )
    assert c == pytest.approx(1.8, rel=1e-14)
    assert h == pytest.approx(0.8 * 0.946806012846268, rel=1e-14)


R, Z, N = 0, 1, 2
GRU_BY_HAND = {
    "weight_ih": [0.0, 0.0, 0.0],
    "weight_hh": [0.0, 0.0, 2.0],
    "bias_ih": [0.0, np.log(3.0), 0.0],
    "bias_hh": [0.0, 0.0, 1.0],
}
"""r = σ(0) = 1/2, z = σ(ln 3) = 3/4, the candidate's recurrent weight 2 and recurrent bias 1; h = 0.8."""


def test_gru_by_hand() -> None:
    """Reset after: n = tanh(1/2 · (2 · 0.8 + 1)) = tanh 1.3 = 0.8617231593…; h = 1/4 n + 3/4 · 0.8."""
    (h,) = scalar_step(GRUCell(), *GRU_BY_HAND.values(), 0.0, 0.8)
    assert h == pytest.approx(0.25 * 0.861723159313306 + 0.6, rel=1e-14)


def test_gru_reset_before_by_hand_differs() -> None:
    """Reset before: n = tanh(2 · (1/2 · 0.8) + 1) = tanh 1.8 = 0.9468060128…; h = 1/4 · 0.8 + 3/4 n.

    Same weights as above: the bias 1 escapes the reset gate, and z = 3/4 writes where there it keeps.
    """
    (h,) = scalar_step(GRUResetBeforeCell(), *GRU_BY_HAND.values(), 0.0, 0.8)
    assert h == pytest.approx(0.2 + 0.75 * 0.946806012846268, rel=1e-14)


@pytest.mark.parametrize(("nonlinearity", "expected"), [("tanh", -0.46211715726000975), ("relu", 0.0)])
def test_rnn_by_hand(nonlinearity: str, expected: float) -> None:
    """2 · 1 − 3 · 0.5 − 0.75 − 0.25 = −0.5: tanh −0.5 = −0.4621…, relu 0."""
    (h,) = scalar_step(RNNCell(nonlinearity), [2.0], [-3.0], [-0.75], [-0.25], 1.0, 0.5)  # type: ignore[arg-type]
    assert h == pytest.approx(expected, rel=1e-14)


def test_rnn_relu_by_hand_above_zero() -> None:
    """2 · 1 + 3 · 0.5 − 1 = 2.5, which relu leaves and tanh would not."""
    assert scalar_step(RNNCell("relu"), [2.0], [3.0], [-1.0], [0.0], 1.0, 0.5) == [2.5]


def test_unknown_nonlinearity_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cell\.nonlinearity=sine: .*\(allowed: tanh, relu\)"):
        RNNCell("sine")  # type: ignore[arg-type]
