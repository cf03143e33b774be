"""dtype=bfloat16: the recurrent layers' arithmetic; parameters, their gradients, Adam and the loss stay float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from making import make

import rnnbench
from rnnbench.cells.lstm import LSTMCell
from rnnbench.errors import UsageError
from rnnbench.preparation import prepare
from rnnbench.recurrent import backends, kernel
from rnnbench.recurrent.layers import Recurrent
from rnnbench.run import run

TINY = ("dataset=digits", "hidden_size=9", "seq_len=8", "batch_size=8", "budget.max_steps=6", "budget.eval_every=3",
        "budget.max_epochs=null", "budget.patience=null", "budget.solved=null", "device=cpu", "threads=1")  # fmt: skip


@pytest.mark.parametrize("backend", ["eager", "torch", pytest.param("fused", marks=pytest.mark.skipif(
    kernel.library() is None, reason="the kernel was not compiled"))])  # fmt: skip
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_layer_computes_what_one_of_bfloat16_does(backend: str, bidirectional: bool) -> None:
    """Of weights of its own that are the same, rounded: output, state and gradients to the bit, as float32."""
    torch.manual_seed(0)
    options: dict[str, Any] = {"bidirectional": bidirectional, "backend": backend}
    ours = Recurrent(LSTMCell(), 5, 17, 2, **options, computes_in="bfloat16")
    theirs = Recurrent(LSTMCell(), 5, 17, 2, **options, dtype=torch.bfloat16)
    theirs.load_state_dict(ours.state_dict())  # rounds
    x, u = torch.randn(6, 3, 5), torch.randn(6, 3, 17 * (1 + bidirectional))
    output, state = ours(x)
    wanted, wanted_state = theirs(x.bfloat16())
    assert output.dtype == torch.float32 and torch.equal(output, wanted.float())
    assert all(torch.equal(s, w.float()) for s, w in zip(state, wanted_state, strict=True))
    output.backward(u)
    wanted.backward(u.bfloat16())
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert p.grad is not None and q.grad is not None
        assert p.grad.dtype == p.dtype == torch.float32 and torch.equal(p.grad, q.grad.float())
    with torch.no_grad():
        assert torch.equal(ours(x)[0], output)


def test_a_run_keeps_all_else_in_float32(tmp_path: Path) -> None:
    training = prepare(make("cell=gru", "dtype=bfloat16", *TINY, f"results_dir={tmp_path}"))
    training.run()
    kept = [value for state in training.optimizer.state.values() for value in state.values()]
    tensors = [*training.model.parameters(), *(p.grad for p in training.model.parameters()), *kept]
    assert {t.dtype for t in tensors if t is not None} == {torch.float32}
    assert training.model.recurrent.computes_in == "bfloat16"
    outputs, _ = training.model(training.batch(0))
    assert training.parts.objective.loss(outputs, training.batch(0)).dtype == torch.float32


def test_its_record_says_so_and_its_model_answers_as_it_did(tmp_path: Path) -> None:
    config = make("cell=lstm", "dtype=bfloat16", *TINY, f"results_dir={tmp_path}")
    record = run(config).record
    assert record is not None and record["status"] == "ok" and record["environment"]["dtype"] == "bfloat16"
    assert 0 < record["parity"]["max_error"] < 0.1
    said = rnnbench.load_predictions(config.run_dir)
    parts = prepare(config).parts
    model = rnnbench.load_model(config.run_dir)
    assert model.network.recurrent.computes_in == "bfloat16"
    found = model.predict(parts.test.all().inputs[:20])  # type: ignore[attr-defined]
    torch.testing.assert_close(found, torch.as_tensor(said["prediction"][:20]), rtol=1e-5, atol=1e-6)


def test_what_the_processor_multiplies_by_float32_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    monkeypatch.setattr(backends, "tell", told.append)
    for isa in ("avx2", "avx512_bf16"):
        monkeypatch.setattr(kernel, "isa", lambda isa=isa: isa)
        backends.say_what_is_converted()
    assert len(told) == 1 and "dtype=bfloat16" in told[0] and "avx2" in told[0] and "\n" not in told[0]


def test_layer_norm_is_refused_beside_it() -> None:
    with pytest.raises(UsageError, match="layer_norm"):
        Recurrent(LSTMCell(), 3, 4, 2, layer_norm=True, computes_in="bfloat16")
    with pytest.raises(UsageError, match="computes_in=float16"):
        Recurrent(LSTMCell(), 3, 4, computes_in="float16")  # type: ignore[arg-type]
