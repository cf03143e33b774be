"""The machine and the versions that a run was made with, as its record names them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from rnnbench.backends import kernel
from rnnbench.precision import float32_facts


def describe(device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    facts = {
        "rnnbench": _version("rnnbench"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": _version("numpy"),
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cores": _bound(),
        "threads": torch.get_num_threads(),
        "fused_isa": kernel.isa() if kernel.library() is not None else None,
        "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY"),
        "load_average": os.getloadavg()[0],
        "device": str(device),
        "dtype": str(dtype).removeprefix("torch."),
    }
    if device.type == "cuda":
        facts |= {
            "gpu": torch.cuda.get_device_name(device),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            **float32_facts(),
        }
    return facts


def cores() -> int:
    """Those that this process may use: those it is bound to, and under Slurm no more than the job was given."""
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    return min(_bound(), int(given)) if given.isdecimal() and int(given) else _bound()


def _bound() -> int:
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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@cache
def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
