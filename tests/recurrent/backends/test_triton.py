"""The Triton kernels: their very source, interpreted on the CPU (interpreted_*.py); compiled for a GPU that nobody
needs to have."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from places import ROOT

import rnnbench
from rnnbench.cells.lstm import LSTMCell
from rnnbench.errors import UsageError
from rnnbench.recurrent import backends

there = importlib.util.find_spec("triton") is not None
needs_triton = pytest.mark.skipif(not there, reason="triton is not installed: pip install 'rnnbench[cuda]'")


@needs_triton
@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "which", "tests"),  # in parts, which go side by side
    [
        ("interpreted_triton.py", "test_parity", 2),
        ("interpreted_triton.py", "not test_parity", 24),
        ("interpreted_replay.py", "test", 7),
    ],
)
def test_interpreted_it_is_the_cell_and_planted_errors_are_caught(file: str, which: str, tests: int) -> None:
    source = str(Path(__file__).with_name(file))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", source, "-k", which]
    inside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=ROOT, env=inside | {"TRITON_INTERPRET": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    assert f"{tests} passed" in done.stdout


def test_auto_never_takes_what_no_gpu_has_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    for device in ("cpu", "cuda"):
        for shape in (None, (100, 32, 28, 128)):
            assert backends.choose("auto", LSTMCell(), torch.device(device), torch.float32, shape) != "triton"


def test_where_it_cannot_run_one_line_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    why = "no kernel for cpu" if there else "triton is not installed"
    with pytest.raises(UsageError, match=why):
        rnnbench.LSTM(2, 3, backend="triton")


COMPILE = """
from triton import compile
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from rnnbench.recurrent.gpu import loop, steps

TARGET = GPUTarget("cuda", 90, 32)
STEP = dict.fromkeys(steps.SPECIAL, "i32") | dict.fromkeys(("h", "c", "dh", "dc", "saved"), "*fp32")
WHOLE = {name: "i32" for name in ("N", "T", "B", "H")} | {"sizes": "*i64", "first": "*i64", "saved": "*fp32"}
for dtype, width in (("fp32", 64), ("bf16", 128)):
    fixed = {"BB": 16, "BH": width, "REVERSE": True, "PACKED": True, "PRECISION": "ieee" if dtype == "fp32" else "tf32"}
    for kernel in (loop.lstm_forward, loop.lstm_backward, loop.gru_forward, loop.gru_backward):
        types = {n: "constexpr" if n in fixed else WHOLE.get(n, "*" + dtype) for n in kernel.arg_names}
        constants = {(kernel.arg_names.index(n),): value for n, value in fixed.items()}
        made = compile(ASTSource(kernel, types, constants), target=TARGET, options={"num_warps": 8})
        assert made.asm["cubin"]
        print(kernel.__name__, dtype, width, made.metadata.shared)
    blocks = {"BB": 8, "BU": 64}
    for kernel in (steps.lstm_forward, steps.lstm_backward, steps.gru_forward, steps.gru_backward):
        names = kernel.arg_names
        types = {n: "constexpr" if n in blocks else STEP.get(n, "*" + dtype) for n in names}
        constants = {(names.index(n),): value for n, value in blocks.items()}
        assert compile(ASTSource(kernel, types, constants), target=TARGET).asm["cubin"]
"""


@needs_triton
@pytest.mark.slow
def test_all_of_it_compiles_for_an_h100_and_fits_its_shared_memory() -> None:
    from rnnbench.recurrent.gpu.layer import SHARED

    done = subprocess.run([sys.executable, "-c", COMPILE], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16}
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 8
    for _, dtype, width, shared in lines:
        assert int(shared) <= SHARED[dtypes[dtype], int(width)] <= 227 * 1024
