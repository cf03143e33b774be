"""What stands beyond a sequence's end, or where nothing was observed, changes nothing: neither loss nor gradient."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from making import tiny
from scoring import CPU
from shapes import SHAPES, LabelOfStep, Unequal, ValueOfSequence, ValueOfStep
from torch import Tensor

from rnnbench.config import make_cell
from rnnbench.data.base import Parts
from rnnbench.data.batch import Batch
from rnnbench.errors import UsageError
from rnnbench.objectives.base import Readout
from rnnbench.recurrent import kernel
from rnnbench.training.model import SequenceModel, read, readout_of

BACKENDS = [pytest.param(name, marks=pytest.mark.skipif(name == "fused" and kernel.library() is None,
                                                        reason="the kernel was not compiled"))
            for name in ("eager", "torch", "fused")]  # fmt: skip


def parts_of(shape: type[Unequal]) -> Parts:
    return shape().load(seq_len=None, train_size=None, seed=0, data_dir=None)  # type: ignore[arg-type]


def model_of(parts: Parts, backend: str, readout: Readout | None = None, **options: Any) -> SequenceModel:
    torch.manual_seed(0)
    cell = make_cell(tiny("cell=gru"))
    return SequenceModel(cell, parts, 4, readout=readout, backend=backend, **options).double()


def loss_and_gradients(parts: Parts, model: SequenceModel, batches: list[Batch]) -> tuple[float, list[Tensor]]:
    """Of the mean over all that counts in these batches."""
    model.zero_grad()
    totals = []
    for batch in batches:
        batch = parts.objective.take(batch, CPU, torch.float64)
        totals.append(parts.objective.total(model(batch)[0], batch))
    loss = sum((total for total, _ in totals), torch.zeros(())) / sum(number for _, number in totals)
    loss.backward()
    return loss.item(), [p.grad.clone() for p in model.parameters() if p.grad is not None]


def alone(batch: Batch, i: int) -> Batch:
    """Example i by itself, cut to its length, nothing padded."""
    assert batch.lengths is not None
    n = int(batch.lengths[i])
    targets = batch.targets[i : i + 1]
    return Batch(batch.inputs[i : i + 1, :n], targets[:, :n] if targets.dim() > 1 else targets)


@pytest.mark.few(12)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_a_padded_batch_is_its_examples_one_by_one(shape: type[Unequal], backend: str, num_layers: int) -> None:
    """Padding holds NaN, or symbols that there are not."""
    parts = parts_of(shape)
    model = model_of(parts, backend, num_layers=num_layers)
    batch = parts.train.batch(0, 8)
    loss, gradients = loss_and_gradients(parts, model, [batch])
    one_by_one, theirs = loss_and_gradients(parts, model, [alone(batch, i) for i in range(8)])
    assert math.isfinite(loss) and loss == pytest.approx(one_by_one, rel=1e-12)
    for mine, other in zip(gradients, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-14)


@pytest.mark.few(4)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if not shape.objective.target_follows])
def test_so_it_is_in_both_directions_whatever_is_read(shape: type[Unequal], backend: str) -> None:
    parts = parts_of(shape)
    readouts: list[Readout | None] = [None] if parts.objective.per_step else ["last", "mean", "max"]
    for readout in readouts:
        model = model_of(parts, backend, readout, num_layers=2, bidirectional=True)
        batch = parts.train.batch(0, 8)
        loss, gradients = loss_and_gradients(parts, model, [batch])
        one_by_one, theirs = loss_and_gradients(parts, model, [alone(batch, i) for i in range(8)])
        assert math.isfinite(loss) and loss == pytest.approx(one_by_one, rel=1e-12)
        for mine, other in zip(gradients, theirs, strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.objective.target_follows])
def test_what_follows_is_not_learned_from_behind(shape: type[Unequal]) -> None:
    with pytest.raises(UsageError, match=r"^bidirectional=true: the next step is the answer"):
        model_of(parts_of(shape), "eager", bidirectional=True)


@pytest.mark.few(8)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_garbage_beyond_each_length_changes_no_bit(shape: type[Unequal], backend: str) -> None:
    parts = parts_of(shape)
    model = model_of(parts, backend)
    batch = parts.train.batch(0, 8)
    assert batch.lengths is not None
    beyond = torch.arange(batch.inputs.shape[1]) >= batch.lengths[:, None]
    garbage = batch.inputs.clone()
    garbage[beyond] = 1e30 if garbage.is_floating_point() else 10**9
    a, b = (loss_and_gradients(parts, model, [each]) for each in (batch, batch._replace(inputs=garbage)))
    assert a[0] == b[0] and all(torch.equal(x, y) for x, y in zip(a[1], b[1], strict=True))


@pytest.mark.parametrize("readout", ["last", "mean", "max"])
def test_a_readout_is_over_real_steps(readout: Readout) -> None:
    hidden = torch.tensor([[[1.0, -9.0], [3.0, -2.0], [8.0, 7.0]], [[4.0, -5.0], [100.0, 100.0], [-100.0, torch.nan]]])
    lengths = torch.tensor([3, 1])
    first = {"last": [8, 7], "mean": [4, -4 / 3], "max": [8, 7]}[readout]
    assert read(hidden, lengths, readout).tolist() == [pytest.approx(first), [4, -5]]
    assert read(hidden[:1], None, readout).tolist() == [pytest.approx(first)]


@pytest.mark.parametrize("readout", ["last", "mean", "max"])
def test_padding_in_a_readout_has_no_gradient(readout: Readout) -> None:
    hidden = torch.randn(2, 4, 3, requires_grad=True)
    read(hidden, torch.tensor([2, 4]), readout).sum().backward()
    assert hidden.grad is not None
    assert not hidden.grad[0, 2:].any() and hidden.grad.sum().item() == pytest.approx(6)


def test_a_readout_where_each_step_answers_is_refused() -> None:
    parts = parts_of(LabelOfStep)
    with pytest.raises(UsageError, match=r"^readout=mean: each step .*allowed: null"):
        readout_of(parts, "mean")


def test_targets_that_were_not_observed_and_weights() -> None:
    """Value of a sequence, by hand: errors 1, 2 and 5, of which the last is not known; weights 1 and 3."""
    objective = ValueOfSequence.objective
    batch = Batch(torch.zeros(3, 1, 2), torch.tensor([1.0, 2.0, torch.nan]), observed=torch.tensor([True, True, False]))
    outputs = torch.zeros(3, 1, requires_grad=True)
    taken = objective.take(batch, CPU, torch.float32)
    loss = objective.loss(outputs, taken)
    assert loss.item() == (1 + 4) / 2
    loss.backward()
    assert outputs.grad is not None and outputs.grad.flatten().tolist() == [-1, -2, 0]
    weighted = objective.take(batch._replace(weight=torch.tensor([1.0, 3.0, 7.0])), CPU, torch.float32)
    assert objective.loss(outputs, weighted).item() == (1 * 1 + 3 * 4) / 4


def test_steps_that_were_not_observed() -> None:
    """Two steps of three of one string count; of the other the third is padding and the first not known."""
    objective = ValueOfStep.objective
    targets = torch.tensor([[1.0, torch.nan, 3.0], [torch.nan, 2.0, torch.nan]])
    observed = torch.tensor([[True, False, True], [False, True, True]])
    batch = Batch(torch.zeros(2, 3, 2), targets, torch.tensor([3, 2]), observed)
    taken = objective.take(batch, CPU, torch.float32)
    outputs = torch.zeros(2, 3, 1)
    assert [float(x) for x in objective.total(outputs, taken)] == [1 + 9 + 4, 3]
    cut = objective.take(batch._replace(observed=torch.tensor([True, False])), CPU, torch.float32)
    assert [float(x) for x in objective.total(torch.zeros(2, 3, 1), cut._replace(targets=taken.targets))] == [10, 3]
