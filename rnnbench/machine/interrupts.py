"""Signals that wait for a good moment: Ctrl-C, SIGTERM, SIGHUP, what a cluster sends before it takes a machine away."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rnnbench.stopping import Stopped

Handler = Callable[[int, FrameType | None], object]


class Interrupts:
    """Signals that came since someone began to listen; `noted()` is asked between two steps."""

    def __init__(self, before: dict[int, Handler | int | None]):
        self._before = before
        self._came: list[int] = []
        self._woken = False

    def note(self, number: int, frame: FrameType | None = None) -> None:
        self._came.append(number)

    def wake(self, number: int, frame: FrameType | None = None) -> None:
        self._woken = True

    def woken(self) -> bool:
        """Whether the process was stopped, and goes on, since this was last asked."""
        woken, self._woken = self._woken, False
        return woken

    def noted(self) -> bool:
        return bool(self._came)

    def deliver(self) -> None:
        """Hand each to the handler that was there before, now that the checkpoint is written.

        It may end the process or, as submitit's does for SIGTERM, say that the run should go on. Raises
        KeyboardInterrupt where no such handler was.
        """
        came, self._came = self._came, []
        for number in came:
            handler = self._before[number]
            if not callable(handler):
                raise KeyboardInterrupt if number == signal.SIGINT else Stopped(number)
            handler(number, None)


IMPORTING = 0.05
"""Seconds after which it is looked again whether an import is over."""


@contextmanager
def ended_after(seconds: float | None, error: Exception) -> Iterator[None]:
    """Raises `error` from within where that takes longer; None: never. Elsewhere than in a main thread, and where there
    are no such clocks, it takes as long as it takes.

    An import that is under way is waited for: a compiled module that is left half made can end the process."""
    main = threading.current_thread() is threading.main_thread()
    if seconds is None or not main or not hasattr(signal, "setitimer"):
        yield
        return

    outside = sys._getframe(2)  # who has the `with`, behind contextlib

    def end(number: int, frame: FrameType | None) -> None:
        while frame is not None and frame is not outside:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                signal.setitimer(signal.ITIMER_REAL, IMPORTING)
                return
            frame = frame.f_back
        raise error

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def deferred_interrupt() -> Iterator[Interrupts]:
    """Inside, Ctrl-C, SIGTERM and SIGHUP are noted instead of raised in the middle of a step.

    So are SIGUSR1 and SIGUSR2 where someone listens for them: a launcher that puts the job back into the queue. What
    is ignored, as Ctrl-C in a script's background, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Interrupts({})
        return
    users = [s for s in (signal.SIGUSR1, signal.SIGUSR2) if callable(signal.getsignal(s))]
    ending = [s for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is not signal.SIG_IGN]
    signals = (*ending, *users)
    interrupts = Interrupts({s: signal.getsignal(s) for s in signals})
    before = [signal.signal(s, interrupts.note) for s in signals]
    signals, before = (*signals, signal.SIGCONT), [*before, signal.signal(signal.SIGCONT, interrupts.wake)]
    try:
        yield interrupts
    finally:
        for s, handler in zip(signals, before, strict=True):
            signal.signal(s, handler)
