"""Records into columns of numbers and of text, block by block: what is kept of a block is as small as it may be."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnbench.data.table.read.dialect import Dialect
from rnnbench.data.table.read.finish import from_codes, spelled
from rnnbench.data.table.read.numerals import Numerals
from rnnbench.data.table.read.records import Records
from rnnbench.data.table.read.separator import BLANKS
from rnnbench.data.table.read.stamps import stamps

if TYPE_CHECKING:
    import pandas as pd

_EXACT = 2.0**24  # float32 holds every whole number up to here
_EXACT_DOUBLE = 2.0**53  # and float64 up to here


@dataclass
class Misfit:
    """Text in a column of numbers."""

    line: int  # of the first
    spellings: Counter[str] = field(default_factory=Counter)


@dataclass
class Columns:
    """What was read so far: for each column a piece of each block."""

    dialect: Dialect
    text: list[bool]  # (width,) which columns are text
    pieces: list[list[Any]] = field(default_factory=list)  # (width,) lists of float arrays, of categories, or of times
    lines: list[np.ndarray] = field(default_factory=list)
    missing: list[Counter[str]] = field(default_factory=list)  # (width,) spellings
    misfits: dict[int, Misfit] = field(default_factory=dict)
    too_long: set[int] = field(default_factory=set)  # columns with whole numbers that float64 would alter: text, then
    stamped: set[int] = field(default_factory=set)  # columns of text that were times, each later, in all blocks so far

    def __post_init__(self) -> None:
        self.pieces = [[] for _ in range(self.dialect.width)]
        self.missing = [Counter() for _ in range(self.dialect.width)]
        said_to_be_missing = any(":" in spelling for spelling in self.dialect.numerals.said)
        self.stamped = {i for i in range(self.dialect.width) if self.text[i] and not said_to_be_missing}

    def add(self, records: Records) -> None:
        """Raises nothing for what it cannot read: `misfits` and `too_long` say it."""
        numerals, width = self.dialect.numerals, self.dialect.width
        for i in sorted(self.stamped):
            self._add_stamps(i, records)
        numbers = [i for i in range(width) if not self.text[i]]
        words = [i for i in range(width) if self.text[i] and i not in self.stamped]
        slowly = numerals.thousands
        try:
            frame = _parsed(records.text, self.dialect, [] if slowly else numbers, words, self.stamped)
        except ValueError:  # text where numbers were until now
            frame, slowly = _parsed(records.text, self.dialect, [], words, self.stamped), True
        self.lines.append(records.lines)
        gone = np.zeros(len(frame), bool)
        for i in sorted({*numbers, *words}):
            if self.text[i]:
                codes, spellings = _coded(frame[i])
                self.pieces[i].append(from_codes(codes, spellings))
                gone |= codes < 0
                continue
            values = self._numbers(i, frame[i], records.lines) if slowly else frame[i].to_numpy()
            finite = np.isfinite(values)
            if not finite.all():
                gone |= ~finite
                values = np.where(finite, values, np.nan)
            if _beyond(values, _EXACT_DOUBLE):
                self._look_at_length(i, records, values)
            self.pieces[i].append(narrow(values))
        if gone.any():
            self._count_missing(_rows(records.text, gone))

    def _add_stamps(self, i: int, records: Records) -> None:
        """Where they end, those there were become text."""
        found, before = stamps(records.text, i, self.dialect), self.pieces[i]
        if found is not None and (not before or found[0] > before[-1][-1]):
            before.append(found)
            return
        self.stamped.remove(i)
        self.pieces[i] = [spelled(piece) for piece in before]

    def _numbers(self, i: int, column: pd.Series, lines: np.ndarray) -> np.ndarray:
        """Each spelling is understood once."""
        numerals = self.dialect.numerals
        codes, spellings = _coded(column)
        understood = [numerals.value(spelling) for spelling in spellings]
        strange = np.array([value is None for value in understood] + [False])
        if strange.any():
            rows = np.flatnonzero(strange[codes])
            misfit = self.misfits.setdefault(i, Misfit(int(lines[rows[0]])))
            for code, count in zip(*np.unique(codes[rows], return_counts=True), strict=True):
                misfit.spellings[spellings[code].strip()] += int(count)
        values = np.array([np.nan if value is None else value for value in understood] + [np.nan])
        return values[codes]

    def _look_at_length(self, i: int, records: Records, values: np.ndarray) -> None:
        """Whole numbers of so many digits are names, not amounts: float64 would make others of them."""
        cells = as_spelled(_rows(records.text, np.abs(values) >= _EXACT_DOUBLE), self.dialect)[i]
        digits = [str(cell).strip().lstrip("+-") for cell in cells.unique()]
        if any(one.isdigit() and len(one) > 15 for one in digits):
            self.too_long.add(i)

    def _count_missing(self, text: bytes) -> None:
        frame = as_spelled(text, self.dialect)
        numerals = self.dialect.numerals
        for i in range(self.dialect.width):
            spelled = numerals.missing_text if self.text[i] else numerals.missing
            for spelling, count in frame[i].value_counts().items():
                cell = str(spelling).strip()
                if cell in spelled or (not self.text[i] and _is_infinite(cell, numerals)):
                    self.missing[i][cell] += int(count)


def _coded(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Spellings that differ, and of each cell which it has; −1 where there is none."""
    codes, spellings = column.factorize()
    return codes, [str(spelling) for spelling in spellings]


