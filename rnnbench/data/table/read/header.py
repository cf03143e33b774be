"""Whether a file's first row names its columns: never by taste, always by how it differs from the rows below."""

from __future__ import annotations

from itertools import pairwise

from rnnbench.data.table.read.numerals import Numerals
from rnnbench.data.table.read.separator import Row


def names_columns(first: list[str], below: list[list[str]], numerals: Numerals) -> bool:
    """Whether `first` are names, not values, of the columns of the rows below (cells of equal number)."""
    numbers = [cell for cell in first if numerals.is_number(cell)]
    if numbers:
        return _counts_on(first, numerals) and not any(_counts_on(row, numerals) for row in below[:3])
    verdicts = [_differs(name, [row[i] for row in below], numerals) for i, name in enumerate(first)]
    return True in verdicts and False not in verdicts


def _counts_on(cells: list[str], numerals: Numerals) -> bool:
    """Names that are numbers: years or places of a wide table, each one more than the one before, all to the right."""
    at = (
        next(i for i, cell in enumerate(cells) if numerals.is_number(cell))
        if any(map(numerals.is_number, cells))
        else 0
    )
    tail = [cell.strip() for cell in cells[at:]]
    if at == 0 or len(tail) < 2 or not all(cell.isdigit() for cell in tail):
        return False
    values = [int(cell) for cell in tail]
    return all(b - a == 1 for a, b in pairwise(values)) and (len(values) > 2 or 1900 <= values[0] <= 2100)


def _differs(name: str, column: list[str], numerals: Numerals) -> bool | None:
    """True where a column's name is of another kind than its values, False where it is one of them, else None."""
    values = [cell.strip() for cell in column if not numerals.is_missing(cell)]
    name = name.strip()
    if not values or numerals.is_missing(name):
        return None
    if 2 * sum(map(numerals.is_number, values)) >= len(values):
        return True
    if sum(map(_has_digit, values)) >= 0.9 * len(values) and not _has_digit(name):
        return True  # dates, times, codes
    repeated = len(values) >= 4 and 2 * len(set(values)) <= len(values)
    if name in values:
        return False if repeated else None
    return True if repeated else None


def _has_digit(cell: str) -> bool:
    return any(letter.isdigit() for letter in cell)


def rows_of_units(rows: list[Row], width: int, numerals: Numerals) -> int:
    """How many of the rows right under the names are no data: units, a second row of names.

    They hold no number, and text in columns whose other cells are numbers.
    """
    body = [row.cells for row in rows[4:] if len(row.cells) == width] or [row.cells for row in rows[1:]]
    numbers = [i for i in range(width) if _mostly_numbers([row[i] for row in body if len(row) > i], numerals)]
    found = 0
    for at, row in enumerate(rows[:3]):
        if len(row.cells) < width or any(map(numerals.is_number, row.cells)) or at + 1 >= len(rows):
            break
        if any(not numerals.is_missing(row.cells[i]) for i in numbers):
            found = at + 1
        elif not (found and not any(map(_has_digit, row.cells)) and all(not row.cells[i].strip() for i in numbers)):
            break
        else:
            found = at + 1  # under it a row that names the index alone: "Date,,"
    return found


def _mostly_numbers(column: list[str], numerals: Numerals) -> bool:
    values = [cell for cell in column if not numerals.is_missing(cell)]
    return bool(values) and sum(map(numerals.is_number, values)) >= 0.9 * len(values)


def unique(names: list[str]) -> tuple[list[str], list[str]]:
    """Names as the file has them, by number where it has none, later ones of a double as "y.1"; and those doubled."""
    taken = {name for name in names if name}
    seen: set[str] = set()
    result, doubled = [], []
    for number, name in enumerate(names, start=1):
        new = name or (str(number) if str(number) not in taken else f"column {number}")
        if new in seen:
            doubled.append(name)
            again = 1
            while f"{name}.{again}" in taken | seen:
                again += 1
            new = f"{name}.{again}"
        seen.add(new)
        result.append(new)
    return result, doubled
