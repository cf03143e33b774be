"""What stands between the columns: the candidate by which most lines have the same number of fields."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from rnnbench.errors import UsageError

BLANKS = "blanks"
"""Runs of spaces or tabs, as a separator."""

COMMENTS = ("#", "%")
"""What a line that is no data may begin with."""

_CANDIDATES = ("\t", ";", "|", ",", BLANKS)
_EXCEL = re.compile('"?sep=(.)"?', re.IGNORECASE)  # a first line by which Excel is told
_WORDS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", BLANKS: "blanks", "": "none: one column"}
_SAID = {
    "tab": "\t",
    "\\t": "\t",
    "semicolon": ";",
    "comma": ",",
    "bar": "|",
    "pipe": "|",
    "space": BLANKS,
    " ": BLANKS,
}
_SAID |= {"blanks": BLANKS, "spaces": BLANKS, "\\s+": BLANKS, "whitespace": BLANKS, "none": ""}


def in_words(separator: str) -> str:
    return _WORDS.get(separator, repr(separator))


@dataclass(frozen=True)
class Row:
    """One record of a sample: its line from 1, its cells, and the line as it stands."""

    line: int
    cells: list[str]
    text: str


@dataclass(frozen=True)
class Split:
    """A sample cut into fields."""

    separator: str
    quoted: bool  # "…" holds a field together
    rows: list[Row]
    width: int  # fields of most rows

    @property
    def share(self) -> float:
        """Of the rows that are no comments, those as wide as most."""
        rows = _without_comments(self.rows)
        return sum(len(row.cells) == self.width for row in rows) / max(1, len(rows))


def split(lines: list[str], said: str | None) -> Split:
    """Lines (of a sample, with their ends) into cells, by the separator said or the one found out."""
    excel = _EXCEL.fullmatch(lines[0].strip()) if lines and said is None else None
    if excel is not None:
        return _best_quoting(["\n", *lines[1:]], _named(excel[1]))
    if said is not None:
        return _best_quoting(lines, _named(said))
    found = [(_best_quoting(lines, separator)) for separator in _CANDIDATES]
    several = [one for one in found if one.width > 1 and one.share >= 0.9]
    if not several:  # a few malformed lines must not hide what the rest says; they are named later
        several = [one for one in found if one.width > 1 and one.share >= 0.6 and one.separator != BLANKS]
    fit = [one for one in several if _is_above(one)] or several
    fit = [one for one in fit if not _cuts_numbers(one, found)]
    return max(fit, key=lambda one: one.share >= 0.9) if fit else _best_quoting(lines, "")


def _named(said: str) -> str:
    """The separator that is said. Raises UsageError for what can be none: records end at line ends, and cells hold
    quotation marks."""
    separator = _SAID.get(said, said)
    if separator not in (BLANKS, "") and not (
        len(separator) == 1 and separator.isascii() and separator not in '"\r\n\0'
    ):
        allowed = "one ASCII character, or tab, comma, semicolon, bar, blanks, none"
        raise UsageError("no separator", key="separator", value=ascii(said)[1:-1] if not said.isprintable() else said,
                         allowed=allowed)  # fmt: skip
    return separator


def _is_above(one: Split) -> bool:
    """Whether the first row that is no comment is as wide as the others, or one of several names short."""
    first = _without_comments(one.rows)[:1]
    return not first or len(first[0].cells) == one.width or 1 < len(first[0].cells) == one.width - 1


def _without_comments(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row.text.lstrip().startswith(COMMENTS)] or rows


def _cuts_numbers(one: Split, found: list[Split]) -> bool:
    """Whether a comma is a decimal mark in a single column: "Wert", then 1,5 and 2,7 in each line."""
    if one.separator != "," or one.width != 2:
        return False
    data = [row for row in one.rows if len(row.cells) == 2]
    above = [row for row in one.rows if len(row.cells) == 1 and row.line < data[0].line]
    both = all(cell.strip().lstrip("+-").isdigit() for row in data for cell in row.cells)
    first = [row.cells[0].strip() for row in data]
    counting = both and all(int(b) - int(a) == 1 for a, b in pairwise(first))
    return both and bool(above) and not counting


def _best_quoting(lines: list[str], separator: str) -> Split:
    quoted = _cut(lines, separator, quoted=True)
    if not any('"' in line for line in lines):
        return quoted
    bare = _cut(lines, separator, quoted=False)
    swallowed = max((row.text.count("\n") for row in quoted.rows), default=0) > 50
    return bare if bare.share > quoted.share and (swallowed or quoted.share < 0.9) else quoted


def _cut(lines: list[str], separator: str, quoted: bool) -> Split:
    rows: list[Row] = []
    at = 0
    for cells, count in records(lines, separator, quoted):
        text = "".join(lines[at : at + count])
        if text.strip(f"{'' if separator == BLANKS else separator} \t\r\n"):
            rows.append(Row(at + 1, cells, text))
        at += count
    widths = Counter(len(row.cells) for row in _without_comments(rows))
    width = max(widths, key=lambda one: (widths[one], one)) if widths else 0
    return Split(separator, quoted, rows, width)


def records(lines: list[str], separator: str, quoted: bool) -> list[tuple[list[str], int]]:
    """Cells of each record and the number of lines that it stands on, by Python's csv module."""
    if separator == "" and not quoted:
        return [([line.rstrip("\r\n")], 1) for line in lines]
    if separator == BLANKS:
        lines = [line.replace("\t", " ").strip() for line in lines]
    csv.field_size_limit(1 << 30)
    reader = csv.reader(
        lines,
        delimiter={BLANKS: " ", "": "\x1f"}.get(separator, separator),
        skipinitialspace=True,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    found: list[tuple[list[str], int]] = []
    before = 0
    for cells in reader:
        found.append((cells, reader.line_num - before))
        before = reader.line_num
    return found