def as_spelled(text: bytes, dialect: Dialect) -> pd.DataFrame:
    """All cells as text, missing ones under their spellings."""
    return _parsed(text, dialect, [], [])


def _parsed(
    text: bytes, dialect: Dialect, numbers: list[int], text_columns: list[int], left: Collection[int] = ()
) -> pd.DataFrame:
    """left: columns that are not wanted."""
    import pandas as pd

    kinds = dict.fromkeys(range(dialect.width), "str") | dict.fromkeys(numbers, "float64")
    missing = dict.fromkeys(numbers, sorted(dialect.numerals.missing))
    missing |= dict.fromkeys(text_columns, sorted(dialect.numerals.missing_text))
    options: dict[str, Any] = {"header": None, "index_col": False, "names": range(dialect.width), "dtype": kinds}
    options |= {"na_values": missing, "keep_default_na": False, "decimal": dialect.numerals.decimal}
    options |= {"sep": {BLANKS: r"\s+", "": "\x1f"}.get(dialect.separator, dialect.separator)}
    options |= {"quoting": csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE, "skipinitialspace": True}
    options |= {"skip_blank_lines": False, "lineterminator": "\n", "encoding": "utf-8", "engine": "c"}
    if left:
        options |= {"usecols": [i for i in range(dialect.width) if i not in left]}
    return pd.read_csv(io.BytesIO(text), **options)


def _is_infinite(cell: str, numerals: Numerals) -> bool:
    value = numerals.value(cell)
    return value is not None and bool(np.isinf(value))


def _beyond(values: np.ndarray, limit: float) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(len(values)) and bool(np.nanmax(np.abs(values), initial=0) >= limit)


def narrow(values: np.ndarray) -> np.ndarray:
    """As float32, but where whole numbers, or all of a small number, would be lost."""
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    big = np.abs(values) > _EXACT
    lost = big.any() and bool((narrow[big] != values[big]).any())
    return values if lost or np.count_nonzero(narrow) != np.count_nonzero(values) else narrow


def _rows(text: bytes, wanted: np.ndarray) -> bytes:
    """Some of the records of a text, by a mask; all where records stand on several lines."""
    lines = text.split(b"\n")[:-1]
    if len(lines) != len(wanted):
        return text
    return b"".join(lines[at] + b"\n" for at in np.flatnonzero(wanted))
