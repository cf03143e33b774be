"""Denormals are flushed, or kept, in every thread of the pool, and each thread is left as it was found."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from making import tiny

from rnnbench.machine.denormals import flushed_here, flushing, in_every_thread
from rnnbench.machine.threads import with_threads
from rnnbench.recurrent.layers import LSTM
from rnnbench.run import run


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """Both keep denormals, whatever a library has left in this process: a thread of the pool begins with what its maker
    had."""
    with with_threads(2):
        in_every_thread(lambda: torch.set_flush_denormal(False))
        assert halves_flushed() == [False, False]
        yield


def halves_flushed() -> list[bool]:
    """Which halves of a product of denormals with 1, shared among torch's threads, came out as zero to the bit."""
    product = torch.full((2, 1 << 19), 1e-40) * 1.0
    return [(half.view(torch.int32) == 0).all().item() for half in product]


def test_both_halves_of_an_array_are_flushed_and_given_back() -> None:
    """The pool exists before; twice, since one call before it exists would reach all of its threads."""
    assert halves_flushed() == [False, False]
    for _ in range(2):
        with flushing(True):
            assert halves_flushed() == [True, True]
            with flushing(False):
                assert halves_flushed() == [False, False]
            assert halves_flushed() == [True, True]
        assert halves_flushed() == [False, False]


def test_threads_that_come_or_go_inside_are_flushed_and_given_back() -> None:
    """One thread asked for after the pool of two has begun, or the other way round: no thread is forgotten."""
    with flushing(True), with_threads(1):
        pass
    with flushing(True):
        torch.set_num_threads(1)
    torch.set_num_threads(2)
    assert halves_flushed() == [False, False]
    with with_threads(1), flushing(True), with_threads(2):
        assert halves_flushed() == [True, True]
        with flushing(False):
            assert halves_flushed() == [False, False]
        assert halves_flushed() == [True, True]
    assert halves_flushed() == [False, False]
    with with_threads(1), flushing(True), flushing(True), with_threads(2):
        assert halves_flushed() == [True, True]
    assert halves_flushed() == [False, False]


@pytest.mark.few(1)
@pytest.mark.parametrize(("first", "then"), [(1, 2), (2, 1)])
def test_a_run_gives_back_threads_that_the_next_does_not_use(first: int, then: int) -> None:
    for threads in (first, then):
        assert run(tiny(f"threads={threads}", f"name=with_{threads}")).record is not None
    torch.set_num_threads(2)
    assert halves_flushed() == [False, False]


def test_a_thread_that_flushed_before_goes_on() -> None:
    torch.set_flush_denormal(True)  # this thread alone
    try:
        assert sorted(in_every_thread(flushed_here)) == [False, True]
        with flushing(False):
            assert in_every_thread(flushed_here) == [False, False]
        assert sorted(in_every_thread(flushed_here)) == [False, True]
        assert flushed_here()
    finally:
        torch.set_flush_denormal(False)


def test_two_threads_that_compute_at_a_time_leave_each_other_alone() -> None:
    """One enters while the other is inside and outlives it: each is left as it was found, and its pool too."""
    entered, leave = threading.Event(), threading.Event()
    after: list[list[bool]] = []

    def other() -> None:
        with with_threads(1), flushing(True):
            entered.set()
            leave.wait(60)
        after.append(in_every_thread(flushed_here))

    beside = threading.Thread(target=other)
    beside.start()
    assert entered.wait(60)
    with with_threads(2), flushing(False):
        assert halves_flushed() == [False, False]
        with flushing(True):
            leave.set()
            beside.join()
            assert halves_flushed() == [True, True]
    torch.set_num_threads(2)
    assert halves_flushed() == [False, False]
    assert not flushed_here() and not any(after[0])


def test_the_kernel_keeps_them_where_they_are_kept() -> None:
    """h = σ(o) tanh(c) with all weights 0 and c0 = 1e-39: c halves to a denormal, which the kernel flushes or not."""
    layer = LSTM(1, 1, backend="fused")
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
    c0 = torch.full((1, 1, 1), 1e-39)
    state = (torch.zeros(1, 1, 1), c0)
    with torch.no_grad():
        assert layer(torch.zeros(1, 1, 1), state)[1][1].item() == 0.0
        with flushing(False):
            assert layer(torch.zeros(1, 1, 1), state)[1][1].item() == pytest.approx(5e-40, rel=1e-4)


@pytest.mark.few(1)
@pytest.mark.parametrize("flush", [True, False])
def test_a_run_flushes_as_it_is_told_and_leaves_the_threads_as_it_found_them(
    flush: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[bool]] = []
    from rnnbench.training import loop

    evaluate = loop.evaluate

    def looking(*arguments, **options):  # type: ignore[no-untyped-def]
        seen.append(halves_flushed())
        return evaluate(*arguments, **options)

    monkeypatch.setattr(loop, "evaluate", looking)
    for name in ("one", "two"):  # the pool is there when the second begins
        record = run(tiny("threads=2", f"flush_denormals={flush}", f"name={name}")).record
        assert record is not None
        assert record["config"]["flush_denormals"] is flush
    assert seen and all(each == [flush, flush] for each in seen)
    assert halves_flushed() == [False, False]
    assert torch.get_num_threads() == 2


@pytest.mark.slow
def test_a_module_first_loaded_where_denormals_are_flushed_still_tells(tmp_path: Path) -> None:
    """Python reads 5e-324 as zero there, and keeps that in the module's cache for all later processes."""
    ask = "from rnnbench.machine import denormals; print(denormals.flushed_here())"
    first = f"import torch; torch.set_flush_denormal(True); {ask}"
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    found = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env).stdout.strip()
        for code in (first, ask)
    ]
    assert found == ["True", "False"]
