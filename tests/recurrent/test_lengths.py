"""Sequences of unequal lengths, padded or packed: torch.nn's numbers on packed sequences, in every backend.

What torch lacks (gru_reset_before) is held against each sequence run alone, without any padding.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from beside_reference import CELLS, TOLERANCE, error, name
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from rnnbench.cells.base import Cell
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.cells.lstm_projected import LSTMProjectedCell
from rnnbench.recurrent import backends
from rnnbench.recurrent.layers import GRU, LSTM, Recurrent

T, B, I, H = 9, 5, 4, 7
LENGTHS = (4, 9, 1, 6, 6)
TORCH = [cell for cell in (*CELLS, LSTMProjectedCell(3)) if cell.torch_mode]


def made(cell: Cell, backend: str, dtype: torch.dtype = torch.float64, **options: Any) -> Recurrent:
    torch.manual_seed(3)
    return Recurrent(cell, I, H, dtype=dtype, backend=backend, **options)


def able(cell: Cell) -> list[str]:
    return backends.available(cell, torch.device("cpu"), torch.float64)


def drawn(model: Recurrent, dtype: torch.dtype = torch.float64) -> tuple[Tensor, tuple[Tensor, ...]]:
    generator = torch.Generator().manual_seed(0)
    count = model.num_layers * (2 if model.bidirectional else 1)
    sizes = model.cell.state_sizes(H)
    x = torch.randn(T, B, I, generator=generator, dtype=torch.float64)
    return x.to(dtype), tuple(
        torch.randn(count, B, n, generator=generator, dtype=torch.float64).to(dtype) for n in sizes
    )


def everything(run: Any, model: nn.Module, x: Tensor, state: tuple[Tensor, ...]) -> list[Tensor]:
    """Output, last states, and the gradients of input, states and parameters, of a loss that weighs each number."""
    x, *state = (t.detach().clone().requires_grad_() for t in (x, *state))  # type: ignore[assignment]
    output, last = run(x, tuple(state) if len(state) > 1 else state[0])
    results = [output, *(last if isinstance(last, tuple) else (last,))]
    generator = torch.Generator().manual_seed(1)
    weights = [torch.randn(r.shape, generator=generator, dtype=torch.float64).to(r.dtype) for r in results]
    loss = torch.stack([(r * w).sum() for r, w in zip(results, weights, strict=True)]).sum()
    return [*(r.detach() for r in results), *torch.autograd.grad(loss, [x, *state, *model.parameters()])]


def packed_by_torch(model: nn.Module, lengths: Tensor) -> Any:
    def run(x: Tensor, hx: Any) -> Any:
        output, last = model(pack_padded_sequence(x, lengths, enforce_sorted=False), hx)
        return pad_packed_sequence(output, total_length=T)[0], last

    return run


@pytest.mark.few(4)
@pytest.mark.parametrize("dtype", [torch.float32, pytest.param(torch.float64, marks=pytest.mark.slow)], ids=str)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", TORCH, ids=name)
def test_every_backend_gives_what_torch_gives_for_packed_sequences(
    cell: Cell, bidirectional: bool, dtype: torch.dtype
) -> None:
    lengths = torch.tensor(LENGTHS)
    reference = made(cell, "torch", bidirectional=bidirectional, num_layers=2).to_torch()
    x, state = drawn(made(cell, "eager", bidirectional=bidirectional, num_layers=2), dtype)
    expected = everything(packed_by_torch(reference, lengths), reference, x.double(), tuple(s.double() for s in state))
    for backend in able(cell):
        model = made(cell, backend, dtype, bidirectional=bidirectional, num_layers=2)
        model.load_state_dict(reference.state_dict())
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for run in (lambda x, hx, m=model: m(x, hx, lengths=lengths), packed_by_torch(model, lengths)):
                found = everything(run, model, x, state)
                for a, b in zip(found, expected, strict=True):
                    assert error(a, b) <= 2 * TOLERANCE[dtype], backend


@pytest.mark.parametrize("backend", able(GRUResetBeforeCell()))
def test_each_sequence_is_what_it_is_alone(backend: str) -> None:
    model = made(GRUResetBeforeCell(), backend, bidirectional=True, num_layers=2)
    x, (h,) = drawn(model)
    output, last = model(x, h, lengths=torch.tensor(LENGTHS))
    for b, length in enumerate(LENGTHS):
        alone, state = made(GRUResetBeforeCell(), "eager", bidirectional=True, num_layers=2)(x[:length, b], h[:, b])
        torch.testing.assert_close(output[:length, b], alone)
        torch.testing.assert_close(last[:, b], state)
        assert not output[length:, b].any()


@pytest.mark.few(5)
@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_what_stands_in_the_padding_changes_nothing(cell: Cell, garbage: float) -> None:
    """Both directions, the second layer, outputs, states and gradients, to the bit; the padding's gradient is 0."""
    lengths = torch.tensor(LENGTHS)
    padding = torch.arange(T)[:, None] >= lengths  # (T, B)
    for backend in able(cell):
        model = made(cell, backend, bidirectional=True, num_layers=2)
        x, state = drawn(model)
        results = [
            everything(lambda x, hx, m=model: m(x, hx, lengths=lengths), model, filled, state)
            for filled in (x, x.masked_fill(padding[..., None], garbage))
        ]
        for a, b in zip(*results, strict=True):
            assert torch.equal(a, b), backend
        d_x = results[1][1 + len(state)]
        assert not d_x[padding].any()


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_gradients_through_lengths_agree_with_finite_differences(cell: Cell) -> None:
    lengths = torch.tensor([2, 4, 1])
    for backend in able(cell):
        torch.manual_seed(0)
        model = Recurrent(cell, 2, 3, bidirectional=True, dtype=torch.float64, backend=backend)
        x = torch.randn(4, 3, 2, dtype=torch.float64, requires_grad=True)
        run = lambda x, *weights, m=model: m(x, lengths=lengths)[0]  # noqa: E731
        assert torch.autograd.gradcheck(run, (x, *model.parameters()), fast_mode=True)


