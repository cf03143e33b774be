"""Rows that were given for the test: a file, a share, or a column that says which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.splits import LEAST_OF_A_CLASS
from rnnbench.data.table.columns import codes_of, is_text, one, shown
from rnnbench.data.table.sheet import Sheet
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

_YES = ("1", "true", "test", "yes", "testing", "holdout", "eval")
_NO = ("0", "false", "train", "no", "training", "valid", "validation", "")


def share(asked: str | None) -> float | None:
    """`test=0.2`; None where it says something else. Raises UsageError for what is no share."""
    try:
        value = float(str(asked))
    except ValueError:
        return None
    if not 0 < value < 1:
        raise UsageError("no share", key="test", value=asked, allowed="above 0 and below 1, a file or a column")
    return value


def by_column(frame: pd.DataFrame, asked: str) -> tuple[np.ndarray, str]:
    """(R,) bool of a column whose values say test or train, and its name."""
    name = one(frame, asked, "test")
    codes, names = codes_of(frame[name])
    folded = [value.strip().casefold() for value in names]
    if unknown := [value for value, plain in zip(names, folded, strict=True) if plain not in _YES + _NO]:
        raise UsageError(f"{name} holds {shown(unknown, 3)}", key="test", value=asked,
                         allowed=f"{', '.join(_YES[:4])} for the test; {', '.join(_NO[:4])}")  # fmt: skip
    says = np.array([plain in _YES for plain in folded] + [False])
    return says[codes], name


def joined(sheet: Sheet, test: Sheet) -> tuple[Sheet, np.ndarray]:
    """Both files' rows, and which are the test's. Raises UsageError for a test file that lacks columns."""
    import pandas as pd

    mine, theirs = list(sheet.frame.columns), list(test.frame.columns)
    if set(mine) != set(theirs) and len(mine) == len(theirs) and all(str(c).isdecimal() for c in theirs):
        test = replace(test, frame=test.frame.set_axis(mine, axis=1))
    lacking = [str(c) for c in mine if c not in test.frame.columns]
    if lacking:
        raise UsageError(f"lacks {shown(lacking)}", key="test", value=", ".join(test.files) or None,
                         allowed="a file with the columns of the first")  # fmt: skip
    columns = {}
    for name in mine:
        a, b = sheet.frame[name], test.frame[name]
        if is_text(a) != is_text(b):
            if a.notna().any() and b.notna().any():
                raise UsageError(f"{name} holds text in one file and numbers in the other", key="test",
                                 value=", ".join(test.files) or None)  # fmt: skip
            a, b = (x if x.notna().any() else pd.Series(np.nan, index=x.index) for x in (a, b))
        if is_text(a):
            kinds = pd.api.types.union_categoricals([a.astype("category"), b.astype("category")])
            columns[name] = pd.Series(kinds)
        else:
            columns[name] = pd.concat([a, b], ignore_index=True)
    lines = np.concatenate((sheet.lines, test.lines))
    both = replace(sheet, frame=pd.DataFrame(columns), lines=lines, notes=sheet.notes)
    return both, np.arange(len(lines)) >= len(sheet.lines)


def last_share(starts: np.ndarray, part: float) -> np.ndarray:
    """(R,) bool: the last part of each sequence's rows."""
    lengths = np.diff(starts)
    within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
    return within >= np.repeat(lengths - np.ceil(part * lengths), lengths)


def random_share(label: np.ndarray | None, group: np.ndarray | None, count: int, part: float) -> np.ndarray:
    """(S,) bool: part of the sequences, groups whole or of each class that can be judged its part, always the same."""
    random = np.random.default_rng(0)
    chosen = np.zeros(count, bool)
    if group is not None:
        names = random.permutation(np.unique(group))
        return np.isin(group, names[: max(1, round(part * len(names)))])
    classes = np.zeros(count, np.int64) if label is None else label
    for each in np.unique(classes):
        members = random.permutation(np.flatnonzero(classes == each))
        if len(members) >= LEAST_OF_A_CLASS:
            chosen[members[: round(part * len(members))]] = True
    return chosen
