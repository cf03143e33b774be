"""Fits side by side: one process a core, each with one thread, so that bits do not depend on how many there are.

A task is done by one process, which sends what it finds as it finds it; the parent alone writes. At the deadline
processes are ended wherever they are: no fit overruns, and what it had not finished is done again another time. Those
who wait are told of Ctrl-C by the parent.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

import numpy as np

from rnnbench.errors import UsageError
from rnnbench.which.journal import Entry

Found = tuple[Entry, Mapping[str, np.ndarray] | None]
Work = Callable[[Any], Iterable[Found]]
"""A task in, what it finds out, one by one."""

TICK = "tick"
"""What nothing but time has brought, every so many seconds: an entry that nobody keeps."""

TICKS = 2.0

PR_SET_PDEATHSIG = 1  # of linux/prctl.h

HOW = "fork" if sys.platform == "linux" else "spawn"
"""A fork shares what was read, however large it is, with no copy."""


@dataclass
class Worker:
    process: Any
    pipe: connection.Connection
    busy: bool = False


def alone(work: Work, tasks: Iterable[Any], deadline: float | None = None) -> Iterator[Found]:
    """The same in this process."""
    for task in tasks:
        if deadline is not None and time.monotonic() > deadline:
            return
        yield from work(task)


class Crew:
    """`cores` processes that do `work`; each takes the next task when it has done one."""

    def __init__(self, work: Work, cores: int):
        context: Any = multiprocessing.get_context(HOW)
        self.workers = []
        for _ in range(cores):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, work, os.getpid()), daemon=True)
            process.start()
            theirs.close()
            self.workers.append(Worker(process, ours))

    def __call__(self, tasks: Iterable[Any], deadline: float | None = None) -> Iterator[Found]:
        """All that these tasks find, as it comes; until the deadline, on time.monotonic()'s clock. With a deadline also
        a `TICK` where nothing came for a while.

        Raises what a task raised, and RuntimeError where a process died.
        """
        waiting = iter(tasks)
        for worker in self.workers:
            self._next(worker, waiting)
        while any(worker.busy for worker in self.workers):
            left = None if deadline is None else min(TICKS, deadline - time.monotonic())
            ready = connection.wait([w.pipe for w in self.workers if w.busy], left)
            if deadline is not None and time.monotonic() >= deadline:
                self.close()
                return
            if not ready:
                yield {"what": TICK}, None
            for worker in self.workers:
                if worker.pipe in ready:
                    yield from self._heard(worker, waiting)

    def _heard(self, worker: Worker, waiting: Iterator[Any]) -> Iterator[Found]:
        try:
            kind, content = worker.pipe.recv()
        except EOFError:
            worker.process.join(5)
            raise RuntimeError(f"a process that fitted died (exit code {worker.process.exitcode})") from None
        if kind == "found":
            yield content
        elif kind == "failed":
            raise content
        else:
            self._next(worker, waiting)

    def _next(self, worker: Worker, waiting: Iterator[Any]) -> None:
        try:
            task = next(waiting)
        except StopIteration:
            worker.busy = False
            return
        worker.pipe.send(task)
        worker.busy = True

    def close(self) -> None:
        for worker in self.workers:
            worker.process.kill()
            worker.busy = False
        for worker in self.workers:
            worker.process.join()
            worker.pipe.close()
        self.workers = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _die_with(parent: int) -> None:
    """End this process when its parent ends, however that is killed. A fork holds copies of all that the parent had
    open, such as the lock of results/NAME, and the pipes of those forked before it, which would never read as closed.

    What is spawned holds none of them, and its pipe tells.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was gone before
            os._exit(1)


def _serve(pipe: connection.Connection, work: Work, parent: int) -> None:
    """In the process: tasks in, findings out, until the parent is gone."""
    _die_with(parent)
    for number in (signal.SIGINT, signal.SIGHUP):  # the parent decides
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # and ends this one so
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            for found in work(task):
                pipe.send(("found", found))
            pipe.send(("done", None))
        except (BrokenPipeError, KeyboardInterrupt):
            return
        except UsageError as error:
            pipe.send(("failed", error))
        except Exception as error:  # the parent says it, whatever it is
            import traceback

            pipe.send(("failed", RuntimeError(f"{type(error).__name__}: {error}\n{traceback.format_exc()}")))
