"""Signals wait for a checkpoint, and go to whoever listened for them before."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnnbench.machine.interrupts import deferred_interrupt, ended_after


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """What a launcher's handlers were told, as submitit sets them before it calls a job."""
    calls: list[int] = []
    signals = (signal.SIGTERM, signal.SIGUSR2)
    before = [signal.signal(s, lambda number, _: calls.append(number)) for s in signals]
    yield calls
    for s, handler in zip(signals, before, strict=True):
        signal.signal(s, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_waits_until_it_is_delivered(number: int) -> None:
    with deferred_interrupt() as interrupts:
        assert not interrupts.noted()
        os.kill(os.getpid(), number)
        assert interrupts.noted()
        with pytest.raises(KeyboardInterrupt):
            interrupts.deliver()


def test_a_launchers_handlers_are_called_late_and_may_let_the_run_go_on(heard: list[int]) -> None:
    with deferred_interrupt() as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGUSR2)
        assert heard == []
        assert interrupts.noted()
        interrupts.deliver()
        assert heard == [signal.SIGTERM, signal.SIGUSR2]
        assert not interrupts.noted()
    os.kill(os.getpid(), signal.SIGUSR2)
    assert heard[2:] == [signal.SIGUSR2]  # and theirs are back in place


def test_what_is_ignored_stays_so() -> None:
    """As in the background of a script, whose Ctrl-C is not meant for it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with deferred_interrupt() as interrupts:
            os.kill(os.getpid(), signal.SIGINT)
            assert not interrupts.noted()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_nobody_asked_for_is_left_alone() -> None:
    with deferred_interrupt():
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


def test_what_takes_longer_than_it_may_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="too long"):
        _wait_in_vain(0.05)
    assert time.monotonic() < began + 20
    with ended_after(30, TimeoutError()), ended_after(None, TimeoutError()):
        pass
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_an_import_that_is_under_way_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module of the test spins until the clock is over, and then is whole."""
    spin = "import time\nend = time.monotonic() + 0.3\nwhile time.monotonic() < end:\n    pass\nwhole = True\n"
    (tmp_path / "spins_for_a_while.py").write_text(spin)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TimeoutError, match="too long"):
        _import_and_wait()
    assert sys.modules.pop("spins_for_a_while").whole


def _import_and_wait() -> None:
    with ended_after(0.05, TimeoutError("too long")):
        importlib.import_module("spins_for_a_while")
        began = time.monotonic()
        while time.monotonic() < began + 30:
            pass


def _wait_in_vain(seconds: float) -> None:
    began = time.monotonic()
    with ended_after(seconds, TimeoutError("too long")):
        while time.monotonic() < began + 30:
            pass
