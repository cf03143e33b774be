"""A run's state on disk while it is unfinished: written whole, believed only where this program can go on from it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import torch

from rnnbench.errors import UsageError
from rnnbench.records import write_bytes_atomically
from rnnbench.records.newer import is_newer, leave
from rnnbench.training.numerics import NUMERICS


def write(path: Path, state: Mapping[str, Any]) -> None:
    """Raises UsageError where it cannot be written; what was there before stays."""
    buffer = io.BytesIO()
    torch.save({"numerics": NUMERICS, **state}, buffer)
    write_bytes_atomically(path, buffer.getvalue())


def read(path: Path, device: torch.device, parts: Mapping[str, Collection[str]]) -> dict[str, Any] | None:
    """The state, or None where there is none to go on from; one line says why, unless there is no file.

    parts: what it must hold, and of each part the names in it ((): any).
    """
    if not path.exists():
        return None
    if not path.is_file():
        return start_over(path, "is no file")
    whole, numerics = False, None
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        numerics = state.get("numerics", 1)
        whole = all(not names or set(state[part]) == set(names) for part, names in parts.items())
    except Exception as error:  # whatever a damaged file makes torch raise
        if not is_newer(numerics, NUMERICS):
            return start_over(path, f"cannot be read ({type(error).__name__})")
    leave(path, "numerics", numerics, NUMERICS)
    if not whole:
        return start_over(path, "is of another version of rnnbench")
    if numerics != NUMERICS:
        return start_over(path, f"is of numerics {numerics}, this program trains with {NUMERICS}")
    return state


def or_told(write: Callable[[], object], lost: str, before: set[str], label: str) -> None:
    """Write what only describes a training or shortens its repetition: where that fails, a line says so once.

    before: what was said to be lost; label: of the run.
    """
    try:
        write()
    except UsageError as problem:
        if lost not in before:
            before.add(lost)
            print(f"warning: {problem}: {lost} of {label or 'this run'} as long as that is so, it goes on",
                  file=sys.stderr, flush=True)  # fmt: skip


def start_over(path: Path, why: str) -> dict[str, Any] | None:
    print(f"warning: {path} {why}: starting over", file=sys.stderr)
    return None
