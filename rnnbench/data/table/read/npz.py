"""Arrays of one `.npz`, never unpickled: values (N, T, C) or (N, T), or (Σ T, C) rows end to end with `lengths`; beside
them what is known of a sequence (N,) or of a step."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read.columns import column_of, free_name, missing_line, numbered, repeated, without
from rnnbench.data.table.read.source import digest_of
from rnnbench.data.table.sheet import Line, Sheet
from rnnbench.errors import UsageError

_TARGETS = ("y", "label", "labels", "target", "targets", "class", "classes")
_LENGTHS = ("lengths", "length", "lens", "seq_len", "seq_lengths")


@dataclass
class _Arrays:
    """What the arrays of a file are."""

    values: str
    lengths: np.ndarray  # (N,) steps of each sequence
    rows: np.ndarray | slice  # of the values taken as (N · T, C) or (Σ T, C): those that are steps
    channels: tuple[str, ...]  # (C,)
    a_sequence: list[str] = field(default_factory=list)  # arrays of one entry a sequence
    a_step: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # arrays of other shapes
    lengths_from: str | None = None


def read_npz(path: Path, keys: Keys) -> Sheet:
    """One row a step: sequence, the values, and every array that has an entry for each sequence or step."""
    import pandas as pd

    arrays = _loaded(path)
    found = _arranged(arrays, path, keys)
    count = len(found.lengths)
    values = arrays.pop(found.values)
    flat = values.reshape(-1, len(found.channels))
    columns: dict[str, Any] = {"sequence": numbered(count, found.lengths)}
    for c, name in enumerate(found.channels):
        columns[free_name(name, list(columns))] = column_of(flat[found.rows, c], name)
    for name in found.a_step:
        columns[free_name(name, list(columns))] = column_of(arrays[name].reshape(-1)[found.rows], name)
    named: list[Line] = []
    for name in found.a_sequence:
        entries, line = _with_names(arrays, name, found.left)
        named += line
        columns[free_name(name, list(columns))] = repeated(column_of(entries, name), found.lengths)
    gone: dict[str, int] = {}
    for name in columns:
        columns[name], gone[name] = without(columns[name], keys)
    frame = pd.DataFrame(columns, copy=False)
    implied = {"id": "sequence", "time": "none"}
    if found.lengths_from is not None:
        implied["lengths"] = found.lengths_from
    if targets := [name for name in _TARGETS if name in columns]:
        implied["target"] = targets[0]
    lines = np.arange(1, len(frame) + 1, dtype=np.int64)
    notes = (*_told(found, values.shape), *named, missing_line(gone))
    return Sheet(frame, lines, notes, implied, (str(path),), digest_of([path]))


def _loaded(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except ValueError as problem:
        if "pickle" in str(problem).lower() or "object" in str(problem).lower():
            raise UsageError(
                f"{path}: holds arrays of Python objects, which are pickled and never opened here: save rows end to "
                "end (np.concatenate) and their lengths, and text as an array of str"
            ) from None
        raise UsageError(f"{path}: cannot be read: {problem}") from None
    except (zipfile.BadZipFile, OSError, EOFError, KeyError) as problem:
        raise UsageError(f"{path}: damaged or cut off: {problem}") from None


def _arranged(arrays: dict[str, np.ndarray], path: Path, keys: Keys) -> _Arrays:
    """Which array holds the values, and what the others are to it."""
    shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    numbers = {name: array for name, array in arrays.items() if array.dtype.kind in "fiub" and array.size}
    named = _named_lengths(arrays, path, keys)
    lengths = arrays[named] if named else None
    ragged = [
        name for name, array in numbers.items()
        if lengths is not None and name != named and array.ndim in (1, 2) and len(array) == lengths.sum()
    ]  # fmt: skip
    if ragged and lengths is not None and len(lengths) != lengths.sum():
        values = max(ragged, key=lambda name: (arrays[name].ndim, arrays[name].dtype.kind == "f", arrays[name].size))
        width = arrays[values].shape[1] if arrays[values].ndim == 2 else 1
        found = _Arrays(values, lengths, slice(None), _channels(arrays, width, len(lengths)), lengths_from=named)
        a_step: tuple[int, ...] = (int(lengths.sum()),)
    else:
        deep = {name: array for name, array in numbers.items() if array.ndim == 3}
        deep = deep or {name: array for name, array in numbers.items() if array.ndim == 2}
        if not deep:
            raise UsageError(
                f"{path}: no array of values, (N, T, C) or (N, T), or (steps, C) beside lengths ({shapes})"
            )
        values = max(deep, key=lambda name: (deep[name].dtype.kind == "f", deep[name].size))
        array = arrays[values]
        rivals = [name for name in deep if array.ndim == 3 and len(deep[name]) != len(array)]
        if rivals:
            raise UsageError(
                f"{path}: {values} and {rivals[0]} both hold values ({shapes}): save a file for each, test= names the "
                "second"
            )
        N, T = array.shape[:2]
        width = array.shape[2] if array.ndim == 3 else 1
        steps = np.full(N, T) if lengths is None else lengths
        if len(steps) != N or steps.max(initial=0) > T:
            raise UsageError(f"lengths do not fit {values} {array.shape}", key="lengths", value=named)
        rows = slice(None) if lengths is None else np.flatnonzero((np.arange(T) < steps[:, None]).reshape(-1))
        found = _Arrays(values, steps, rows, _channels(arrays, width, N), lengths_from=named)
        a_step = (N, T)
    for name, array in arrays.items():
        if name in (found.values, named):
            continue
        if array.shape in ((len(found.lengths),), (len(found.lengths), 1)):
            found.a_sequence.append(name)
        elif array.shape == a_step:
            found.a_step.append(name)
        else:
            found.left.append(name)
    return found


def _named_lengths(arrays: dict[str, np.ndarray], path: Path, keys: Keys) -> str | None:
    """The array of lengths that `lengths=` says, or that is called so."""
    named = keys.lengths or next((name for name in _LENGTHS if name in arrays), None)
    if named is None:
        return None
    if named not in arrays:
        raise UsageError(f"{path} has no such array", key="lengths", value=named, allowed=", ".join(arrays))
    lengths = arrays[named]
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (len(lengths) and lengths.min() < 1):
        problem = f"is no array of whole numbers from 1, one a sequence, but {lengths.dtype} {lengths.shape}"
        raise UsageError(problem, key="lengths", value=named)
    return named


def _channels(arrays: dict[str, np.ndarray], width: int, count: int) -> tuple[str, ...]:
    """Names of the values at a step, where one array of text has as many entries; else their numbers."""
    named = [array for array in arrays.values() if array.dtype.kind == "U" and array.shape == (width,) != (count,)]
    names = tuple(str(name) for name in named[0]) if len(named) == 1 and width > 1 else ()
    return names if len(set(names)) == width else tuple(str(c + 1) for c in range(width))


def _with_names(arrays: dict[str, np.ndarray], name: str, left: list[str]) -> tuple[np.ndarray, list[Line]]:
    """Classes by name, where an array of text (`y_labels` of `y`) names the whole numbers 0 to K − 1."""
    entries = arrays[name].reshape(-1)
    for other in left:
        names = arrays[other]
        fits = names.dtype.kind == "U" and names.ndim == 1 and other.lower() in (f"{name}_labels", f"{name}_names")
        if fits and entries.dtype.kind in "iu" and entries.min() >= 0 and entries.max() < len(names):
            words = f"{name} 0 to {len(names) - 1} are called as {other} has them"
            return names[entries], [Line("class", words, "target")]
    return entries, []


def _told(found: _Arrays, shape: tuple[int, ...]) -> list[Line]:
    short, long = int(found.lengths.min()), int(found.lengths.max())
    span = f"{short:,} steps" if short == long else f"{short:,} to {long:,} steps"
    what = (
        f"{len(found.lengths):,} sequences of {span}, {len(found.channels)} values a step, from {found.values} {shape}"
    )
    lines = [Line("rows", what, "lengths")]
    if found.lengths_from is not None:
        lines.append(Line("lengths", f"from the array {found.lengths_from}", "lengths"))
    if found.a_sequence:
        lines.append(Line("arrays", f"one entry a sequence: {', '.join(found.a_sequence)}", "target"))
    if found.left:
        lines.append(Line("arrays", f"of other shapes, not read as columns: {', '.join(found.left)}"))
    return lines
