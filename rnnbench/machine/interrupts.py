"""Signals that wait for a good moment: Ctrl-C, SIGTERM and what a cluster sends before it takes the machine away."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


class Interrupts:
    """Signals that came since someone began to listen; `noted()` is asked between two steps."""

    def __init__(self, before: dict[int, Handler | int | None]):
        self._before = before
        self._came: list[int] = []

    def note(self, number: int, frame: FrameType | None = None) -> None:
        self._came.append(number)

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
                raise KeyboardInterrupt
            handler(number, None)


@contextmanager
def deferred_interrupt() -> Iterator[Interrupts]:
    """Inside, Ctrl-C and SIGTERM are noted instead of raised in the middle of a step.

    So are SIGUSR1 and SIGUSR2 where someone listens for them: a launcher that puts the job back into the queue. What
    is ignored, as Ctrl-C in a script's background, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Interrupts({})
        return
    users = [s for s in (signal.SIGUSR1, signal.SIGUSR2) if callable(signal.getsignal(s))]
    both = [s for s in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(s) is not signal.SIG_IGN]
    signals = (*both, *users)
    interrupts = Interrupts({s: signal.getsignal(s) for s in signals})
    before = [signal.signal(s, interrupts.note) for s in signals]
    try:
        yield interrupts
    finally:
        for s, handler in zip(signals, before, strict=True):
            signal.signal(s, handler)
