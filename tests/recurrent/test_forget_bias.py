"""Chrono's first biases: their distribution, what they leave alone, and what is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from scipy import stats

from rnnbench import LSTM, Recurrent
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.errors import UsageError

I, H = 2, 2000
INPUT, FORGET = slice(0, H), slice(H, 2 * H)  # gate order i, f, g, o


@dataclass(frozen=True)
class NoInputGate(LSTMCell):
    input_gate = None


def chrono(longest: int, seed: int = 1, **options: bool) -> LSTM:
    torch.manual_seed(seed)
    return LSTM(I, H, forget_bias="chrono", longest=longest, **options)


@pytest.mark.parametrize("longest", [3, 100, 750])
def test_the_units_times_are_spread_evenly_up_to_the_longest_sequence(longest: int) -> None:
    """e^b_f ~ U(1, T − 1): mean T/2, standard deviation (T − 2)/√12, so that of the mean of H units is that over √H.

    Within four of those: missed by chance once in 16,000 seeds; the seed is fixed.
    """
    layer = chrono(longest)
    times = layer.bias_ih_l0[FORGET].exp().detach().double()
    assert times.min() >= 1 - 1e-5 and times.max() <= (longest - 1) * (1 + 1e-5)
    assert abs(times.mean() - longest / 2) < 4 * (longest - 2) / math.sqrt(12 * H)
    assert stats.kstest(times.numpy(), stats.uniform(1, longest - 2).cdf).pvalue > 0.001
    assert torch.equal(layer.bias_ih_l0[INPUT], -layer.bias_ih_l0[FORGET])
    assert torch.all(layer.bias_hh_l0[: 2 * H] == 0)


def test_everything_else_is_drawn_as_with_any_other_forget_bias() -> None:
    """Weights and the other gates' biases of both layers and directions, and what is drawn after the layer."""
    with_chrono, with_one = [], []
    for drawn, options in ((with_chrono, {"forget_bias": "chrono", "longest": 50}), (with_one, {"forget_bias": 1.0})):
        torch.manual_seed(1)
        layer = LSTM(I, 8, 2, bidirectional=True, **options)  # type: ignore[arg-type]
        drawn += [p[16:] if "bias" in name else p for name, p in layer.named_parameters()]  # g and o
        drawn.append(torch.rand(5))
    assert all(torch.equal(a, b) for a, b in zip(with_chrono, with_one, strict=True))


def test_layers_directions_and_seeds_differ_and_a_seed_repeats() -> None:
    torch.manual_seed(1)
    layer = LSTM(I, 8, 2, bidirectional=True, forget_bias="chrono", longest=50)
    biases = [p[8:16].tolist() for name, p in layer.named_parameters() if name.startswith("bias_ih")]
    assert len(biases) == len({tuple(values) for values in biases}) == 4
    first = chrono(50).bias_ih_l0
    assert torch.equal(chrono(50).bias_ih_l0, first) and not torch.equal(chrono(50, seed=2).bias_ih_l0, first)


def test_a_cell_without_an_input_gate_has_its_forget_gate_set() -> None:
    torch.manual_seed(1)
    layer = Recurrent(NoInputGate(), I, H, forget_bias="chrono", longest=50)
    assert torch.equal(layer.bias_ih_l0[FORGET], chrono(50).bias_ih_l0[FORGET])
    assert layer.bias_ih_l0[INPUT].abs().max() <= 1 / math.sqrt(H)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="forget_bias=chrono: needs sequences of 3 steps, the longest has 2"):
        chrono(2)
    with pytest.raises(ValueError, match="longest"):
        LSTM(I, 8, forget_bias="chrono")
    with pytest.raises(ValueError, match="a number or \"chrono\", got 'chron'"):
        LSTM(I, 8, forget_bias="chron", longest=50)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a forget gate"):
        Recurrent(GRUCell(), I, 8, forget_bias="chrono", longest=50)
    with pytest.raises(ValueError, match="bias=True"):
        chrono(50, bias=False)
