"""What is learned: which task a target makes, and its labels or values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table.columns import codes_of, distinct, is_text, numbers_of, shown, varies_within
from rnnbench.data.table.keys import Keys, Task
from rnnbench.data.table.roles import STEPS_TO_END
from rnnbench.data.table.table import Target
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

MOST_CLASSES = 30
"""Whole numbers of so many values are taken for labels, if nobody says."""
_NUMBER, _MARK, _UNIT = r"[+-]?\d[\d.,]*", r"[^\w\s.,;:+-]{1,2}", r"[^\s\d.,;:+-]\S{0,7}"
_MEASURED = re.compile(rf"{_MARK}\s*{_NUMBER}|{_UNIT}\s+{_NUMBER}|{_NUMBER}\s*{_MARK}|{_NUMBER}\s+{_UNIT}|"
                       rf"[+-]?\d+[.,]\d+{_UNIT}")  # fmt: skip
"""$2,000.12; EUR 5; 12 %; 50.3 kW; 50.3kW; but not 401a or V12, which are codes."""


@dataclass(frozen=True)
class Chosen:
    task: Task
    why: str


def task_of(frame: pd.DataFrame, target: tuple[str, ...], keys: Keys, sequence: np.ndarray, has_id: bool) -> Chosen:
    """sequence: (R,) numbers of sequences; has_id: whether these are of a column, and not one long series.

    Raises UsageError for a label that changes within sequences while nobody said whether steps are tagged, and for a
    task that the target cannot have.
    """
    if target == (STEPS_TO_END,):
        if keys.task not in (None, "value"):
            raise UsageError("is a value", key="task", value=keys.task, allowed="value")
        return Chosen("value", "the steps that follow in its sequence")
    texts = [name for name in target if is_text(frame[name])]
    changing = _changing(frame, target, sequence) if has_id else np.zeros(1, np.int64)
    if keys.task is not None:
        _may_be(keys.task, target, texts, changing, has_id)
        return Chosen(keys.task, "as said")
    whole = len(target) == 1 and not texts and _few_whole(frame[target[0]], sequence if has_id else None)
    if texts and len(target) > 1:
        raise UsageError("several columns are learned as values only", key="target", value=",".join(target))
    for name in texts:
        if cell := _number_with_unit(frame[name]):
            why = f'holds numbers with a sign or a unit ("{cell}"), which are read as text'
            raise UsageError(
                why, key="target", value=name, allowed="numbers alone; task=tagging or task=label for labels"
            )
    if has_id and not len(changing):
        if texts or whole:
            why = (
                "one in each sequence" if texts else f"whole numbers, one in each sequence: {_values(frame[target[0]])}"
            )
            return Chosen("label", why)
        return Chosen("value", "one number in each sequence")
    if texts and has_id:
        count = int(sequence.max(initial=-1)) + 1
        raise UsageError(f"{texts[0]} changes inside {len(changing)} of {count} sequences: tagged step by step?",
                         key="task", value=None, allowed="tagging, or target= and another column")  # fmt: skip
    if texts:
        return Chosen("tagging", "a label at each step")
    if target[0].strip().casefold() in ("label", "labels", "class", "tag") and whole:
        return Chosen("tagging", f"whole numbers, changing from step to step: {_values(frame[target[0]])}")
    return Chosen("forecast", "numbers that change from step to step")


def target_of(
    frame: pd.DataFrame, names: tuple[str, ...], task: Task, starts: np.ndarray, after: np.ndarray | None = None
) -> Target:
    """after: (S,) steps that follow each sequence's last row, of steps to the end. Raises UsageError for text where
    numbers are wanted, and where no number is one of float32."""
    if names == (STEPS_TO_END,):
        lengths = np.diff(starts)
        left = np.repeat(starts[1:], lengths) - 1 - np.arange(starts[-1])
        late = np.zeros(len(lengths)) if after is None else after
        return Target(names, values=(left + np.repeat(late, lengths)).astype(np.float32)[:, None], running=True)
    if task in ("label", "tagging"):
        codes, classes = codes_of(frame[names[0]])
        labels = codes.astype(np.int64)
        return Target(names, classes, labels=labels if task == "tagging" else _first(labels, starts, -1))
    if texts := [name for name in names if is_text(frame[name])]:
        raise UsageError("holds text", key="target", value=texts[0], allowed="numbers, or task=label, task=tagging")
    values = np.stack([numbers_of(frame[name]) for name in names], axis=1)
    for name, column in zip(names, values.T, strict=True):
        if np.isnan(column).all() and frame[name].notna().any():
            raise UsageError(f"all are beyond {np.finfo(np.float32).max:.2g}, what can be computed with", key="target",
                             value=name, allowed="the same numbers in a larger unit")  # fmt: skip
    if task == "forecast":
        return Target(names, values=values)
    return Target(names, values=np.stack([_first(column, starts, np.nan) for column in values.T], axis=1))


def _first(values: np.ndarray, starts: np.ndarray, nothing: float) -> np.ndarray:
    """(S,) the first of each sequence's values that is known."""
    known = values >= 0 if values.dtype.kind == "i" else ~np.isnan(values)
    index = np.where(known, np.arange(len(values)), len(values))
    first = np.minimum.reduceat(np.append(index, len(values)), starts[:-1])
    there = first < starts[1:]
    return np.where(there, values[np.where(there, first, 0)], nothing).astype(values.dtype)


def _number_with_unit(column: pd.Series) -> str:
    """The first of more spellings than labels have, nearly all of which are a number beside a sign or a unit."""
    kinds = [str(kind) for kind in column.dropna().unique()]
    measured = [kind for kind in kinds if _MEASURED.fullmatch(kind.strip())]
    return measured[0] if len(kinds) > MOST_CLASSES and len(measured) >= 0.9 * len(kinds) else ""


def _changing(frame: pd.DataFrame, target: tuple[str, ...], sequence: np.ndarray) -> np.ndarray:
    found = [varies_within(frame[name], sequence) for name in target]
    return np.unique(np.concatenate(found))


def _few_whole(column: pd.Series, sequence: np.ndarray | None) -> bool:
    values = column.dropna().to_numpy(dtype=np.float64)
    if not len(values) or not np.array_equal(values, np.round(values)):
        return False
    things = len(values) if sequence is None else int(sequence.max(initial=0)) + 1
    return distinct(column) <= min(MOST_CLASSES, max(2, things // 4))


def _values(column: pd.Series) -> str:
    return shown(list(codes_of(column)[1]), 6)


def _may_be(task: Task, target: tuple[str, ...], texts: list[str], changing: np.ndarray, has_id: bool) -> None:
    name = ",".join(target)
    if task in ("label", "tagging") and len(target) > 1:
        raise UsageError("has one target", key="task", value=task, allowed="one column as target")
    if task in ("value", "forecast") and texts:
        raise UsageError(f"{texts[0]} holds text", key="task", value=task, allowed="label, tagging")
    if task in ("label", "value") and not has_id:
        raise UsageError(f"{name} is of whole sequences: which rows are one?", key="id", value=None, allowed="a column")
    if task in ("label", "value") and len(changing):
        raise UsageError(f"{name} changes inside {len(changing)} sequences", key="task", value=task,
                         allowed="tagging" if task == "label" else "forecast")  # fmt: skip
