"""float32 is IEEE's wherever something is compared: the switches, which need no GPU to be set and read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace

import pytest
import torch
from making import tiny

from rnnbench import parity
from rnnbench.cells.lstm import LSTMCell
from rnnbench.machine import precision
from rnnbench.machine.precision import float32_facts, ieee_float32
from rnnbench.run import run
from rnnbench.speed import Setting, Size, measure
from rnnbench.speed.candidates import Layer
from rnnbench.training.loop import Training

IEEE = {"float32_matmul": "ieee", "float32_rnn": "ieee"}
TF32 = {"float32_matmul": "tf32", "float32_rnn": "tf32"}


@pytest.fixture
def _tf32() -> Iterator[None]:
    """As a user's own module may have left it."""
    cuda, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    since = hasattr(cuda, "fp32_precision")  # torch 2.9
    places = (cuda, cudnn.rnn if since else cudnn)
    name, wanted = ("fp32_precision", "tf32") if since else ("allow_tf32", True)
    before = [getattr(place, name) for place in places]
    for place in places:
        setattr(place, name, wanted)
    yield
    for place, value in zip(places, before, strict=True):
        setattr(place, name, value)


@pytest.mark.usefixtures("_tf32")
def test_it_is_full_inside_and_restored_outside() -> None:
    assert float32_facts() == TF32
    with suppress(ValueError), ieee_float32():
        assert float32_facts() == IEEE
        raise ValueError
    assert float32_facts() == TF32


@pytest.mark.usefixtures("_tf32")
def test_training_checks_and_step_times_are_all_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, dict[str, str]] = {}
    step, timed, compared = Training._step, Layer.step, parity.compare._compare
    monkeypatch.setattr(Training, "_step", lambda self: (seen.update(run=float32_facts()), step(self))[1])
    monkeypatch.setattr(Layer, "step", lambda *a, **k: (seen.update(speed=float32_facts()), timed(*a, **k))[1])
    monkeypatch.setattr(
        "rnnbench.parity.compare._compare", lambda *a: (seen.update(parity=float32_facts()), compared(*a))[1]
    )
    assert run(tiny()).status == "ok"
    measure(Setting(Size(2, 3, 1, 4)), {"lstm": LSTMCell()}, ["eager"], 0.01)
    parity.quick_check(LSTMCell(), "eager", torch.float32, "cpu")
    assert seen == {"run": IEEE, "speed": IEEE, "parity": IEEE}
    assert float32_facts() == TF32


def test_torch_before_2_9_has_other_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    old = SimpleNamespace(
        cuda=SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False)), cudnn=SimpleNamespace(allow_tf32=True)
    )
    monkeypatch.setattr(precision.torch, "backends", old)
    assert float32_facts() == {"float32_matmul": "ieee", "float32_rnn": "tf32"}
    with ieee_float32():
        assert float32_facts() == IEEE
    assert old.cudnn.allow_tf32 is True