def test_batch_first_and_sorted_packing_are_the_same() -> None:
    model = made(LSTMProjectedCell(3), "auto", bidirectional=True)
    first = made(LSTMProjectedCell(3), "auto", bidirectional=True, batch_first=True)
    x, state = drawn(model)
    lengths = torch.tensor(LENGTHS)
    output, last = model(x, state, lengths=lengths)
    other, also = first(x.transpose(0, 1), state, lengths=lengths)
    assert torch.equal(output.transpose(0, 1), other)
    assert all(torch.equal(a, b) for a, b in zip(last, also, strict=True))
    order = lengths.argsort(descending=True)
    packed = pack_padded_sequence(x[:, order], lengths[order])
    result, _ = model(packed, tuple(s[:, order] for s in state))
    assert isinstance(result, PackedSequence) and result.sorted_indices is None
    torch.testing.assert_close(pad_packed_sequence(result)[0], output[:, order])


def test_whole_lengths_are_as_good_as_none() -> None:
    model = made(CELLS[0], "auto")
    x, state = drawn(model)
    for a, b in zip((m := model(x, state))[1], model(x, state, lengths=torch.full((B,), T))[1], strict=True):
        assert torch.equal(a, b)
    assert torch.equal(m[0], model(x, state, lengths=torch.full((B,), T))[0])


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([4, 9, 0, 6, 6], "sequence 2 has 0"),
        ([4, 9, 1, 6, -1], "sequence 4 has -1"),
        ([4, 10, 1, 6, 6], "sequence 1 has 10"),
        ([4, 9], r"shape \(5,\)"),
        ([4.0, 9.0, 1.0, 6.0, 6.0], "integers"),
        ([4 + 1j, 9, 1, 6, 6], "integers"),
        ([[4, 9, 1, 6, 6]], r"shape \(5,\)"),
    ],
)
def test_lengths_that_cannot_be_are_refused_by_name(lengths: list, words: str) -> None:
    model = GRU(I, H)
    for given in (torch.tensor(lengths), lengths):
        with pytest.raises(ValueError, match=words):
            model(torch.randn(T, B, I), lengths=given)


def test_packed_input_of_the_wrong_kind_raises_what_torch_raises() -> None:
    for constructor in (LSTM, nn.LSTM):
        with pytest.raises(RuntimeError):
            constructor(I, H)(PackedSequence(torch.randn(3, 2, I), torch.tensor([2, 1])))
        with pytest.raises(RuntimeError):
            constructor(I + 1, H)(PackedSequence(torch.randn(3, I), torch.tensor([2, 1])))
        with pytest.raises(RuntimeError):
            constructor(I, H)(PackedSequence(torch.randn(3, I), torch.tensor([2, 1])), (torch.zeros(1, 3, H),) * 2)


def test_lengths_may_be_a_list_and_stand_beside_nothing_packed() -> None:
    model = made(CELLS[0], "auto")
    x, state = drawn(model)
    assert torch.equal(model(x, state, lengths=list(LENGTHS))[0], model(x, state, lengths=torch.tensor(LENGTHS))[0])
    with pytest.raises(ValueError, match="PackedSequence"):
        model(pack_padded_sequence(x, torch.tensor(LENGTHS), enforce_sorted=False), state, lengths=list(LENGTHS))


@pytest.mark.few(4)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_lengths_under_transforms_are_each_sequence_alone(cell: Cell, bidirectional: bool) -> None:
    """Forward mode against difference quotients, gradgradcheck, vmap one by one, traces called with other numbers."""
    torch.manual_seed(0)
    model = Recurrent(cell, 2, 3, bidirectional=bidirectional, dtype=torch.float64)
    lengths = torch.tensor([2, 4, 1])
    x = torch.randn(4, 3, 2, dtype=torch.float64)
    v = torch.randn(4, 3, 2, dtype=torch.float64)

    def run(x: Tensor) -> Tensor:
        output: Tensor = model(x, lengths=lengths)[0]
        return output

    slope = (run(x + 1e-6 * v) - run(x - 1e-6 * v)) / 2e-6
    torch.testing.assert_close(torch.func.jvp(run, (x,), (v,))[1], slope, rtol=1e-6, atol=1e-8)
    assert torch.autograd.gradgradcheck(run, x.clone().requires_grad_(), fast_mode=True)
    torch.testing.assert_close(torch.vmap(run)(torch.stack((x, v))), torch.stack((run(x), run(v))))
    gradient = torch.autograd.functional.jacobian(lambda x: run(x).sum(), x)
    torch.testing.assert_close(torch.func.grad(lambda x: run(x).sum())(x), gradient)
    torch.testing.assert_close(make_fx(run)(x)(v), run(v))


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_a_trace_with_whole_lengths_keeps_to_lengths() -> None:
    """Traced with whole sequences, called with others of the same lengths as traced: packed, as they were."""
    model = made(CELLS[1], "auto").requires_grad_(False)
    x, _ = drawn(model)
    traced = torch.jit.trace(lambda x: model(x, lengths=[T] * B)[0], (x,), check_trace=False)
    torch.testing.assert_close(traced(2 * x), model(2 * x)[0])
