"""How a text is laid out: found out from its first rows, or as the keys say."""

from __future__ import annotations

from dataclasses import dataclass

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read.header import names_columns, rows_of_units, unique
from rnnbench.data.table.read.numerals import ALWAYS_MISSING, Numerals, either_way, numerals_of
from rnnbench.data.table.read.separator import BLANKS, COMMENTS, Row, Split, in_words, split
from rnnbench.data.table.sheet import Line
from rnnbench.errors import UsageError

MOST_CODES = 30
"""Whole numbers with leading zeros of so many kinds, in a column to be learned, are labels with their spelling."""


@dataclass(frozen=True)
class Dialect:
    separator: str  # a character, BLANKS, or "" for one column
    quoted: bool
    width: int  # fields of a row
    names: tuple[str, ...]  # (width,)
    unnamed: tuple[bool, ...]  # (width,)
    skip: int  # lines before the first row of data
    header: bool
    numerals: Numerals
    text: tuple[bool, ...]  # (width,) whether a column holds text, as far as was seen
    notes: tuple[Line, ...]


def dialect_of(lines: list[str], keys: Keys, name: str) -> Dialect:
    """Of the first lines of a text (with their ends). Raises `UsageError` where they hold no rows."""
    layout = split(lines, keys.separator)
    if not layout.rows:
        raise UsageError(f"{name}: the file holds blank lines only")
    widest = max(len(row.cells) for row in layout.rows)
    cells = [[row.cells[i] for row in layout.rows if len(row.cells) > i] for i in range(widest)]
    numerals = numerals_of(cells, layout.separator, keys)
    head = _head(layout, numerals, keys, name)
    body = [row for row in layout.rows if row.line > head.skip]
    if not body:
        raise UsageError(f"{name}: a header ({', '.join(head.names[:6])}) and no rows under it")
    columns = [[row.cells[i] for row in body if len(row.cells) > i] for i in range(head.width)]
    names, doubled = unique(head.names)
    codes = _of_codes(names, keys)
    text = tuple(_is_text(column, numerals) or (i in codes and _has_codes(column)) for i, column in enumerate(columns))
    notes = [
        Line("separator", in_words(layout.separator) + _decimals(numerals), "separator"),
        *(either_way(names, columns, numerals) if keys.decimal is None else []),
        Line("header", head.words, "header"),
        *head.notes,
    ]
    if doubled:
        said = ", ".join(f"{one!r}" for one in dict.fromkeys(doubled))
        again = ", ".join(repr(new) for new, old in zip(names, head.names, strict=True) if old and new != old)
        notes.append(Line("names", f"{said} names several columns: the later ones are {again}"))
    return Dialect(
        layout.separator, layout.quoted, head.width, tuple(names), tuple(not one for one in head.names), head.skip,
        head.header, numerals, text, tuple(notes),
    )  # fmt: skip


def _decimals(numerals: Numerals) -> str:
    return (", decimal comma" if numerals.decimal == "," else "") + (", thousands marked" if numerals.thousands else "")


@dataclass(frozen=True)
class _Head:
    names: list[str]
    width: int
    skip: int
    header: bool
    words: str
    notes: list[Line]


def _head(layout: Split, numerals: Numerals, keys: Keys, name: str) -> _Head:
    """What stands above the first row of data: comments, other words, names, units."""
    rows, width = layout.rows, layout.width
    notes: list[Line] = []
    comments = _leading_comments(rows, layout.separator)
    named = _named_comment(rows, comments, width, numerals, keys)
    above = rows[: len(comments) - (named is not None)]
    if above:
        notes.append(Line("comments", f"{_lines(above)} left out ({above[0].text.strip()[:60]})"))
    rows = rows[len(comments) :]
    if not rows:
        raise UsageError(f"{name}: the file holds comments only")
    if named is None:
        preamble = _preamble(rows, width, numerals)
        if preamble:
            notes.append(Line("comments", f"{_lines(rows[:preamble])} left out ({rows[0].text.strip()[:60]})"))
        rows = rows[preamble:]
    first = Row(rows[0].line, named, "") if named is not None else rows[0]
    below = rows if named is not None else rows[1:]
    names = _names(first, below, width, numerals, keys)
    if names is None:
        skip = rows[0].line - 1
        return _Head(
            [""] * width,
            width,
            skip,
            False,
            "none: " + ("the column is called 1" if width == 1 else f"columns are called 1 to {width}"),
            notes,
        )
    if len(names) not in (width, width - 1):
        raise UsageError(f"{name}: line {first.line} names {len(names)} columns, but the rows below have {width}")
    words = f"line {first.line if named is None else comments[-1].line}"
    if len(names) == width - 1:
        names = ["", *names]
        words += ", one name fewer than columns: the first has none and is called 1"
    units = rows_of_units(below, width, numerals)
    if units:
        cells = ", ".join(f"{a} {b}" for a, b in zip(names, below[units - 1].cells, strict=False) if b.strip())
        notes.append(Line("units", f"{_lines(below[:units])} no data ({cells[:80]})"))
    last = below[units - 1] if units else first
    skip = below[0].line - 1 if named is not None and not units else last.line + last.text.count("\n") - 1
    return _Head(names, max(width, len(names)), skip, True, words, notes)


