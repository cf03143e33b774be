"""Columns that are read: numbers and categories, known ahead or not, steady within a sequence or not; and those that
are left out, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table.columns import codes_of, distinct, is_text, numbers_of, several, shown, varies_within
from rnnbench.data.table.keys import Keys, Task
from rnnbench.data.table.roles import Roles
from rnnbench.data.table.sheet import Line
from rnnbench.data.table.table import Column
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Inputs:
    columns: tuple[Column, ...]
    numbers: np.ndarray  # (R, C) float32
    codes: np.ndarray  # (R, D) int32
    lines: tuple[Line, ...]


def inputs_of(
    frame: pd.DataFrame, roles: Roles, keys: Keys, task: Task, sequence: np.ndarray, extra: dict[str, np.ndarray]
) -> Inputs:
    """sequence: (R,) numbers; extra: columns that no file has, (R,) each. The past of what is forecast is always read.

    Raises UsageError where no column is left.
    """
    own = roles.target if task == "forecast" else ()
    asked = None if keys.inputs is None else several(frame, keys.inputs, "inputs")
    known = () if keys.known is None else several(frame, keys.known, "known")
    if asked and (both := [name for name in asked if name in roles.target and task != "forecast"]):
        raise UsageError("is what is to be learned", key="inputs", value=both[0])
    if known and task != "forecast":
        raise UsageError("nothing lies ahead of what is learned here", key="known", value=keys.known, allowed="null")
    if bad := [name for name in known if name in own]:
        raise UsageError("is what is to be forecast", key="known", value=bad[0])
    barred = roles.taken | (set(roles.target) - set(own)) if asked is None else set()
    names = [str(n) for n in frame.columns if n not in barred and (asked is None or n in (*asked, *known, *own))]
    dropped: dict[str, list[str]] = {"counting rows": list(roles.counting) if asked is None else []}
    columns: list[Column] = []
    numbers: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    for name in names:
        why = _useless(frame[name], own=name in own)
        if why:
            dropped.setdefault(why, []).append(name)
            continue
        static = name not in own and bool(sequence.max(initial=0)) and not len(varies_within(frame[name], sequence))
        if is_text(frame[name]):
            found, spelled = codes_of(frame[name])
            columns.append(Column(name, "category", len(codes), spelled, name in known, static))
            codes.append(found)
        else:
            columns.append(Column(name, "number", len(numbers), known=name in known, static=static))
            numbers.append(numbers_of(frame[name]))
    for name, values in extra.items():
        columns.append(Column(name, "number", len(numbers)))
        numbers.append(values.astype(np.float32))
    if not columns:
        raise UsageError("no column is left to be read", key="inputs", value=keys.inputs)
    R = len(frame)
    table = np.stack(numbers, axis=1) if numbers else np.zeros((R, 0), np.float32)
    return Inputs(
        tuple(columns),
        table,
        np.stack(codes, axis=1) if codes else np.zeros((R, 0), np.int32),
        (_said(columns), *_left_out(dropped), *_missing(columns, table, own)),
    )


def inputs_like(frame: pd.DataFrame, columns: tuple[Column, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(R, C) numbers and (R, D) codes of the same columns in another file, whose spellings are those of `columns`: −1
    for new ones. Raises UsageError, by name, for columns that are not there or hold what they did not."""
    lacking = [column.name for column in columns if column.name not in frame.columns]
    if lacking:
        raise UsageError(f"the file lacks {shown(lacking)}: it was learned from {shown([c.name for c in columns])}")
    R = len(frame)
    numbers = np.full((R, sum(c.kind == "number" for c in columns)), np.nan, np.float32)
    codes = np.full((R, sum(c.kind == "category" for c in columns)), -1, np.int32)
    for column in columns:
        own = frame[column.name]
        if column.kind == "number":
            if is_text(own) and own.notna().any():
                raise UsageError(f'{column.name} holds text ("{own.dropna().iloc[0]}") where numbers were learned from')
            if not is_text(own):
                numbers[:, column.index] = numbers_of(own)
        else:
            found, names = codes_of(own)
            place = {name: i for i, name in enumerate(column.values)}
            known = np.array([place.get(name, -1) for name in names] + [-1], np.int32)
            codes[:, column.index] = known[found]
    return numbers, codes


def _useless(column: pd.Series, *, own: bool) -> str:
    """Why a column tells nothing; "" where it may."""
    kinds = distinct(column)
    if kinds == 0:
        return "empty"
    if own:
        return ""
    if kinds == 1:
        return "constant"
    if is_text(column) and kinds > 20 and kinds == column.notna().sum():
        return "another text in each row"
    return ""


def _said(columns: list[Column]) -> Line:
    numbers = [c.name for c in columns if c.kind == "number"]
    categories = [f"{c.name} ({len(c.values)})" for c in columns if c.kind == "category"]
    parts = [f"{len(numbers)} number{'s' * (len(numbers) != 1)}: {shown(numbers, 6)}"] if numbers else []
    if categories:
        parts.append(f"{len(categories)} categor{'ies' if len(categories) > 1 else 'y'}: {shown(categories, 6)}")
    for word, found in (
        ("known ahead", [c.name for c in columns if c.known]),
        ("static", [c.name for c in columns if c.static]),
    ):
        parts += [f"{word}: {shown(found, 6)}"] if found else []
    return Line("inputs", "; ".join(parts), "inputs")


def _left_out(dropped: dict[str, list[str]]) -> list[Line]:
    said = [f"{shown(names, 6)} ({why})" for why, names in dropped.items() if names]
    return [Line("left out", ", ".join(said), "inputs")] if said else []


def _missing(columns: list[Column], table: np.ndarray, own: tuple[str, ...]) -> list[Line]:
    """How many; of what is forecast, also in how many places, since no window is answered there."""
    counts = np.isnan(table).sum(axis=0)
    numbers = [c for c in columns if c.kind == "number" and counts[c.index]]
    said = [f"{c.name} {int(counts[c.index]):,}{_places(table[:, c.index]) if c.name in own else ''}" for c in numbers]
    filled = "the last value seen stands for them, beside a mark"
    return [Line("missing", f"{shown(said, 6)}: {filled}", "missing")] if said else []


def _places(values: np.ndarray) -> str:
    edges = np.diff(np.concatenate(([False], np.isnan(values), [False])).astype(np.int8))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return f" in {len(lengths):,} places, up to {lengths.max():,} on end" if len(lengths) < lengths.sum() else ""
