"""How many threads and cores there are for a run."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from rnnbench.machine import denormals

SMALL, FEW = 5_000_000, 256
"""B · T · H · (I + H), the products of one gate in one pass, and B · T, the rows that threads share, from which on a
second thread pays; see `for_size`."""


def cores() -> int:
    """Those that a run may use: what there is room for, and no more than OMP_NUM_THREADS says."""
    return min(room(), _number("OMP_NUM_THREADS") or room())


def room() -> int:
    """Those that this process and its children share: what it is bound to, its cgroup's quota, the job's share under
    Slurm, the least of them."""
    said = (_number("SLURM_CPUS_PER_TASK"), quota())
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
    than it saves, and so it does beside weights that are many for their rows, which each packs, clips and steps alone.
    """
    work = batch_size * seq_len * hidden_size * (input_size + hidden_size)
    if cores < 2:
        return 1, "one core"
    if work < SMALL:
        return 1, f"small: B·T·H·(I + H) = {work:.2g} below {SMALL:.0e}"
    if batch_size * seq_len < FEW:
        return 1, f"few rows: B·T = {batch_size * seq_len} below {FEW}"
    return min(cores, batch_size), f"B·T·H·(I + H) = {work:.2g}, at least {SMALL:.0e}"


def _number(variable: str) -> int | None:
    """A whole number above 0 from the environment; of OMP_NUM_THREADS, which may be a list, the first."""
    first = os.environ.get(variable, "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) else None


def use(count: int) -> None:
    """Torch has so many threads on CPU from here on, which treat denormals as those before them."""
    torch.set_num_threads(count)
    denormals.again()


@contextmanager
def with_threads(count: int) -> Iterator[None]:
    """Inside, torch has so many threads on CPU; afterwards as many as before."""
    before = torch.get_num_threads()
    use(count)
    try:
        yield
    finally:
        use(before)
