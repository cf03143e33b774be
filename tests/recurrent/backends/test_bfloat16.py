"""bfloat16 in the fused kernel: inputs, weights and results are bfloat16, what goes on from step to step is float32.

The reference is the same layer in float64, of the same bfloat16 numbers; torch.nn in bfloat16 stands beside it.
"""

from __future__ import annotations

import pytest
import torch
from beside_reference import error, everything, name, problem
from torch import Tensor

from rnnbench.cells.base import Cell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.recurrent import kernel
from rnnbench.recurrent.layers import GRU, LSTM, Recurrent

BF16 = torch.bfloat16
NEXT = 2**-8
"""From a number near 1 to the next: what is rounded once is off by half of it at most."""
SHAPES = (  # T, B, I, H, layers, bidirectional, bias, batch_first
    (7, 3, 5, 17, 2, True, True, True),
    (5, 7, 3, 33, 1, True, False, False),
    (13, 9, 70, 35, 1, False, True, True),
    (300, 2, 1, 20, 1, True, True, False),
    (9, 40, 17, 130, 1, False, True, False),
    (1, 3, 8, 16, 1, False, True, False),
)

pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")


@pytest.mark.few(20)
@pytest.mark.parametrize("isa", kernel.ISAS)
@pytest.mark.parametrize("cell", kernel.CELLS, ids=name)
def test_every_tensor_is_as_near_as_bfloat16_goes(cell: Cell, isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the processor's own products of pairs, and by conversion where it has none. A relu near zero is on in one
    arithmetic and off in the other."""
    if kernel.ISAS.index(isa) > kernel.ISAS.index(kernel.isa()):
        pytest.skip(f"this processor has no {isa}")
    monkeypatch.setenv("RNNBENCH_ISA", isa)
    for shape in SHAPES:
        model, reference, *given = problem(cell, shape, BF16)
        for a, b in zip(everything(model, *given), everything(reference, *given), strict=True):
            assert a.dtype == BF16 and error(a, b) <= (20 if cell == RNNCell("relu") else 5) * NEXT, shape


@pytest.mark.parametrize("cell", [LSTMCell(), GRUCell()], ids=name)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_errors_are_no_larger_than_those_of_torch_in_bfloat16(cell: Cell, shape: tuple) -> None:
    """Of one tensor 1.5 times at most, of all together 1.25: both round what they write and what they keep."""
    model, reference, *given = problem(cell, shape, BF16)
    theirs = Recurrent(
        cell, shape[2], shape[3], shape[4], dtype=BF16, backend="torch",
        bidirectional=shape[5], bias=shape[6], batch_first=shape[7],
    )  # fmt: skip
    theirs.load_state_dict(model.state_dict())
    expected = everything(reference, *given)
    ours, torchs = (
        [error(a, b) for a, b in zip(everything(m, *given), expected, strict=True)] for m in (model, theirs)
    )
    assert all(a <= 1.5 * b for a, b in zip(ours, torchs, strict=True))
    assert sum(ours) <= 1.25 * sum(torchs)


def gru_that_keeps(weight: float, bias: float) -> list[Tensor]:
    """weight_ih, weight_hh, bias_ih, bias_hh of one unit: r = ½, z = σ(bias), n = tanh(weight·x)."""
    return [torch.tensor(v, dtype=BF16) for v in ([[0.0], [0.0], [weight]], [[0.0]] * 3, [0.0, bias, 0.0], [0.0] * 3)]


def test_a_state_takes_up_what_is_too_small_for_bfloat16() -> None:
    """z = σ(8): a step adds 3e-4 of (1 − h) to h, which bfloat16 rounds away from h = 1/8 on; 4,000 reach 0.7."""
    model = GRU(1, 1, dtype=BF16, backend="fused")
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), gru_that_keeps(8.0, 8.0), strict=True):
            parameter.copy_(value)
        output = model(torch.ones(4000, 1, 1, dtype=BF16))[0]
    kept = float(torch.sigmoid(torch.tensor(8.0, dtype=torch.float64)))
    assert float(output[-1]) == pytest.approx(1 - kept**4000, rel=NEXT)
    theirs = torch.nn.GRU(1, 1, dtype=BF16)
    theirs.load_state_dict(model.state_dict())
    assert float(theirs(torch.ones(4000, 1, 1, dtype=BF16))[0][-1].detach()) < 0.2


def test_auto_takes_it() -> None:
    assert GRU(3, 5, dtype=BF16).used_backend == LSTM(3, 5, dtype=BF16).used_backend == "fused"


@pytest.mark.parametrize("cell", [LSTMCell(), GRUCell()], ids=name)
def test_a_call_without_gradients_has_the_same_bits(cell: Cell) -> None:
    torch.manual_seed(3)
    model = Recurrent(cell, 9, 33, dtype=BF16, backend="fused")
    x = torch.randn(6, 5, 9, dtype=BF16)
    output, last = model(x)
    with torch.no_grad():
        again, last_again = model(x)
    assert torch.equal(output, again)
    pairs = zip(last, last_again, strict=True) if isinstance(last, tuple) else [(last, last_again)]
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("cell", [LSTMCell(), GRUCell()], ids=name)
def test_what_is_read_beside_the_numbers_does_not_count(cell: Cell) -> None:
    """Odd widths: the partner of the last number of a row is another row's, here one that is no number."""
    torch.manual_seed(4)
    model = Recurrent(cell, 5, 7, dtype=BF16, backend="fused")
    x = torch.randn(4, 3, 5, dtype=BF16)
    beside = torch.full((4, 3, 9), torch.nan, dtype=BF16)
    beside[..., :5] = x
    assert torch.equal(model(beside[..., :5])[0], model(x)[0])
