"""Clocks for optimizer steps.

A step is forward, loss, backward, clip and optimizer; making the batch and evaluating are outside.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import torch

WARM_UP = 10
"""Steps after each start that count as training time but not in the step-time statistics."""


class StepClock:
    """Seconds of each step between `start()` and `stop()`: wall clock on CPU, CUDA events on a GPU.

    On a GPU the figures are known only once the device has caught up, so `collect()` waits for it and returns the steps
    since the last call.
    """

    def __init__(self, device: torch.device):
        self._cuda = device.type == "cuda"
        self._started = 0.0
        self._seconds: list[float] = []
        self._usual = 0.0
        self._events: list[torch.cuda.Event] = []  # start, stop, start, stop, …
        self._shared: list[int] = []  # by how many each of these steps was

    def start(self) -> None:
        if self._cuda:
            self._events.append(self._event())
        self._started = time.perf_counter()

    def stop(self, shared: int = 1) -> None:
        """shared: runs that took this step together; each counts its share."""
        if self._cuda:
            self._events.append(self._event())
            self._shared.append(shared)
        else:
            self._usual = self._seconds[-1] if self._seconds else self._usual
            self._seconds.append((time.perf_counter() - self._started) / shared)

    def forget_pause(self) -> None:
        """The process was stopped in the last step (SIGSTOP, Ctrl-Z): that step took as long as the one before."""
        if self._seconds and not self._cuda:
            self._seconds[-1] = min(self._seconds[-1], self._usual)

    def collect(self) -> list[float]:
        if self._cuda:
            torch.cuda.synchronize()
            pairs = zip(self._events[::2], self._events[1::2], strict=True)
            seconds = [start.elapsed_time(stop) / 1000 for start, stop in pairs]
            self._seconds = [each / shared for each, shared in zip(seconds, self._shared, strict=True)]
            self._events, self._shared = [], []
        self._usual = self._seconds[-1] if self._seconds else self._usual
        seconds, self._seconds = self._seconds, []
        return seconds

    @staticmethod
    def _event() -> torch.cuda.Event:
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event


def step_statistics(seconds: list[float]) -> dict[str, float | int | None]:
    """Median and 10th to 90th percentile of step times, in milliseconds."""
    if not seconds:
        return {"median": None, "p10": None, "p90": None, "n": 0}
    p10, median, p90 = (float(q) for q in np.percentile(np.asarray(seconds) * 1000, (10, 50, 90)))
    return {"median": median, "p10": p10, "p90": p90, "n": len(seconds)}


def slowness(seconds: float = 0.05) -> float:
    """How many times as long as its own seconds this thread takes just now: 1 on a core that nobody else wants."""
    began, spent = time.monotonic(), time.thread_time()
    while time.thread_time() - spent < seconds:
        pass
    return max(1.0, (time.monotonic() - began) / (time.thread_time() - spent))


def age() -> float:
    """Seconds since this process was begun; 0 where the system does not say."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError):
        return 0.0
