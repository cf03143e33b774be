"""Ctrl-C that waits for a good moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Inside, Ctrl-C and SIGTERM are noted instead of raised in the middle of a step: yields whether one came."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(s, lambda number, _: noted.append(number)) for s in signals]
    try:
        yield lambda: bool(noted)
    finally:
        for s, handler in zip(signals, before, strict=True):
            signal.signal(s, handler)
