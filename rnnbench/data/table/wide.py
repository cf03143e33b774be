"""Tables that are wide: a row a series, or a row a sequence, with its steps in columns.

    id   V2   V3   V4 …           a panel: each row is a series of which the next values are forecast
    H1   605  586  586

    label  t0   t1   t2 …         a sequence: each row is one, to be answered by its label or value; of several inputs
    walk   .1   .3   .2           ax_0 ax_1 … ay_0 ay_1 …

They become one row a step. Empty cells at a row's end are no steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table.columns import distinct, is_text, one, several, shown
from rnnbench.data.table.dates import looks_dated
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.roles import IDS, counts_rows
from rnnbench.data.table.sheet import Line, Sheet
from rnnbench.data.table.times import TIMED
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

LEAST, LEAST_SAID = 8, 3
"""Columns that are taken for steps, at the least; and where it is said that a row is a sequence."""
VALUE, ROW = "value", "row"


@dataclass(frozen=True)
class Wide:
    """steps: input → its columns in order; id: the column that names rows, or none."""

    steps: dict[str, tuple[str, ...]]
    id: str | None


def wide(sheet: Sheet, keys: Keys) -> Wide | None:
    """The steps in columns, where it has any: LEAST columns of numbers whose names count up, one row an id.

    A row is a series where a column names it and nothing else is there; a sequence where its target is text or a few
    whole numbers, or `task=` or `id=` says so. Beside the target and the steps of a sequence there may be a column that
    names rows or counts them, and a few others, which are the same at each step. Columns of dates, and `time=`, be it
    none, say that rows are steps.
    """
    frame = sheet.frame
    if keys.time is not None or keys.task == "tagging" or (keys.id == "none" and "none" not in frame.columns):
        return None
    texts = [str(c) for c in frame.columns if is_text(frame[c])]
    if any(looks_dated([str(v) for v in frame[c].dropna().head(50)]) for c in texts):
        return None
    name = None if keys.id is None else one(frame, keys.id, "id")
    if name is not None and distinct(frame[name]) < len(frame):
        return None
    if keys.target is not None and keys.target.startswith("steps_to"):
        return None
    target = () if keys.target is None else several(frame, keys.target, "target")
    group = () if keys.groups is None else (one(frame, keys.groups, "groups"),)
    labels = target or tuple(c for c in texts if distinct(frame[c]) <= len(frame) // 2)
    if not labels:
        names = [c for c in texts if distinct(frame[c]) == len(frame)]
        name = name or (names[0] if len(texts) == 1 and names else None)
        steps = counted([str(c) for c in frame.columns if c != name and c not in (*group, *texts)])
        return Wide(steps, name) if name is not None and steps is not None else None
    said = name is not None or keys.task in ("label", "value")
    name = name or _names_rows(frame, (*labels, *group))
    said = said or (name is not None and name.strip().casefold() in IDS)
    few = all(is_text(frame[c]) or distinct(frame[c]) <= min(30, len(frame) // 4) for c in labels)
    free = [str(c) for c in frame.columns if c not in (name, *labels, *group) and c not in texts]
    steps = counted(free, LEAST_SAID if said else LEAST, others=True) if few or said else None
    if steps is None:
        return None
    others = set(free) - {c for columns in steps.values() for c in columns}
    some = 2 * len(others) <= len(free) - len(others) and not any(TIMED.search(c) for c in others)
    return Wide(steps, name) if said or some else None


def _names_rows(frame: pd.DataFrame, taken: tuple[str, ...]) -> str | None:
    """A column of another text in each row, or of numbers that count rows and are no time, or that is called so."""
    for column in frame.columns:
        name = str(column)
        if name in taken or frame[column].isna().any() or distinct(frame[column]) < len(frame):
            continue
        called = name.strip().casefold() in IDS
        if called or is_text(frame[column]) or (counts_rows(frame[column]) and not TIMED.search(name)):
            return name
    return None


def counted(names: list[str], least: int = LEAST, others: bool = False) -> dict[str, tuple[str, ...]] | None:
    """Names that count up from one to the next, by what stands before the number; None where others are among them.

    others: these are left out, and so are those that count up to less than the longest.
    """
    found: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        match = re.fullmatch(r"(.*?)[ _.-]?\[?(\d+)\]?", name.strip())
        if match is not None:
            found.setdefault(match[1], []).append((int(match[2]), name))
        elif not others:
            return None
    rising = {prefix: columns for prefix, columns in found.items() if len(columns) >= least and _rises(columns)}
    longest = max(map(len, rising.values()), default=0)
    steps = {prefix: columns for prefix, columns in rising.items() if len(columns) == longest}
    if not steps or (not others and len(steps) < len(found)):
        return None
    return {prefix or VALUE: tuple(name for _, name in columns) for prefix, columns in steps.items()}


def _rises(columns: list[tuple[int, str]]) -> bool:
    between = np.diff([number for number, _ in columns])
    return bool((between > 0).all() and (between == between[:1]).all())


def unrolled(sheet: Sheet, shape: Wide, name: str | None = None) -> Sheet:
    """One row a step, of columns: the id, one a kind of step, and those that are left, repeated."""
    import pandas as pd

    frame = sheet.frame
    N = len(frame)
    wanted = [c for each in shape.steps.values() for c in each] + [c for c in (shape.id,) if c is not None]
    if lacking := [c for c in wanted if c not in frame.columns]:
        raise UsageError(f"{', '.join(sheet.files) or 'the file'} lacks {shown(lacking)}")
    values = np.stack([frame[list(c)].to_numpy(dtype=np.float32) for c in shape.steps.values()], axis=-1)  # (N, T, C)
    T = values.shape[1]
    known = ~np.isnan(values).all(axis=-1)
    length = np.where(known.any(axis=1), T - np.argmax(known[:, ::-1], axis=1), 0)
    inside = np.arange(T) < length[:, None]
    rows = np.repeat(np.arange(N), length)
    id = name or shape.id or ROW
    columns: dict[str, pd.Series] = {}
    if shape.id is None:
        columns[id] = pd.Series(rows.astype(np.float64))
    else:
        columns[id] = frame[shape.id].iloc[rows].reset_index(drop=True)
    stepped = {c for each in shape.steps.values() for c in each}
    for left in frame.columns:
        if left not in stepped and left != shape.id:
            columns[str(left)] = frame[left].iloc[rows].reset_index(drop=True)
    for c, kind in enumerate(shape.steps):
        columns[_free(kind, columns)] = pd.Series(values[..., c][inside])
    said = Line("shape", f"a row a sequence: {N:,} of up to {T:,} steps in columns", "time")
    return replace(sheet, frame=pd.DataFrame(columns), lines=sheet.lines[rows], notes=(*sheet.notes, said))


def extended(panel: Sheet, test: Sheet, shape: Wide) -> tuple[Sheet, np.ndarray]:
    """A panel with its series' next values, which a file of the same ids holds: one row a step, and which are new.

    Raises UsageError for ids that one file lacks.
    """
    import pandas as pd

    if shape.id is None:
        raise UsageError("a file of the next values needs a column that names the series", key="id", value=None)
    if shape.id not in test.frame.columns:
        test = replace(test, frame=test.frame.rename(columns={test.frame.columns[0]: shape.id}))
    later = counted([str(c) for c in test.frame.columns if c != shape.id], least=1)
    if later is None:
        raise UsageError("is no panel like the first file: a row a series, steps in columns", key="test")
    before, after = (frame[shape.id].astype("str") for frame in (panel.frame, test.frame))
    if set(before) != set(after):
        odd = sorted(set(before) ^ set(after))[0]
        raise UsageError(f"{shape.id} {odd} stands in one of the two files only", key="test")
    long = unrolled(panel, shape)
    new = unrolled(test, Wide({next(iter(shape.steps)): next(iter(later.values()))}, shape.id))
    both = pd.concat([long.frame.astype({shape.id: "str"}), new.frame.astype({shape.id: "str"})], ignore_index=True)
    both[shape.id] = pd.Categorical(both[shape.id], categories=list(before))
    official = np.arange(len(both)) >= len(long.frame)
    order = np.argsort(both[shape.id].cat.codes.to_numpy(), kind="stable")
    lines = np.concatenate((long.lines, new.lines))[order]
    joined = replace(long, frame=both.iloc[order].reset_index(drop=True), lines=lines)
    return joined, official[order]


def _free(name: str, taken: dict) -> str:
    return name if name not in taken else f"{name} at each step"
