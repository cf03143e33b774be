"""The machine and the versions that a run was made with, as its record names them."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from rnnbench.machine.commit import commit
from rnnbench.machine.precision import float32_facts
from rnnbench.machine.threads import bound


def describe(device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    facts = {
        "rnnbench": _version("rnnbench"),
        "commit": commit() or None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": _version("numpy"),
        "platform": platform.platform(),
        "cpu": cpu_model(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cores": bound(),
        "threads": torch.get_num_threads(),
        "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY"),
        "load_average": _load(),
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


def _load() -> float | None:
    """Over the last minute; None where it cannot be told, as in some containers."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@cache
def cpu_model() -> str:
    """What the processor calls itself."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
