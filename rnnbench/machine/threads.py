"""How many threads and cores there are for a run."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

SMALL = 1_000_000
"""B · T · H · (I + H), the products of one gate in one pass, from which a second thread pays; see `for_size`."""


def cores() -> int:
    """Those that this process may use: what it is bound to, its cgroup's quota, the job's share under Slurm, and what
    OMP_NUM_THREADS says, the least of them."""
    said = (_number("SLURM_CPUS_PER_TASK"), _number("OMP_NUM_THREADS"), quota())
    return min([bound(), *(each for each in said if each is not None)])


def bound() -> int:
    """Those that this process is bound to."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quota(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Whole cores that the control group of a container leaves to this process, one at least; None without a limit."""
    try:
        most, period = (root / "cpu.max").read_text().split()  # version 2; "max 100000" is no limit
    except (OSError, ValueError):
        try:
            most, period = ((root / "cpu" / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period"))
        except OSError:
            return None
    try:
        return max(1, math.floor(int(most) / int(period))) if int(most) > 0 else None
    except (ValueError, ZeroDivisionError):
        return None


def for_size(batch_size: int, seq_len: int, input_size: int, hidden_size: int, cores: int) -> tuple[int, str]:
    """How many of the cores a run of this size uses, and why: (threads, reason). A pure function of its arguments.

    Threads share the sequences of a batch and meet before and after; where there is little to share, meeting costs more
    than it saves.
    """
    work = batch_size * seq_len * hidden_size * (input_size + hidden_size)
    if cores < 2:
        return 1, "one core"
    if work < SMALL:
        return 1, f"small: B·T·H·(I + H) = {work:.2g} below {SMALL:.0e}"
    return min(cores, batch_size), f"B·T·H·(I + H) = {work:.2g}, at least {SMALL:.0e}"


def _number(variable: str) -> int | None:
    """A whole number above 0 from the environment; of OMP_NUM_THREADS, which may be a list, the first."""
    first = os.environ.get(variable, "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) else None


@contextmanager
def with_threads(count: int) -> Iterator[None]:
    """Inside, torch has so many threads on CPU; afterwards as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
