"""Clocks for optimizer steps, and whether anyone else was using the machine.

A step is forward, loss, backward, clip and optimizer; making the batch and evaluating are outside.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

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


class Presence:
    """Makes this process known to other runs of the same person on this machine, and sees theirs.

    Each training process holds a locked file in a shared temporary folder; the lock goes with the process, however it
    ends. A context manager; where the folder cannot be used, nobody is ever seen.
    """

    def __init__(self) -> None:
        shared = Path("/dev/shm")  # of the whole node, where TMPDIR may be a job's own
        of_node = "SLURM_JOB_ID" in os.environ and os.access(shared, os.W_OK)
        self._folder = (shared if of_node else Path(tempfile.gettempdir())) / f"rnnbench-{os.getuid()}"
        self._mine: IO[str] | None = None

    def __enter__(self) -> Presence:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            while self._mine is None:
                self._mine = _held(self._folder / f"{os.getpid()}-{secrets.token_hex(4)}")
        except OSError:
            self._mine = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._mine is not None:
            Path(self._mine.name).unlink(missing_ok=True)
            self._mine.close()

    def others(self) -> bool:
        """Whether another process is training now. Files that nobody holds any more are cleared away."""
        if self._mine is None:
            return False
        try:
            files = list(self._folder.iterdir())
        except OSError:  # cleared away in a long run
            return False
        for path in files:
            if path == Path(self._mine.name):
                continue
            try:
                with open(path) as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink(missing_ok=True)
            except BlockingIOError:
                return True
            except OSError:
                continue
        return False


def _held(path: Path) -> IO[str] | None:
    """The file, new and locked; None where another process cleared it away between those two steps."""
    with ExitStack() as closing:
        file = closing.enter_context(open(path, "w"))
        fcntl.flock(file, fcntl.LOCK_EX)  # waits for a glance of `others`, no longer
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                closing.pop_all()
                return file
    return None
