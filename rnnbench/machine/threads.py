"""How many threads and cores there are for a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def cores() -> int:
    """Those that this process may use: those it is bound to, and under Slurm no more than the job was given."""
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    return min(bound(), int(given)) if given.isdecimal() and int(given) else bound()


def bound() -> int:
    """Those that this process is bound to."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def with_threads(count: int) -> Iterator[None]:
    """Inside, torch has so many threads on CPU; afterwards as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
