"""Where the compiled kernel is used and where not, what is said of it, and that it survives a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest
import torch
from making import tiny
from places import ROOT

from rnnbench import parity
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.cli.main import main as rnnbench_command
from rnnbench.errors import TOLD, UsageError
from rnnbench.parity.__main__ import main as parity_command
from rnnbench.recurrent import backends, kernel
from rnnbench.recurrent.backends import fused
from rnnbench.recurrent.layers import GRU, LSTM
from rnnbench.run import run as run_here
from rnnbench.speed.__main__ import main as speed_command

pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")


def run(script: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True, text=True, timeout=100, cwd=ROOT, env={**os.environ, **environment},
    )  # fmt: skip


def test_a_subclass_may_have_other_equations_so_it_has_no_kernel() -> None:
    class Mine(LSTMCell):
        pass

    assert fused.Fused().unsupported(Mine(), torch.device("cpu"), torch.float32)
    assert fused.Fused().unsupported(LSTMCell(), torch.device("cpu"), torch.float16)
    assert fused.Fused().unsupported(LSTMCell(), torch.device("meta"), torch.float32)


def test_auto_steps_aside_for_one_step_of_a_wide_gru() -> None:
    sizes = ((1, 1, 512), (20, 1, 1024), (20, 4, 1024), (1, 1, 64))
    assert [cell_backend(T, B, H) for T, B, H in sizes] == ["torch", "fused", "fused", "torch"]
    with torch.no_grad():
        assert [cell_backend(T, B, H) for T, B, H in sizes] == ["torch", "fused", "fused", "fused"]


def cell_backend(T: int, B: int, H: int) -> str:
    return backends.choose("auto", GRUCell(), torch.device("cpu"), torch.float32, (T, B, 2, H))


def test_without_a_kernel_the_others_take_over_and_say_so_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernel, "library", lambda: None)
    TOLD.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            model = LSTM(2, 3, backend="auto")
            assert model.used_backend == "torch"
            model(torch.zeros(1, 1, 2))
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "not compiled" in said
    with pytest.raises(UsageError, match=r"backend=fused: .*not compiled"):
        LSTM(2, 3, backend="fused")
    TOLD.clear()


def test_a_kernel_that_does_not_load_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / kernel.FILE).write_text("no library")
    monkeypatch.setattr(kernel, "__file__", str(tmp_path / "kernel.py"))
    monkeypatch.setattr(kernel, "_library", None)
    monkeypatch.setattr(kernel, "_missing", None)
    TOLD.clear()
    assert LSTM(2, 3).used_backend == "torch"
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "does not load: " in said and "_fused" in said and "compiled" not in said
    with pytest.raises(UsageError, match=r"does not load: .*_fused"):
        LSTM(2, 3, backend="fused")
    TOLD.clear()


def test_instruction_sets_are_named_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNBENCH_ISA", "BaseLine")
    assert kernel.isa() == "baseline"


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="no /proc/cpuinfo to ask")
def test_the_widest_instruction_set_is_the_one_that_the_system_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel asks the processor, the system lists what it found: flags of x86, none of these words elsewhere."""
    words = set(Path("/proc/cpuinfo").read_text().split())
    wanted = "avx512" if {"avx512f", "avx512dq", "fma"} <= words else "avx2" if {"avx2", "fma"} <= words else "baseline"
    if wanted == "avx512" and {"avx512bw", "avx512vl", "avx512_bf16"} <= words:
        wanted = "avx512_bf16"
    monkeypatch.delenv("RNNBENCH_ISA", raising=False)
    assert kernel.isa() == wanted


def test_a_kernel_that_uses_less_than_the_processor_has_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setenv("RNNBENCH_ISA", "baseline")
    TOLD.clear()
    for seed in range(2):
        assert run_here(tiny("cell=gru", f"seed={seed}")).status == "ok"
    said = [line for line in capfd.readouterr().err.splitlines() if "instructions" in line]
    assert len(said) == 1 and "uses baseline" in said[0] and "has avx2 (RNNBENCH_ISA=baseline)" in said[0]
    TOLD.clear()


