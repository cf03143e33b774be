"""Numbers as people write them, and the spellings of a missing one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from rnnbench.data.table.keys import Keys
from rnnbench.errors import UsageError

_ALWAYS = "NA N/A n/a #N/A #NA <NA> NaN nan NAN -nan -NaN null NULL Null"
_IN_NUMBERS = "- -- --- . .. ? * na None none NONE nil Missing missing MISSING NoData nodata"
_OF_SPREADSHEETS = "#DIV/0! #VALUE! #REF! #NUM! 1.#QNAN 1.#IND -1.#IND"

ALWAYS_MISSING = frozenset(["", *_ALWAYS.split()])
"""In columns of numbers and of text."""

MISSING_NUMBERS = frozenset([*ALWAYS_MISSING, *_IN_NUMBERS.split(), *_OF_SPREADSHEETS.split(), "No Data"])
"""In columns of numbers alone: as text they may be words, or marks of punctuation."""

_SPACES = " \u00a0\u202f"
_THOUSANDS = {".": f",'’{_SPACES}", ",": f".'’{_SPACES}"}  # by the decimal mark
_INFINITE = r"inf|infinity"


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
        whole = rf"\d+|\d{{1,3}}(?:(?P<mark>[{re.escape(_THOUSANDS[self.decimal])}])\d{{3}})(?:(?P=mark)\d{{3}})*"
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


def numerals_of(cells: Iterable[str], separator: str, keys: Keys) -> Numerals:
    """The decimal mark, and whether thousands are marked, from cells that look like numbers."""
    said = (
        frozenset(spelling.strip() for spelling in keys.missing.split(",")) if keys.missing is not None else frozenset()
    )
    if keys.decimal is not None and keys.decimal not in (".", ","):
        raise UsageError("no decimal mark", key="decimal", value=keys.decimal, allowed=". or ,")
    cells = [cell for cell in cells if "," in cell or "." in cell or any(mark in cell for mark in f"'’{_SPACES}")]
    decimal = keys.decimal or _decimal_of(cells, separator)
    numerals = Numerals(decimal)
    thousands = any(numerals.has_thousands(cell) for cell in cells)
    return Numerals(decimal, thousands, MISSING_NUMBERS | said, ALWAYS_MISSING | said, said)


def _decimal_of(cells: list[str], separator: str) -> str:
    """The mark that only one reading allows; where both do ("1,234"), what the separator makes likely."""
    point, comma = Numerals("."), Numerals(",")
    only_point = sum(point.is_number(cell) and not comma.is_number(cell) for cell in cells)
    only_comma = sum(comma.is_number(cell) and not point.is_number(cell) for cell in cells)
    if only_point or only_comma:
        return "," if only_comma > only_point else "."
    either = [cell for cell in cells if point.has_thousands(cell) and "," in cell]  # 1,234 and no sign beside it
    return "," if either and separator != "," else "."
