"""What of a process's state could move a run's numbers: set to what is plain for each run, put back afterwards.

A user's module may set torch's default dtype as it is imported, which only the first run of a process does; a notebook
may have done so long before. So a run sets all of it once its classes are imported, and again before its model is made.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import numpy as np
import torch


@contextmanager
def plain_state(seed: int) -> Iterator[Callable[[], None]]:
    """Default dtype and device, gradients, autocast, hooks of all modules, deterministic switches, Python's and NumPy's
    global generators, the working directory. Gives a function that sets them again; torch's own generator is not
    among them."""
    here = os.getcwd()
    put_back: list[Callable[[], object]] = [_switch(*each) for each in _switches()]
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - what others use
    put_back += [lambda: random.setstate(python), lambda: np.random.set_state(numpy)]  # noqa: NPY002

    def settle() -> None:
        for read, write, plain in _switches():
            if read() != plain:
                write(plain)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        if os.getcwd() != here:  # relative paths are meant from where the command was typed
            os.chdir(here)

    with ExitStack() as leaving:
        for each in put_back:
            leaving.callback(each)
        leaving.enter_context(torch.inference_mode(False))
        settle()
        yield settle


Read = Callable[[], object]


def _switches() -> Iterator[tuple[Read, Callable[..., object], object]]:
    """Of each: how it is read, how it is set, and the plain value."""
    yield torch.get_default_dtype, torch.set_default_dtype, torch.float32
    yield torch.is_grad_enabled, torch.set_grad_enabled, True
    yield _device, torch.set_default_device, None
    yield torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, False
    for device in ("cpu", "cuda"):
        yield partial(torch.is_autocast_enabled, device), partial(torch.set_autocast_enabled, device), False
    for hooks in _hooks():
        yield partial(dict, hooks), partial(_fill, hooks), {}
    precisions = [getattr(torch.backends.mkldnn, name, None) for name in ("matmul", "rnn")]  # bfloat16 on some CPUs
    found: list[tuple[object, str, object]] = [
        (torch.backends.cudnn, name, False) for name in ("deterministic", "benchmark")
    ]
    found += [(each, "fp32_precision", "ieee") for each in precisions if hasattr(each, "fp32_precision")]
    for place, name, plain in found:
        yield partial(getattr, place, name), partial(setattr, place, name), plain


def _hooks() -> list[dict[int, object]]:
    """What `torch.nn.modules.module.register_module_forward_hook` and its like fill: hooks of every module there is."""
    module = torch.nn.modules.module
    return [getattr(module, name) for name in ("_global_forward_hooks", "_global_forward_pre_hooks",
            "_global_backward_hooks", "_global_backward_pre_hooks") if hasattr(module, name)]  # fmt: skip


def _fill(hooks: dict[int, object], wanted: dict[int, object]) -> None:
    hooks.clear()
    hooks.update(wanted)


def _device() -> torch.device | None:
    """The default that was set; None for none."""
    made = torch.empty(0).device
    return None if made.type == "cpu" else made


def _switch(read: Read, write: Callable[..., object], _: object) -> Callable[[], None]:
    before = read()

    def back() -> None:
        with suppress(Exception):
            if read() != before:
                write(before)

    return back