def test_a_kernel_that_was_compiled_for_less_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that has the baseline alone, as one from a compiler that the others could not be had from."""
    monkeypatch.delenv("RNNBENCH_ISA", raising=False)
    monkeypatch.setattr(kernel, "isa_number", lambda: 0)
    assert "has avx512 (it was compiled without)" in (kernel.unused("AVX512") or "")
    assert kernel.unused("DEFAULT") is None  # an older processor, or none of Intel's
    monkeypatch.setattr(kernel, "isa_number", lambda: 2)
    assert kernel.unused("AVX512") is kernel.unused("AVX2") is None


def test_an_unknown_instruction_set_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNBENCH_ISA", "mmx")
    with pytest.raises(UsageError, match="RNNBENCH_ISA=mmx"):
        LSTM(2, 3, backend="fused")(torch.zeros(1, 1, 2))


def test_an_unknown_instruction_set_is_no_failed_parity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNBENCH_ISA", "mmx")
    with pytest.raises(UsageError, match=r"^RNNBENCH_ISA=mmx: .*allowed: baseline"):
        parity.quick_check(GRU(2, 3).cell, "fused", torch.float32, "cpu")


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (parity_command, ["cell=gru"]),
        (speed_command, ["cell=gru", "size=2x3x1x4"]),
        (lambda _: rnnbench_command(), ["budget.max_steps=1"]),
    ],
    ids=["parity", "speed", "rnnbench"],
)
def test_an_unknown_instruction_set_ends_every_command_at_its_start(
    main: Callable[[list[str]], int],
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(kernel, "_library", None)  # as in a process that has not loaded it yet
    monkeypatch.setenv("RNNBENCH_ISA", "mmx")
    monkeypatch.setattr(sys, "argv", ["rnnbench", *arguments])
    with pytest.raises(SystemExit) as ended:
        sys.exit(main(arguments))
    printed = capfd.readouterr()
    assert ended.value.code == 2
    assert printed.err.count("\n") == 1 and "RNNBENCH_ISA=mmx" in printed.err
    assert not list(Path().rglob("*.json")) and not printed.out


@pytest.mark.slow
def test_works_in_a_forked_child() -> None:
    script = """
import os, torch, rnnbench
torch.set_num_threads(2)
model, x = rnnbench.GRU(8, 64, backend="fused"), torch.randn(50, 32, 8)
expected = model(x)[0]
child = os.fork()
if child == 0:
    with torch.no_grad():
        output = model(x)[0]
    torch.set_num_threads(1)  # torch's own operators would wait for the parent's workers
    os._exit(0 if torch.equal(output, expected) else 1)
raise SystemExit(os.waitpid(child, 0)[1])
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=100, cwd=ROOT)


@pytest.mark.slow
def test_a_fork_before_the_first_parallel_step_does_not_hang() -> None:
    script = """
import os, signal, time, torch, rnnbench
torch.set_num_threads(2)
model, x = rnnbench.GRU(64, 64), torch.randn(50, 32, 64)
torch.exp(torch.randn(1000000))  # torch has workers now, which the child will not have
child = os.fork()
if child == 0:
    signal.alarm(20)
    with torch.no_grad():
        model(x)
    os._exit(0)
raise SystemExit(os.waitpid(child, 0)[1])
"""
    assert run(script, OMP_NUM_THREADS="2").returncode == 0


@pytest.mark.slow
def test_the_native_tests_pass_under_sanitizers() -> None:
    if subprocess.run(["which", "g++"], capture_output=True).returncode:
        pytest.skip("no g++")
    subprocess.run(["bash", str(ROOT / "scripts" / "sanitize"), "few"], check=True, cwd=ROOT, env=os.environ)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ziglang") is None, reason="the extra `wheel` is not installed")
@pytest.mark.skipif(not (which("qemu-aarch64-static") or which("qemu-aarch64")), reason="no qemu-aarch64")
def test_the_native_tests_pass_on_aarch64() -> None:
    done = subprocess.run([ROOT / "scripts" / "aarch64", "few"], capture_output=True, text=True,
                          env={**os.environ, "PYTHON": sys.executable})  # fmt: skip
    assert done.returncode == 0 and "all close" in done.stdout, done.stdout + done.stderr
