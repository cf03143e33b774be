"""A checkpoint's state put into a training: tried first, and taken back where it is not of this very run."""

from __future__ import annotations

import copy
import sys
import types
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor

from rnnbench.data.batch import Batch
from rnnbench.machine import threads
from rnnbench.training.model import Carried, SequenceModel
from rnnbench.training.progress import Progress
from rnnbench.training.selection import Selection

MOST_THREADS = 1024


class Restorable(Protocol):
    """What a checkpoint's state goes into (rnnbench.training.loop.Training)."""

    model: SequenceModel
    optimizer: torch.optim.Optimizer
    progress: Progress
    selection: Selection
    carried: Carried
    threads_because: str
    device: torch.device
    checkpoint: Path | None

    def batch(self, step: int) -> Batch: ...


def restore(training: Restorable, state: Mapping[str, Any]) -> str:
    """Put it into the training, "" then; else why it cannot be, with all as before.

    Names, shapes and types are those of this run, and its model reads the next batch from the state that is carried.
    """
    before = copy.deepcopy((training.model.state_dict(), training.optimizer.state_dict()))
    kept = training.progress, training.selection, training.carried, torch.get_num_threads()
    random, because = torch.get_rng_state(), training.threads_because
    try:
        _put(training, state)
    except Exception as error:  # whatever a state of another shape makes torch raise
        training.model.load_state_dict(before[0])
        training.optimizer.load_state_dict(before[1])
        training.progress, training.selection, training.carried, count = kept
        threads.use(count)
        training.threads_because = because
        torch.set_rng_state(random)
        return f"does not fit this run ({type(error).__name__}: {' '.join(str(error).split())[:120]})"
    return ""


def _put(training: Restorable, state: Mapping[str, Any]) -> None:
    weights = training.model.state_dict()
    _check_alike(state["model"], weights)
    progress = _made(Progress, state["progress"])
    selection = _made(Selection, state["selection"])
    if (selection.metric, selection.better) != (training.selection.metric, training.selection.better):
        raise ValueError("another metric")
    if progress.best_weights is not None:
        _check_alike(progress.best_weights, weights)
    if progress.step < 0 or not all("step" in row for row in progress.history):
        raise ValueError("its history")
    count = state["threads"]
    if type(count) is not int or not 1 <= count <= MOST_THREADS:
        raise ValueError("its threads")
    training.model.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["optimizer"])
    for parameter, held in training.optimizer.state.items():
        for value in held.values():
            if isinstance(value, Tensor) and value.dim() and value.shape != parameter.shape:
                raise ValueError("its optimizer")
    if count != torch.get_num_threads():
        threads.use(count)
        training.threads_because = "as when the run began"
    with torch.no_grad():
        training.model(training.batch(progress.step), state["carried"])
    training.progress, training.selection, training.carried = progress, selection, state["carried"]
    torch.set_rng_state(state["random"].cpu())
    begun = state.get("device", training.device.type)
    if begun != training.device.type:  # its bits and times are of both: `progress.kinds`
        print(
            f"warning: {training.checkpoint} was begun on {begun}, it goes on on {training.device.type}",
            file=sys.stderr,
        )
    elif state["cuda_random"] is not None:
        torch.cuda.set_rng_state(state["cuda_random"].cpu())


def _check_alike(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    if {name: (t.shape, t.dtype) for name, t in found.items()} != {n: (t.shape, t.dtype) for n, t in wanted.items()}:
        raise ValueError("other weights")


def _made(cls: Any, values: Mapping[str, Any]) -> Any:
    """The dataclass of these values, each of its field's type."""
    for name, hint in _hints(cls).items():
        if name in values and not _is(values[name], hint):
            raise TypeError(f"{name} is of {type(values[name]).__name__}")
    return cls(**values)


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _is(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_is(value, each) for each in inner)
    if origin is Literal:
        return value in inner
    if origin is list:
        return isinstance(value, list) and all(_is(each, inner[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(_is(k, inner[0]) and _is(v, inner[1]) for k, v in value.items())
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return type(value) is int
    return isinstance(value, hint)
