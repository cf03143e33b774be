"""Numbers as people write them, and the spellings of a missing one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from rnnbench.data.table.columns import shown
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.sheet import Line
from rnnbench.errors import UsageError

_ALWAYS = "NA N/A n/a #N/A #NA <NA> NaN nan NAN -nan -NaN null NULL Null"
_IN_NUMBERS = "- -- --- . .. ? * na None none NONE nil Missing missing MISSING NoData nodata"
_OF_SPREADSHEETS = "#DIV/0! #VALUE! #REF! #NUM! 1.#QNAN 1.#IND -1.#IND"

ALWAYS_MISSING = frozenset(["", *_ALWAYS.split()])
"""In columns of numbers and of text."""

MISSING_NUMBERS = frozenset([*ALWAYS_MISSING, *_IN_NUMBERS.split(), *_OF_SPREADSHEETS.split(), "No Data"])
"""In columns of numbers alone: as text they may be words, or marks of punctuation."""

VALUE = "not:"
"""Of `missing=`, before a spelling that is a value here: not:NA where NA is Namibia, or North America."""

_SPACES = " \u00a0\u202f"
_THOUSANDS = {".": f",'’{_SPACES}", ",": f".'’{_SPACES}"}  # by the decimal mark
_INFINITE = r"inf|infinity"
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")  # 1.004: a little more than one, or a thousand and four
_BELOW = re.compile(r"[+-]?[1-9]\d{0,2}")
_HALFWAY = 1000**0.5
"""Between two readings of which one is a thousand times the other."""


@dataclass(frozen=True)
class Numerals:
    """How the numbers of a file are written."""

    decimal: str = "."
    thousands: bool = False  # there are marks between thousands: cells are then read one spelling at a time
    missing: frozenset[str] = MISSING_NUMBERS
    missing_text: frozenset[str] = ALWAYS_MISSING
    said: frozenset[str] = frozenset()  # of both, those that the keys add
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        mark = re.escape(self.decimal)
        whole = rf"\d+|[1-9]\d{{0,2}}(?:(?P<mark>[{re.escape(_THOUSANDS[self.decimal])}])\d{{3}})(?:(?P=mark)\d{{3}})*"
        pattern = rf"[+-]?(?:(?:{whole})(?:{mark}\d*)?|{mark}\d+|{_INFINITE})(?:(?<=[\d{mark}])[eE][+-]?\d+)?"
        object.__setattr__(self, "_pattern", re.compile(pattern, re.IGNORECASE))

    def is_number(self, cell: str) -> bool:
        return self._pattern.fullmatch(cell.strip()) is not None

    def has_thousands(self, cell: str) -> bool:
        match = self._pattern.fullmatch(cell.strip())
        return match is not None and match["mark"] is not None

    def is_missing(self, cell: str) -> bool:
        return cell.strip() in self.missing

    def value(self, cell: str) -> float | None:
        """The number that a cell says; NaN where it says that there is none, None where it says something else."""
        cell = cell.strip()
        if cell in self.missing:
            return np.nan
        match = self._pattern.fullmatch(cell)
        if match is None:
            return None
        if match["mark"]:
            cell = cell.replace(match["mark"], "")
        return float(cell.replace(self.decimal, "."))


def numerals_of(columns: Sequence[Sequence[str]], separator: str, keys: Keys) -> Numerals:
    """The decimal mark, and whether thousands are marked, from the cells of each column that look like numbers."""
    asked = [] if keys.missing is None else [spelling.strip() for spelling in keys.missing.split(",")]
    values = frozenset(spelling.removeprefix(VALUE) for spelling in asked if spelling.startswith(VALUE))
    said = frozenset(spelling for spelling in asked if not spelling.startswith(VALUE))
    if keys.decimal is not None and keys.decimal not in (".", ","):
        raise UsageError("no decimal mark", key="decimal", value=keys.decimal, allowed=". or ,")
    decimal = keys.decimal or _decimal_of(columns, separator)
    numerals = Numerals(decimal)
    thousands = any(numerals.has_thousands(cell) for cell in _marked(columns))
    return Numerals(decimal, thousands, (MISSING_NUMBERS | said) - values, (ALWAYS_MISSING | said) - values, said)


def either_way(names: Sequence[str], columns: Sequence[Sequence[str]], numerals: Numerals) -> list[Line]:
    """How numbers were read that may be decimals or marked thousands, where no other cell of the file tells."""
    found = {name: cell for name, cells in zip(names, columns, strict=True) if (cell := _first(_EITHER, cells))}
    if not found or _told(_marked(columns)) is not None:
        return []
    parted = [one for one in map(_parted, columns) if one is not None and numerals.has_thousands(one[0])]
    cell, below = parted[0] if parted else (next(iter(found.values())), "")
    why = f", since whole numbers below a thousand ({below}) stand beside it" if parted else ""
    other = Numerals("," if numerals.decimal == "." else ".")
    read = f"{cell} is read as {numerals.value(cell):.7g}, not {other.value(cell):.7g}{why}"
    text = f"{read}: decimal={other.decimal} reads it otherwise (in {shown([*found], 6)})"
    return [Line("thousands", text, "decimal")]


def _decimal_of(columns: Sequence[Sequence[str]], separator: str) -> str:
    """The mark that only one reading allows; where both do ("1,234"), what whole numbers beside it say, or else what
    the separator makes likely."""
    cells = _marked(columns)
    told = _told(cells)
    if told is not None:
        return told
    parting = {one[0].strip("+-0123456789") for one in map(_parted, columns) if one is not None}
    if len(parting) == 1:
        return "." if parting == {","} else ","
    either = [cell for cell in cells if Numerals(".").has_thousands(cell) and "," in cell]  # no sign beside it
    return "," if either and separator != "," else "."


def _marked(columns: Sequence[Sequence[str]]) -> list[str]:
    marks = f".,'’{_SPACES}"
    return [cell for cell in chain.from_iterable(columns) if any(mark in cell for mark in marks)]


def _told(cells: Sequence[str]) -> str | None:
    """The decimal mark by cells that are numbers by one mark alone; None where there are none."""
    point, comma = Numerals("."), Numerals(",")
    only_point = sum(point.is_number(cell) and not comma.is_number(cell) for cell in cells)
    only_comma = sum(comma.is_number(cell) and not point.is_number(cell) for cell in cells)
    if not (only_point or only_comma):
        return None
    return "," if only_comma > only_point else "."


def _parted(cells: Sequence[str]) -> tuple[str, str] | None:
    """Of a column whose marks part thousands a cell that has one, and a whole number beside it that needs none.

    Decimals would have as many digits everywhere, or now and then one or two after the mark. Here there are three or
    none, and those with none are too large beside the others, unless these are thousands: 985 and 1.004.
    """
    cells = [cell.strip() for cell in cells]
    below = list(dict.fromkeys(filter(_BELOW.fullmatch, cells)))
    either = [match for match in map(_EITHER.fullmatch, cells) if match is not None]
    if len(below) < 2 or len({match[1] for match in either}) != 1:
        return None
    whole, decimals = (np.abs(np.array(values, np.float64)) for values in
                       (below, [match[0].replace(",", ".") for match in either]))  # fmt: skip
    apart = any(of(whole) > _HALFWAY * of(decimals) for of in (np.median, np.max))
    return (either[0][0], below[0]) if apart else None


def _first(pattern: re.Pattern[str], cells: Sequence[str]) -> str | None:
    return next((cell.strip() for cell in cells if pattern.fullmatch(cell.strip())), None)
