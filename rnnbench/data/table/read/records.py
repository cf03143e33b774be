"""Blocks of text into records: every one has as many fields as the table has columns, and knows its line.

What is no record is left out (blank lines, comments) or refused by number; pandas, which fills short rows with missing
values and counts no lines, gets only what was checked here. Blocks are looked at as arrays of bytes; only where a
quotation mark stands inside a field are they read record by record.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from rnnbench.data.table.read.dialect import Dialect
from rnnbench.data.table.read.separator import BLANKS, COMMENTS, records
from rnnbench.errors import UsageError

_NEWLINE, _QUOTE, _SPACE, _TAB = (ord(mark) for mark in '\n" \t')
_UNCLOSED = 16 << 20  # bytes after which a quotation that has not ended never will


@dataclass
class Found:
    """What was met on the way through a file that is no record."""

    blank: list[int] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)
    trailing: int = 0  # records with empty fields too many at their ends
    malformed: list[tuple[int, int]] = field(default_factory=list)  # line, fields
    malformed_count: int = 0

    def refuse(self, line: int, fields: int) -> None:
        self.malformed_count += 1
        if len(self.malformed) < 5:
            self.malformed.append((line, fields))


@dataclass(frozen=True)
class Records:
    text: bytes  # whole records
    lines: np.ndarray  # (r,) int64: the line that each begins in, from 1


def records_of(blocks: Iterator[bytes], dialect: Dialect, found: Found, name: str) -> Iterator[Records]:
    """Records of blocks of UTF-8 (whole lines), in order; `found` says afterwards what was left out."""
    blocks, line = _after(blocks, dialect.skip)
    carried = b""
    for block in blocks:
        block = carried + block
        cut = _cut(block, dialect)
        if cut is None:
            yield from _one_by_one(block, blocks, line, dialect, found)
            return
        carried, block = block[cut:], block[:cut]
        if len(carried) > _UNCLOSED:
            raise UsageError(f'{name}: a quotation mark (") opens in line {line + block.count(10):,} and never closes')
        if block:
            yield _checked(block, line, dialect, found)
            line += block.count(b"\n")
    if carried:
        raise UsageError(f'{name}: a quotation mark (") opens in line {line:,} and never closes')


def _after(blocks: Iterator[bytes], skip: int) -> tuple[Iterator[bytes], int]:
    """Blocks without the first lines, and the number of the first line that is left."""

    def rest() -> Iterator[bytes]:
        left = skip
        for block in blocks:
            while left and block:
                at = block.find(b"\n") + 1
                block, left = block[at:], left - 1
            if block:
                yield block

    return rest(), skip + 1


def _cut(block: bytes, dialect: Dialect) -> int | None:
    """Where the last whole record ends; None where quotation marks stand otherwise than around whole fields."""
    if not dialect.quoted or b'"' not in block:
        return len(block)
    letters = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(letters == _QUOTE)
    separator = [_SPACE, _TAB] if dialect.separator == BLANKS else [ord(mark) for mark in dialect.separator]
    beside = np.array([_QUOTE, _NEWLINE, _SPACE, *separator], np.uint8)
    opening, closing = quotes[0::2], quotes[1::2]
    before = letters[np.maximum(opening - 1, 0)]
    after = letters[np.minimum(closing + 1, len(letters) - 1)]
    if not (np.isin(before, beside) | (opening == 0)).all() or not np.isin(after, beside).all():
        return None
    newlines = np.flatnonzero(letters == _NEWLINE)
    outside = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def _checked(block: bytes, line: int, dialect: Dialect, found: Found) -> Records:
    """A block of whole records without those lines that are none."""
    letters = np.frombuffer(block, np.uint8)
    newlines = np.flatnonzero(letters == _NEWLINE)
    quotes = np.flatnonzero(letters == _QUOTE) if dialect.quoted and b'"' in block else None
    ends = newlines if quotes is None else newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    starts = np.concatenate(([0], ends[:-1] + 1))
    lines = line + (np.arange(len(starts)) if quotes is None else np.searchsorted(newlines, starts))
    fields = _fields(letters, ends, quotes, dialect)
    first = letters[starts]
    doubtful = (fields != dialect.width) | (first == _NEWLINE)
    for mark in (*COMMENTS, *(dialect.separator if len(dialect.separator) == 1 else ""), " ", "\t"):
        at_first = first == ord(mark)
        doubtful |= at_first & (ends - starts <= dialect.width + 1) if mark not in COMMENTS else at_first
    if not doubtful.any():
        return Records(block, lines)
    keep = ~doubtful
    pieces, done = [], 0
    for at in np.flatnonzero(doubtful):
        start, end = int(starts[at]), int(ends[at]) + 1
        text = _mended(block[start:end], int(lines[at]), int(fields[at]), dialect, found)
        pieces += [block[done:start], text]
        keep[at], done = bool(text), end
    return Records(b"".join([*pieces, block[done:]]), lines[keep])


def _fields(letters: np.ndarray, ends: np.ndarray, quotes: np.ndarray | None, dialect: Dialect) -> np.ndarray:
    """(r,) fields of each record, from the separators that stand outside quotation marks."""
    if dialect.separator == "":
        return np.ones(len(ends), np.int64)
    if dialect.separator == BLANKS:
        blank = (letters == _SPACE) | (letters == _TAB) | (letters == _NEWLINE)
        marks = np.flatnonzero(~blank & np.concatenate(([True], blank[:-1])))  # where a field begins
    else:
        marks = np.flatnonzero(letters == ord(dialect.separator))
    if quotes is not None:
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    counts = np.diff(np.searchsorted(marks, ends), prepend=0)
    return counts if dialect.separator == BLANKS else counts + 1


def _mended(text: bytes, line: int, fields: int, dialect: Dialect, found: Found) -> bytes:
    """The record as it is read: empty for what is none, its last empty fields cut where there are too many."""
    separator = dialect.separator.encode() if len(dialect.separator) == 1 else b""
    if not text.strip(separator + b" \t\n"):
        found.blank.append(line)
        return b"" if dialect.width > 1 else text  # in a single column it is a missing value, but for those at the end
    if text.lstrip().startswith(tuple(mark.encode() for mark in COMMENTS)) and (
        fields != dialect.width or dialect.width == 1
    ):
        found.comments.append(line)
        return b""
    if fields > dialect.width and separator:
        cut = text.rstrip(b"\n")
        for _ in range(fields - dialect.width):
            stripped = cut.rstrip(b" \t") if separator != b"\t" else cut.rstrip(b" ")
            if not stripped.endswith(separator):
                break
            cut, fields = stripped[:-1], fields - 1
        if fields == dialect.width:
            found.trailing += 1
            return cut + b"\n"
    if fields != dialect.width:
        found.refuse(line, fields)
        return b""
    return text


def _one_by_one(first: bytes, blocks: Iterator[bytes], line: int, dialect: Dialect, found: Found) -> Iterator[Records]:
    """The rest of the file, each record read by Python's csv module and written again with whole fields quoted."""
    for text in _whole(first, blocks, dialect):
        written, lines = io.StringIO(), []
        separator = {BLANKS: " ", "": "\x1f"}.get(dialect.separator, dialect.separator)
        writer = csv.writer(written, delimiter=separator, lineterminator="\n")
        for cells, count in records(text, dialect.separator, dialect.quoted):
            while len(cells) > dialect.width and not cells[-1].strip():
                cells = cells[:-1]
            cells = cells or [""] * (dialect.width == 1)
            if not any(cell.strip() for cell in cells) and dialect.width > 1:
                found.blank.append(line)
            elif len(cells) == dialect.width:
                writer.writerow(cells)
                lines.append(line)
            elif cells and cells[0].lstrip().startswith(COMMENTS):
                found.comments.append(line)
            else:
                found.refuse(line, len(cells))
            line += count
        if lines:
            yield Records(written.getvalue().encode(), np.array(lines, np.int64))


def _whole(first: bytes, blocks: Iterator[bytes], dialect: Dialect) -> Iterator[list[str]]:
    """Lines of each block; the last record, which may go on in the next block, is carried over to it."""
    lines = lines_in(first)
    for block in blocks:
        last = records(lines, dialect.separator, dialect.quoted)[-1][1]
        yield lines[:-last]
        lines = [*lines[-last:], *lines_in(block)]
    yield lines


def lines_in(block: bytes) -> list[str]:
    """Lines with their ends; "\n" alone ends one (Python's splitlines knows others)."""
    return [f"{line}\n" for line in block.decode().split("\n")[:-1]]
