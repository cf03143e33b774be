"""What a user may say of a file. Whatever is null is found out, and told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Task = Literal["label", "value", "tagging", "forecast"]
"""One label or one value (or several) for a whole sequence; a label at each step; the values that come next."""


@dataclass(frozen=True)
class Keys:
    """Columns are named as the file names them, or by their number from 1 where it has no names."""

    target: str | None = None  # the column to be learned; several with commas where none holds one
    task: Task | None = None
    id: str | None = None  # the column that says which sequence a row belongs to; none: all rows are one
    time: str | None = None  # the column, or columns with commas, of the time; none: rows follow each other
    groups: str | None = None  # the column of what must stay whole: a person, a machine
    inputs: str | None = None  # columns, with commas; null: all that are left
    known: str | None = None  # of these, the columns whose values are known ahead of the step forecast
    window: int | None = None  # steps that a forecast, or a tag in one long series, is made from; null: free
    horizon: int | None = None  # steps ahead that are forecast, null: 1
    ahead: Literal["direct", "recursive"] | None = (
        None  # all at once, or each read as the next step's past; null: direct
    )
    season: int | None = None  # steps in a season; null: found out; 1: none
    test: str | None = None  # a file, a share of the rows (0.2), or a column that says which rows are for the test
    truth: str | None = None  # a file of the targets of the test file's sequences, where that file lacks them
    lengths: str | None = None  # of arrays: the one that holds each sequence's steps
    gaps: Literal["refuse", "fill", "keep"] | None = None  # in time: what becomes of steps that are missing
    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool | None = None
    missing: str | None = (
        None  # spellings of a missing value beside the usual ones, with commas: "-200,?"; not:NA: it is none
    )
