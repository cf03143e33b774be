"""Where the runs of a sweep go: side by side as far as their threads fit the cores, the others one at a time.

A run takes as many threads beside others as alone, since their number decides the last bits of its weights. So the
number of runs gives way, never that of threads.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from rnnbench.cli.launcher import at_once, plain
from rnnbench.cli.workers import run_side_by_side, settle
from rnnbench.config import Config
from rnnbench.errors import UsageError, in_one_line

JOB_ALONE = "hydra.launcher.n_jobs=1"
"""Tells a job of a launcher that keeps several going that no other is beside it."""


ON_CPU = "replicas: on the CPU this hardly pays, ten small runs take 8 to 10 times as long as one; it is for a GPU"
"""Measured of ten seeds of digits, T = 8 (docs/gpu.md)."""


class Launching:
    """Starts runs by the launcher that was chosen or, where Hydra's plain one is, in processes of our own."""

    def __init__(self, launcher: Any, context: Any, config: Any):
        self._launcher, self._context, self._config = launcher, context, config
        self._settled = False

    def start(self, configs: Sequence[Config], jobs: Sequence[list[str]]) -> None:
        """Do them all. Whatever ends a launcher, what its workers had finished is on disk.

        configs, jobs: each run's configuration and its overrides.
        """
        if not jobs:
            return
        from rnnbench.machine import threads

        configs, jobs = grouped(configs, jobs)
        if any("+lanes" in job[-1] for job in jobs) and not any(map(_on_a_gpu, configs)):
            print(ON_CPU, file=sys.stderr, flush=True)
        settings = self._config.hydra.launcher
        if plain(settings):
            most = next((c.workers for c in configs if c.workers is not None), min(threads.cores(), len(jobs)))
            beside, rest = _by_room(configs, jobs, lambda size: size is not None and 2 * size <= threads.room())
            if min(most, len(beside)) < 2:
                beside, rest = [], list(jobs)
            if beside:
                print(f"{len(beside)} of them side by side, at most {most} at a time", flush=True)
                setup = (self._context, self._config)
                _guarded(lambda: run_side_by_side(beside, most, threads.room(), setup))
            self._launch(rest)
        elif (most := at_once(settings)) > 1:
            os.environ.setdefault("OMP_NUM_THREADS", str(threads.cores()))  # else joblib's processes get their share
            beside, rest = _by_room(configs, jobs, lambda size: size is None or most * size <= threads.room())
            if rest:
                said = (
                    f"{len(rest)} of {len(jobs)} runs go one at a time: {most} of them side by side take more threads"
                )
                print(f"launcher: {said} than there are cores ({threads.room()})", file=sys.stderr, flush=True)
            self._launch([job for job, _ in beside])
            self.one_at_a_time(rest)
        else:
            self._launch(jobs)

    def one_at_a_time(self, jobs: Sequence[list[str]]) -> None:
        """So that no other is beside it, whatever the launcher."""
        alone = [JOB_ALONE] if "n_jobs" in self._config.hydra.launcher else []
        for job in jobs:
            self._launch([[*job, *alone]])

    def _launch(self, jobs: Sequence[list[str]]) -> None:
        if not jobs:
            return
        if plain(self._config.hydra.launcher) and not self._settled:
            settle()
            self._settled = True
        _guarded(lambda: self._launcher.launch(list(jobs), initial_job_idx=0))


def grouped(configs: Sequence[Config], jobs: Sequence[list[str]]) -> tuple[list[Config], list[list[str]]]:
    """Runs that differ in their seed alone as one job, up to `replicas` of them; the others as they are.

    A job of several has the overrides of its first run and `+lanes=[seeds]` (cli/job.py).
    """
    groups: dict[tuple[str, int], list[int]] = {}  # of one condition and one lot: places in `configs`
    lots: Counter[str] = Counter()
    for at, config in enumerate(configs):
        condition = str(replace(config, seed=0).run_dir) if config.replicas > 1 else str(config.run_dir)
        groups.setdefault((condition, lots[condition] // config.replicas), []).append(at)
        lots[condition] += 1
    together = []
    for places in groups.values():
        job = list(jobs[places[0]])
        if len(places) > 1:
            job.append(f"+lanes=[{','.join(str(configs[at].seed) for at in places)}]")
        together.append(job)
    return [configs[places[0]] for places in groups.values()], together


def _on_a_gpu(config: Config) -> bool:
    import torch

    return config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())


def _guarded(launch: Callable[[], object]) -> None:
    # Ctrl-C also ends the pgrep with which joblib looks for its workers' children; it kills the workers all the same.
    warnings.filterwarnings("ignore", "Failed to kill subprocesses on this platform")
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")  # it frees what they held, and says so
    try:
        launch()
    except UsageError:
        raise
    except Exception as error:
        print(f"launcher: {in_one_line(error)}", file=sys.stderr)


def _by_room(
    configs: Sequence[Config], jobs: Sequence[list[str]], fits: Callable[[int | None], bool]
) -> tuple[list[tuple[list[str], int]], list[list[str]]]:
    """Those that may go side by side, with their threads, and the others. fits: of its threads, None on a GPU."""
    beside, rest = [], []
    known: dict[str, int | None] = {}
    for config, job in zip(configs, jobs, strict=True):
        key = str((config.dataset, config.seq_len, config.train_size, config.batch_size, config.hidden_size,
                   config.embedding_size, config.threads, config.device))  # fmt: skip
        if key not in known:
            known[key] = threads_of(config)
        size = known[key]
        if fits(size):
            beside.append((job, size or 1))
        else:
            rest.append(job)
    return beside, rest


def threads_of(config: Config) -> int | None:
    """How many threads a run will take; None where it takes a GPU."""
    from rnnbench.preparation import choose_device, parts_of, threads_for

    try:
        if choose_device(config.device).type != "cpu":
            return None
        return config.threads if config.threads is not None else threads_for(config, parts_of(config))[0]
    except Exception:  # no such data: the run says so, and the others go on
        return 1
