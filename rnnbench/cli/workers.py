"""Processes that do a sweep's runs side by side.

An executor of the standard library takes all its work down when one of its processes dies, and counts jobs, not the
threads that they take. Here each process has its own pipe: one that dies takes its run alone, and a run starts when
its threads find room.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection, resource_tracker
from types import FrameType
from typing import Any

from rnnbench import errors
from rnnbench.command import quiet
from rnnbench.stopping import Stopped

STOPPED = 130
"""Exit code of a process that was asked to stop."""

Job = tuple[list[str], int]
"""The overrides of a run and its threads."""


@dataclass
class Worker:
    """A process that does one run after another; `doing` is the one that it is at."""

    process: Any
    pipe: connection.Connection
    doing: Job | None = None


def run_side_by_side(jobs: Sequence[Job], most: int, room: int, setup: tuple[Any, Any]) -> None:
    """Do the jobs, `most` at a time, while there is `room` for their threads, in their order as far as that fits.

    A process that dies is named on stderr, its run left as it was, and the others go on. Ctrl-C, SIGTERM and SIGHUP
    have every run save its checkpoint; a second one does not wait for that.

    setup: Hydra's context and the sweep's configuration. Raises KeyboardInterrupt once all have stopped.
    """
    waiting = list(jobs)
    workers: list[Worker] = []
    with _asked_to_stop(workers) as asked:
        try:
            while (waiting and not asked) or any(worker.doing for worker in workers):
                while not asked and (job := _that_fits(waiting, workers, most, room)):
                    waiting.remove(job)
                    _give(job, workers, setup)
                _take(workers, asked)
        finally:
            for worker in workers:
                worker.pipe.close()  # which ends an idle one
            for worker in workers:
                worker.process.join()
    if asked:
        raise KeyboardInterrupt if asked[0] == signal.SIGINT else Stopped(asked[0])


def _that_fits(waiting: Sequence[Job], workers: Sequence[Worker], most: int, room: int) -> Job | None:
    """The first for which there is room."""
    doing = [worker.doing for worker in workers if worker.doing is not None]
    left = room - sum(threads for _, threads in doing)
    if len(doing) >= most:
        return None
    return next((job for job in waiting if job[1] <= left or not doing), None)


def _give(job: Job, workers: list[Worker], setup: tuple[Any, Any]) -> None:
    """The job to an idle process, or to a new one."""
    for worker in [worker for worker in workers if worker.doing is None]:
        try:
            worker.pipe.send(job[0])
            worker.doing = job
            return
        except OSError:  # it died while it was idle
            _gone(worker, workers)
    worker = _started(workers, setup)
    with suppress(OSError):  # it is gone again: `_take` says so
        worker.pipe.send(job[0])
    worker.doing = job


def _started(workers: list[Worker], setup: tuple[Any, Any]) -> Worker:
    """A new process, which Ctrl-C does not reach: it is for this one to stop it."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs, setup), daemon=True)
    resource_tracker.ensure_running()  # it unblocks signals when it starts
    both = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, both)  # the new process begins with them blocked
    try:
        process.start()
        worker = Worker(process, ours)
        workers.append(worker)
    finally:
        theirs.close()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, both)
    return worker


def _take(workers: list[Worker], asked: Sequence[int]) -> None:
    """Wait until one of them has done its run or has died, which is said unless it was asked to."""
    busy = {worker.pipe: worker for worker in workers if worker.doing is not None}
    for pipe in connection.wait(list(busy)):
        worker = busy[pipe]  # type: ignore[index]
        assert worker.doing is not None
        try:
            complaint, told = worker.pipe.recv()
            for line in told:
                errors.tell(line)
            if complaint:
                print(f"launcher: {complaint}", file=sys.stderr, flush=True)
        except (EOFError, OSError):
            _gone(worker, workers)
            if not asked:
                how, what = _ending(worker.process.exitcode), " ".join(worker.doing[0])
                print(f"launcher: a process {how} in {what}: its run is left", file=sys.stderr, flush=True)
        worker.doing = None


def _gone(worker: Worker, workers: list[Worker]) -> None:
    worker.pipe.close()
    worker.process.join()
    workers.remove(worker)


def _ending(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"was killed ({signal.Signals(-code).name})"
    return f"ended with code {code}"


@contextmanager
def _asked_to_stop(workers: list[Worker]) -> Iterator[list[int]]:
    """The signals that have come: the first asks every process to stop, the next ends them."""
    asked: list[int] = []

    def stop(number: int, frame: FrameType | None = None) -> None:
        asked.append(number)
        for worker in list(workers):
            (worker.process.terminate if len(asked) == 1 else worker.process.kill)()

    heeded = [s for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is not signal.SIG_IGN]
    before = [signal.signal(s, stop) for s in heeded]
    try:
        yield asked
    finally:
        for s, handler in zip(heeded, before, strict=True):
            signal.signal(s, handler)


def _work(pipe: connection.Connection, setup: tuple[Any, Any]) -> None:
    """In a process of its own: run what comes through the pipe, until it is closed.

    SIGTERM ends it at once, or within a run's training when its checkpoint is written (`deferred_interrupt`): so it is
    asked to stop, and so it ends with the process that started it.
    """
    quiet()
    for number in (signal.SIGINT, signal.SIGHUP):  # which whoever started it hears, too
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(STOPPED))  # no unwinding, in whatever import or call it is
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    errors.passes_on = True
    launch = _launcher(setup)
    with suppress(EOFError, OSError):
        while True:
            job = pipe.recv()
            pipe.send((_complaint(launch, job), errors.TOLD))


def _end_with(parent: Any) -> None:
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


def _launcher(setup: tuple[Any, Any]) -> Any:
    """Hydra's own launcher in this process: it composes each job as it does where runs go one after another."""
    from hydra import version
    from hydra._internal.core_plugins.basic_launcher import BasicLauncher
    from hydra.core.plugins import Plugins

    from rnnbench.cli.job import job

    version.setbase("1.3")  # as in `main`
    Plugins.instance()  # Hydra's configuration is made of what plugins bring
    launcher, (context, config) = BasicLauncher(), setup
    launcher.setup(hydra_context=context, task_function=partial(job, beside=True), config=config)
    settle()
    return launcher


def settle() -> None:
    """What is loaded by now stays: looked through for garbage before each run it takes longer than a short run."""
    import rnnbench.run  # noqa: F401

    gc.collect()
    gc.freeze()


def _complaint(launcher: Any, job: list[str]) -> str:
    """Do the run; what kept it from leaving a record, where anything did."""
    try:
        launcher.launch([job], initial_job_idx=0)
    except Exception as error:
        return errors.in_one_line(error)
    return ""
