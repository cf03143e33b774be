"""What can be known of device=cuda without one: fake tensors have shapes, dtypes and a device, and no numbers.

A step that reads a number fails with them, and one that mixes two devices does. (The lengths of sequences lie on the
CPU, data/batch.py, and are read there.) Torch built without CUDA can hardly compute with tensors that pretend to be
there: in the GPU's place stands "meta".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from making import make, tiny
from torch import nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode, unset_fake_temporarily

import rnnbench
from rnnbench import preparation
from rnnbench.data.batch import Batch
from rnnbench.machine.clocks import StepClock
from rnnbench.machine.randomness import Own
from rnnbench.recurrent.backends import torch as backend
from rnnbench.recurrent.backends.triton import Triton
from rnnbench.training import lanes
from rnnbench.training.loop import Training
from rnnbench.training.model import SequenceModel

SMALL = ("hidden_size=5", "batch_size=4", "threads=1")


@dataclass(frozen=True)
class Outside:
    """A source whose batches have numbers, on the CPU."""

    source: Any

    def batch(self, step: int, batch_size: int) -> Batch:
        with unset_fake_temporarily():
            return self.source.batch(step, batch_size)

    def epoch_steps(self, batch_size: int) -> Any:
        return self.source.epoch_steps(batch_size)


@pytest.fixture
def _fake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    parts_of = preparation.parts_of

    def parts(config: Any) -> Any:
        with unset_fake_temporarily():
            found = parts_of(config)
        return replace(found, train=Outside(found.train))

    monkeypatch.setattr(preparation, "parts_of", parts)
    monkeypatch.setattr(preparation, "choose_device", lambda name: torch.device(request.param))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "none")
    monkeypatch.setattr(SequenceModel, "to", moved)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield


def moved(model: SequenceModel, device: torch.device, dtype: torch.dtype) -> SequenceModel:
    """As nn.Module.to, which cannot put one fake parameter in another's place."""
    for module in model.modules():
        for name, parameter in module._parameters.items():
            assert parameter is not None
            module._parameters[name] = nn.Parameter(parameter.detach().to(device, dtype))
    return model


def prepared(*asked: str) -> Training:
    training = preparation.prepare(make(*SMALL, *asked) if any("dataset=" in a for a in asked) else tiny(*asked))
    training.clock = StepClock(torch.device("cpu"))  # there are no events to record without a GPU
    return training


CASES = [
    "cell=lstm backend=eager",
    "cell=gru backend=eager num_layers=2 dropout=0.2 recurrent_dropout=0.1 zoneout=0.1",
    "cell=janet backend=eager optimizer=adamw optimizer.schedule=cosine",
    "cell=mingru optimizer=sgd clip_norm=null",
    "cell=lru",
    "cell=gru backend=eager dataset=digits seq_len=8",
]


on_the_cpu = pytest.mark.parametrize("_fake", ["cpu"], indirect=True)
on_a_gpu = pytest.mark.parametrize("_fake", ["meta"], indirect=True)


@on_the_cpu
@pytest.mark.usefixtures("_fake")
@pytest.mark.parametrize("asked", [*CASES, "cell=lstm", "cell=gru backend=torch"])
def test_a_step_reads_no_number(asked: str) -> None:
    training = prepared(*asked.split())
    for _ in range(3):
        training._step()
    assert training.progress.step == 3
    with pytest.raises(DataDependentOutputException):
        training._pending[0].item()


@on_the_cpu
@pytest.mark.usefixtures("_fake")
def test_nor_does_a_step_of_several_runs() -> None:
    runs = [prepared("cell=gru", "num_layers=2", f"seed={seed}") for seed in range(3)]
    side_by_side = [lanes.Lane(run, Own(torch.device("cpu"))) for run in runs]
    for _ in range(3):
        lanes.step(side_by_side)
    assert [run.progress.step for run in runs] == [3] * 3


@on_a_gpu
@pytest.mark.usefixtures("_fake")
@pytest.mark.parametrize("asked", CASES)
def test_all_of_a_step_is_on_one_device(asked: str) -> None:
    """Batches come from the CPU. (Fused Adam and SGD are for CUDA and the CPU: here RMSprop takes the steps.)"""
    training = prepared(*asked.split(), "optimizer=rmsprop")
    for _ in range(2):
        training._step()
    parameters = list(training.model.parameters())
    batch = training.batch(0)
    on = [batch.inputs, batch.targets, *training._pending, *parameters, *(p.grad for p in parameters)]
    assert {t.device.type for t in on if t is not None} == {"meta"}
    assert {p.dtype for p in parameters} == {torch.float32}
    assert all(p.grad is not None and p.grad.shape == p.shape for p in parameters)


@on_a_gpu
@pytest.mark.usefixtures("_fake")
def test_a_backend_may_have_a_kernel_for_the_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the weights are drawn, on the CPU, it has none."""
    monkeypatch.setattr(Triton, "unsupported", lambda self, cell, device, dtype: "no" if device.type == "cpu" else None)
    training = prepared("cell=gru", "backend=triton")
    assert training.model.recurrent.used_backend == "triton"


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_what_the_library_is_given_is_the_block_that_cudnn_reads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """flatten_parameters lays `_flat_weights` out as one block, after each move to a device; weights in another order
    or other tensors would be copied at each forward pass."""
    given: list[list[torch.Tensor]] = []
    flattened: list[int] = []
    layer = getattr(rnnbench, name)(3, 4, 2, bidirectional=True, backend="torch")
    monkeypatch.setattr(nn.RNNBase, "flatten_parameters", lambda self: flattened.append(len(self._flat_weights)))
    for mode, function in dict(backend.FUNCTIONS).items():
        monkeypatch.setitem(backend.FUNCTIONS, mode, lambda *a, f=function: (given.append(a[2]), f(*a))[1])
    layer.to(torch.float64)
    assert flattened == [16]
    layer(torch.zeros(2, 1, 3, dtype=torch.float64))
    assert [a is b for a, b in zip(given[0], layer._flat_weights, strict=True)] == [True] * 16
    assert layer._flat_weights_names == list(getattr(nn, name)(3, 4, 2, bidirectional=True)._flat_weights_names)