def _lines(rows: list[Row]) -> str:
    first, last = rows[0].line, rows[-1].line
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _leading_comments(rows: list[Row], separator: str) -> list[Row]:
    found: list[Row] = []
    for row in rows:
        if not row.text.lstrip().startswith(COMMENTS):
            return found
        found.append(row)
    return found if separator in ("", BLANKS) else []  # every line begins so: in columns it is a value


def _named_comment(
    rows: list[Row], comments: list[Row], width: int, numerals: Numerals, keys: Keys
) -> list[str] | None:
    """Names that stand behind a "#" in the line above the data."""
    below = [row.cells for row in rows[len(comments) :] if len(row.cells) == width]
    if not comments or keys.header is False or not below:
        return None
    cells = comments[-1].cells
    names = [cells[0].lstrip().lstrip("#%").strip(), *(cell.strip() for cell in cells[1:])]
    if not names[0] and len(names) == width + 1:
        names = names[1:]
    if len(names) != width or any(map(numerals.is_number, names)) or names_columns(below[0], below[1:], numerals):
        return None
    return names if width > 1 or keys.header else None


def _preamble(rows: list[Row], width: int, numerals: Numerals) -> int:
    """Rows above the names that are narrower or wider than the table: "Station 7", "exported on …"."""
    at = next((i for i, row in enumerate(rows) if len(row.cells) == width), 0)
    if at == 0 or at > 50:
        return 0
    above = rows[at - 1].cells
    fits = [row.cells for row in rows[at:] if len(row.cells) == width]
    if names_columns(fits[0], fits[1:], numerals):
        return at
    trailing = len(above) == width + 1 and not above[-1].strip()
    short = len(above) == width - 1 and len({row[0] for row in fits}) == len(fits)
    return at - 1 if trailing or short or any(map(numerals.is_number, above)) else at


def _names(first: Row, below: list[Row], width: int, numerals: Numerals, keys: Keys) -> list[str] | None:
    """The cells of the first row where they are names, else None."""
    names = [cell.strip() for cell in first.cells]
    if len(names) == width + 1 and not names[-1]:
        names = names[:-1]
    if keys.header is not None:
        return names if keys.header else None
    body = [row.cells for row in below if len(row.cells) == width]
    if not body:
        return None if any(map(numerals.is_number, names)) else names
    if len(names) == width - 1:
        last_empty = all(not row[-1].strip() for row in body)
        cut = [row[:-1] if last_empty else row[1:] for row in body]
        return (names + [""] * last_empty) if names_columns(names, cut, numerals) else None
    return names if len(names) == width and names_columns(names, body, numerals) else None


def _is_text(cells: list[str], numerals: Numerals) -> bool:
    spellings = {cell.strip() for cell in cells if not numerals.is_missing(cell)}
    return is_text(sum(not numerals.is_number(spelling) for spelling in spellings), len(spellings))


def is_text(words: int, spellings: int) -> bool:
    """Whether a column is text: of its distinct spellings, a tenth at least are no numbers.

    So a mark among measurements ("ERR") makes no text of them, and codes ("401", "V12") are not half read as numbers.
    """
    return words > 0 and 10 * words >= spellings


def _of_codes(names: list[str], keys: Keys) -> set[int]:
    """Columns of labels, as far as keys tell: there 007 may be a name."""
    if keys.target is None or keys.task in ("value", "forecast"):
        return set()
    asked = {keys.target, *(name.strip() for name in keys.target.split(","))}
    return {i for i, name in enumerate(names) if name in asked or (str(i + 1) in asked and str(i + 1) not in names)}


def _has_codes(cells: list[str]) -> bool:
    """Whether whole numbers have leading zeros, and few kinds, as labels have."""
    kinds = {cell.strip() for cell in cells} - ALWAYS_MISSING
    whole = len(kinds) <= MOST_CODES and all(kind.isdecimal() for kind in kinds)
    return whole and any(len(kind) > 1 and kind.startswith("0") for kind in kinds)
