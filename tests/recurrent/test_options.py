"""What layers have beside their cells' equations: by hand, off unless asked for, refused where it cannot be."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from making import tiny
from torch import Tensor

import rnnbench
from rnnbench.cells.base import Cell
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cells.mingru import MinGRUCell
from rnnbench.cells.rnn import RNNCell
from rnnbench.cells.slstm import SLSTMCell
from rnnbench.config import Config
from rnnbench.errors import UsageError
from rnnbench.preparation import prepare
from rnnbench.recurrent import backends, kernel
from rnnbench.recurrent.layers import GRU, LSTM, Recurrent
from rnnbench.run import run

FASTEST = "fused" if kernel.library() is not None else "eager"
P = 0.25


def counting(hidden_size: int, **options: Any) -> Recurrent:
    """h_t = x_t + h_{t−1} as far as numbers are positive: relu, every weight of the diagonal 1."""
    layer = Recurrent(RNNCell("relu"), hidden_size, hidden_size, bias=False, **options)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.eye(hidden_size))
        layer.weight_hh_l0.copy_(torch.eye(hidden_size))
    return layer


def test_a_unit_that_is_not_heard_is_heard_at_no_step() -> None:
    """1 comes in once. Heard, h_t = (1 / (1 − p))^t = (4/3)^t; not heard, 0 after the first step; P(not) = p."""
    H, T = 900, 5
    x = torch.zeros(T, 1, H)
    x[0] = 1
    torch.manual_seed(0)
    layer = counting(H, recurrent_dropout=P)
    output = layer(x)[0][:, 0].detach()
    heard = output[1] > 0
    assert float(heard.float().mean()) == pytest.approx(1 - P, abs=4 * (P * (1 - P) / H) ** 0.5)  # standard errors
    for t in range(1, T):
        torch.testing.assert_close(output[t], heard * (4 / 3) ** t)
    again = layer(x)[0][1, 0] > 0
    assert not torch.equal(again, heard)
    assert torch.equal(layer.eval()(x)[0], torch.ones(T, 1, H))


@pytest.mark.parametrize("cell", [LSTMCell(), GRUCell()])
def test_what_is_not_heard_gets_no_gradient_by_it_and_backends_agree(cell: Cell) -> None:
    x = torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(0))
    found = []
    for backend in backends.available(cell, torch.device("cpu"), torch.float32):
        torch.manual_seed(1)
        layer = Recurrent(cell, 4, 9, backend=backend, recurrent_dropout=0.5)
        output, _ = layer(x)
        output.square().sum().backward()
        found.append((output.detach(), layer.weight_hh_l0.grad))
    columns = (found[0][1] == 0).all(0)
    assert 0 < int(columns.sum()) < 9
    for output, gradient in found[1:]:
        torch.testing.assert_close(output, found[0][0], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(gradient, found[0][1], rtol=1e-4, atol=1e-5)


def test_a_number_that_stays_is_drawn_anew_at_each_step() -> None:
    """h_t would be x_t = t; each number stays what it was with probability p, whatever happened before."""
    H, T = 900, 4
    torch.manual_seed(0)
    layer = counting(H, zoneout=P)
    torch.nn.init.zeros_(layer.weight_hh_l0)
    x = torch.arange(1.0, T + 1)[:, None, None].expand(T, 1, H)
    output = layer(x)[0][:, 0].detach()
    before = torch.cat((torch.zeros(1, H), output[:-1]))
    stayed = output != x[:, 0]
    assert torch.equal(output, torch.where(stayed, before, x[:, 0]))
    four_errors = 4 * (P * (1 - P) / H) ** 0.5
    for t in range(T):
        assert float(stayed[t].float().mean()) == pytest.approx(P, abs=four_errors)
    assert float((stayed[0] & stayed[1]).float().mean()) == pytest.approx(P**2, abs=four_errors)


def test_in_evaluation_the_state_goes_part_of_the_way() -> None:
    """h_t = h_{t−1} / 4 + 3/4 · t from 0 on: 0.75, 1.6875, 2.671875."""
    layer = counting(1, zoneout=P).eval()
    torch.nn.init.zeros_(layer.weight_hh_l0)
    output, last = layer(torch.tensor([1.0, 2.0, 3.0])[:, None, None])
    assert output.flatten().tolist() == [0.75, 1.6875, 2.671875] and last.item() == 2.671875


@pytest.mark.parametrize("cell", [LSTMCell(), MinGRUCell()])
def test_zoneout_of_unequal_lengths_in_both_directions(cell: Cell) -> None:
    """In evaluation each sequence is what it is alone; in training every parameter gets a gradient."""
    torch.manual_seed(0)
    layer = Recurrent(cell, 2, 3, num_layers=2, bidirectional=True, dtype=torch.float64, zoneout=0.3)
    x = torch.randn(5, 2, 2, dtype=torch.float64)
    layer(x, lengths=[5, 2])[0].sum().backward()
    assert all(weight.grad is not None and bool(weight.grad.any()) for weight in layer.parameters())
    layer.eval()
    torch.testing.assert_close(layer(x, lengths=[5, 2])[0][:2, 1:], layer(x[:2, 1:])[0])


@pytest.mark.parametrize("backend", ["eager", FASTEST])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_stands_between_layers_is_put_together_from_single_ones(backend: str, bidirectional: bool) -> None:
    """Three layers with norm and residual: y = y + layer(LN(y)) for the second and third; no norm of the first."""
    D, H = 2 if bidirectional else 1, 5
    torch.manual_seed(0)
    made: Any = {"bidirectional": bidirectional, "backend": backend, "dtype": torch.float64}
    layer = grus(3, layer_norm=True, residual=True, **made)
    singles = [grus(1, inputs=4 if n == 0 else D * H, **made) for n in range(3)]
    with torch.no_grad():
        for norm in layer.norms:
            norm.weight.uniform_(0.5, 2), norm.bias.uniform_(-1, 1)
        for n, single in enumerate(singles):
            for name, weight in single.named_parameters():
                weight.copy_(layer.get_parameter(name.replace("_l0", f"_l{n}")))
    x = torch.randn(6, 2, 4, dtype=torch.float64)
    y, last = singles[0](x)
    lasts = [last]
    for single, norm in zip(singles[1:], layer.norms, strict=True):
        mean, deviation = y.mean(-1, keepdim=True), (y.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt()
        output, last = single((y - mean) / deviation * norm.weight + norm.bias)
        y, lasts = y + output, [*lasts, last]
    output, last = layer(x)
    torch.testing.assert_close(output, y)
    torch.testing.assert_close(last, torch.cat(lasts))


def grus(num_layers: int, inputs: int = 4, **options: Any) -> Recurrent:
    return Recurrent(GRUCell(), inputs, 5, num_layers, **options)


def test_gains_of_norms_begin_at_one_and_count_as_parameters() -> None:
    plain, normed = LSTM(3, 4, num_layers=3), Recurrent(LSTMCell(), 3, 4, 3, layer_norm=True)
    more = sum(p.numel() for p in normed.parameters()) - sum(p.numel() for p in plain.parameters())
    assert more == 2 * (4 + 4)  # gain and bias of two norms
    assert all(bool((norm.weight == 1).all() and (norm.bias == 0).all()) for norm in normed.norms)
    assert prepare(tiny("num_layers=2", "layer_norm=true")).model.parameter_counts()["recurrent"] == (
        prepare(tiny("num_layers=2")).model.parameter_counts()["recurrent"] + 2 * 5
    )


@pytest.mark.slow
def test_the_backend_is_one_that_can() -> None:
    def chosen(**options: Any) -> str:
        return Recurrent(LSTMCell(), 2, 3, 2, **options).used_backend

    assert chosen(recurrent_dropout=0.1) == chosen(residual=True) == chosen(layer_norm=True) == FASTEST
    assert chosen(zoneout=0.1) == "eager"
    assert run(tiny("zoneout=0.1")).record["backend"] == "eager"
    assert run(tiny("num_layers=2", "layer_norm=true", "residual=true")).record["backend"] == FASTEST


@pytest.mark.parametrize(
    ("cell", "options", "line"),
    [
        (LSTMCell(), {"zoneout": 0.1, "backend": "torch"}, r"backend=torch: torch\.nn has no such cell \(.*eager"),
        (
            LSTMCell(),
            {"residual": True, "backend": "torch"},
            r"backend=torch: has no layer_norm and no residual \(.*eager",
        ),
        (LSTMCell(), {"zoneout": 1.0}, r"zoneout=1\.0: not a probability below 1 \(allowed: 0 up to 1\)"),
        (LSTMCell(), {"recurrent_dropout": -0.1}, r"recurrent_dropout=-0\.1: not a probability"),
        (LSTMCell(), {"residual": True, "num_layers": 1}, r"residual=true: stands between layers \(.*num_layers=2"),
        (MinGRUCell(), {"recurrent_dropout": 0.1}, r"recurrent_dropout=0\.1: MinGRUCell has no recurrent weights"),
        (SLSTMCell(), {"zoneout": 0.1}, r"zoneout=0\.1: states of SLSTMCell cannot be averaged \(allowed: 0\)"),
    ],
)
def test_what_cannot_be_is_one_line(cell: Cell, options: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=f"^{line}"):
        Recurrent(cell, 2, 3, **({"num_layers": 2} | options))


@pytest.mark.parametrize("bad", ["zoneout=1", "recurrent_dropout=-0.5", "layer_norm=true", "residual=true"])
def test_so_it_is_on_the_command_line(bad: str) -> None:
    with pytest.raises(UsageError, match=f"^{bad.partition('=')[0]}="):
        tiny(bad)


ALL = ("num_layers=2", "layer_norm=true", "residual=true", "recurrent_dropout=0.2", "zoneout=0.1", "bidirectional=true")


def test_a_model_with_all_of_it_is_kept() -> None:
    config: Config = tiny(*ALL)
    assert run(config).status == "ok"
    kept, test = rnnbench.load_model(config.run_dir), next(iter(prepare(config).parts.test.batches(10_000)))
    recorded: Tensor = torch.from_numpy(rnnbench.load_predictions(config.run_dir)["prediction"])
    torch.testing.assert_close(kept.predict(test.inputs), recorded)
    with pytest.raises(UsageError, match=r"^layer_norm=true: torch\.nn has none"):
        kept.to_torch()
    assert kept.facts["format"] == 2
    with pytest.raises(ValueError, match=r"torch\.nn has no zoneout"):
        Recurrent(GRUCell(), 2, 3, zoneout=0.1).to_torch()
    assert isinstance(GRU(2, 3).to_torch(), torch.nn.GRU)
