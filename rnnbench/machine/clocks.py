"""Clocks for optimizer steps.

A step is forward, loss, backward, clip and optimizer; making the batch and evaluating are outside.
"""

from __future__ import annotations

import time

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
        self._events: list[torch.cuda.Event] = []  # start, stop, start, stop, …

    def start(self) -> None:
        if self._cuda:
            self._events.append(self._event())
        self._started = time.perf_counter()

    def stop(self) -> None:
        if self._cuda:
            self._events.append(self._event())
        else:
            self._seconds.append(time.perf_counter() - self._started)

    def collect(self) -> list[float]:
        if self._cuda:
            torch.cuda.synchronize()
            pairs = zip(self._events[::2], self._events[1::2], strict=True)
            self._seconds = [start.elapsed_time(stop) / 1000 for start, stop in pairs]
            self._events = []
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
