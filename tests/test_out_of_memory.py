"""A run for which there is not enough memory: one line that says what to make smaller."""

from __future__ import annotations

import pytest
import torch
from making import tiny

from rnnbench.run import run
from rnnbench.training.loop import Training


def test_where_memory_runs_out_one_line_names_what_to_make_smaller() -> None:
    """Weights of (8·10⁷, 2·10⁷) numbers, 6 PB: what torch itself says of them."""
    record = run(tiny("hidden_size=20000000"), keep_usage_errors=True).record
    assert record is not None and record["status"] == "failed"
    error = record["error"]
    assert error.startswith("out of memory (RuntimeError: ") and "\n" not in error
    assert error.endswith(": make one of these smaller: batch_size=4, hidden_size=20000000, seq_len=6")


def test_of_a_gpu_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Training) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(Training, "_step", full)
    record = run(tiny("num_layers=2")).record
    assert record is not None and record["error"] == (
        "out of memory (OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.): make one of these smaller: "
        "batch_size=4, hidden_size=5, seq_len=6, num_layers=2"
    )
