"""What a training step keeps in memory: the bytes that autograd saves, exact on any machine, and the device's peak."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor, nn

from rnnbench.errors import text_of


def saved_activation_bytes(model: nn.Module, loss: Callable[[], Tensor]) -> int:
    """Bytes of the distinct storages that autograd keeps between the forward and the backward pass of `loss()`.

    Parameters are not counted: they are there anyway.
    """
    parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}
    saved: dict[int, torch.UntypedStorage] = {}  # held until all are counted, so that none is reused

    def keep(tensor: Tensor) -> None:
        """The storage and not the tensor: an output that its own node holds through a hook is never freed."""
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            saved[storage.data_ptr()] = storage

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda nothing: nothing):
        loss()
    return sum(storage.nbytes() for storage in saved.values())


def keep_freed() -> bool:
    """Let glibc's malloc keep what is freed for what comes next, in this process and for good; False elsewhere.

    By default it returns blocks of more than 32 MB, and the end of its heap, to the system at once, and the next step
    finds fresh pages that are filled with zeros one by one when they are touched (docs/timing.md).
    """
    M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library
        return False
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, 2**31 - 1))


def there_is(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes of memory that this process may have: the machine's, or its control group's where that is less."""
    bytes_ = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # version 2, in which "max" is no limit, and 1
        with suppress(OSError, ValueError):
            bytes_ = min(bytes_, int((root / name).read_text()))
    return bytes_


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory is at its end, a GPU's or the machine's."""
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(each in text_of(error) for each in words)


def reset_peak(device: torch.device) -> None:
    """Forget earlier peaks, so that `peak_bytes` speaks of what comes now.

    On CPU memory that an earlier run in this process has left free is given back first: it would count as ours.
    """
    gc.collect()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL(None).malloc_trim(0)
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass  # not Linux, or not allowed: the peak is then of the process's whole life


def peak_bytes(device: torch.device) -> int:
    """The device's peak: memory allocated on the GPU, or the resident set of the whole process on CPU.

    Since `reset_peak`, evaluation included, whose batches may be larger than those of training.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
