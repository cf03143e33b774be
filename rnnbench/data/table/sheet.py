"""A file as it was read, before anybody asks what it means: columns under their names, what was found on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Line:
    """One line of what a file was taken for: "separator", "semicolon, decimal comma", and the key that changes it."""

    label: str
    text: str
    key: str | None = None


@dataclass(frozen=True)
class Sheet:
    """All forms of files end as this: one row a step, or one row a sequence.

    Numbers are float32 columns (float64 where float32 would lose whole numbers), text a `category` column with the
    file's own spellings, missing values NaN. Nothing is read as a date here: `times.py` does so, from text or numbers;
    but where each row has a later time, written as 2021-01-04 18:00:00, these are the column's categories themselves.
    """

    frame: pd.DataFrame
    lines: np.ndarray  # (R,) int64: the line in its file that each row stands in, from 1; where there are none: the row
    notes: tuple[Line, ...] = ()
    implied: dict[str, str] = field(default_factory=dict)  # what the form of the file says, by key: {"id": "sequence"}
    files: tuple[str, ...] = ()
    digest: str = ""  # sha256 of the bytes that were read, of all files
