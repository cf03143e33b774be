"""Columns as text: CSV, TSV and their kin, however they are written. What was found out is told, line by line."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read.cells import Columns, Misfit
from rnnbench.data.table.read.dialect import Dialect, dialect_of, is_text
from rnnbench.data.table.read.finish import joined_numbers, joined_text
from rnnbench.data.table.read.marks import marks
from rnnbench.data.table.read.records import Found, lines_in, records_of
from rnnbench.data.table.read.separator import in_words
from rnnbench.data.table.read.source import Encoding, Source, blocks, digest_of, encoding_of
from rnnbench.data.table.read.told import encoding_in_words, left_out, missing_found, too_large
from rnnbench.data.table.sheet import Line, Sheet
from rnnbench.errors import UsageError
from rnnbench.machine.freed import give_back

_SAMPLE = 512 << 10  # bytes that a file's layout is found out from
_SAMPLE_LINES = 2000


def read_delimited(source: Source, keys: Keys) -> Sheet:
    """Reads the text block by block; a second time where a column that began with numbers turns out to be text."""
    lines, encoding = sample_of(source, keys)
    dialect = dialect_of(lines, keys, source.name)
    text = list(dialect.text)
    while True:
        columns, found = columns_of(source, encoding, dialect, text, keys)
        again = {i for i in turned_to_text(columns, dialect, source.name, keys) if not text[i]}
        if not again:
            return _sheet(source, encoding, dialect, columns, found)
        text = [was or i in again for i, was in enumerate(text)]


def sample_of(source: Source, keys: Keys) -> tuple[list[str], Encoding]:
    """The first lines, three at least, and how they are encoded."""
    encoding = encoding_of(source, source.head(_SAMPLE), keys.encoding)
    lines: list[str] = []
    size = 0
    for line in (line for block in blocks(source, encoding) for line in lines_in(block)):
        lines.append(line)
        size += len(line)
        if (size > _SAMPLE and len(lines) > 2) or len(lines) == _SAMPLE_LINES:
            break
    if not lines:
        raise UsageError(f"{source.name}: the file is empty")
    return lines, encoding


def columns_of(
    source: Source, encoding: Encoding, dialect: Dialect, text: list[bool], keys: Keys
) -> tuple[Columns, Found]:
    columns, found = Columns(dialect, text), Found()
    for records in records_of(blocks(source, encoding), dialect, found, source.name):
        if len(records.lines):
            columns.add(records)
    if found.malformed_count:
        raise UsageError(_malformed(source.name, dialect, found))
    if not columns.lines:
        raise UsageError(f"{source.name}: no rows")
    return columns, found


def _malformed(name: str, dialect: Dialect, found: Found) -> str:
    shown = ", ".join(f"line {line:,} has {fields}" for line, fields in found.malformed)
    more = f" and {found.malformed_count - len(found.malformed):,} more" if found.malformed_count > 5 else ""
    return (
        f"{name}: the rows have {dialect.width} fields (separator: {in_words(dialect.separator)}), but {shown}{more}: "
        "mend these lines, or say separator="
    )


def turned_to_text(columns: Columns, dialect: Dialect, name: str, keys: Keys) -> set[int]:
    """Columns to be read again as text. Raises `UsageError` for stray text among numbers that are wanted."""
    again = set(columns.too_long)
    for i, misfit in columns.misfits.items():
        numbers = len(np.unique(_first(columns.pieces[i])))
        words = len(misfit.spellings)
        if is_text(words, words + numbers) or not _is_wanted(dialect.names[i], keys):
            again.add(i)
        else:
            raise UsageError(_stray(name, dialect, i, misfit))
    return again


def _first(pieces: list[np.ndarray], enough: int = 200_000) -> np.ndarray:
    """Values enough to know how many differ."""
    taken, count = [], 0
    for piece in pieces:
        taken.append(piece[~np.isnan(piece)])
        count += len(taken[-1])
        if count >= enough:
            break
    return np.concatenate(taken) if taken else np.empty(0)


def _is_wanted(name: str, keys: Keys) -> bool:
    """Whether a column may be asked for: each is, but where `inputs=` lists those that are."""
    if keys.inputs is None:
        return True
    asked = (keys.inputs, keys.target, keys.id, keys.time, keys.groups, keys.known, keys.test)
    return any(said is not None and name in said for said in asked)


def _stray(name: str, dialect: Dialect, i: int, misfit: Misfit) -> str:
    commonest = [spelling for spelling, _ in misfit.spellings.most_common(3)]
    total = sum(misfit.spellings.values())
    return (
        f"{name}: column {dialect.names[i]} holds numbers, but line {misfit.line:,} holds text there ({total:,} such "
        f"cells: {', '.join(map(repr, commonest))}): if that means missing, say missing={','.join(commonest)}; "
        "else mend it, or leave the column out of inputs="
    )


def _sheet(source: Source, encoding: Encoding, dialect: Dialect, columns: Columns, found: Found) -> Sheet:
    import pandas as pd

    give_back()
    lines = joined_numbers(columns.lines)
    blank = _blank_at_end(lines, found) if dialect.width == 1 else 0
    rows = len(lines) - blank
    columns.missing[0][""] -= blank
    whole = {
        name: (joined_text(columns.pieces[i]) if columns.text[i] else joined_numbers(columns.pieces[i]))[:rows]
        for i, name in enumerate(dialect.names)
    }
    dropped = _empty_without_names(whole, dialect)
    frame = pd.DataFrame({name: column for name, column in whole.items() if name not in dropped}, copy=False)
    notes = [
        Line("rows", f"{len(frame):,}, of {frame.shape[1]:,} columns"),
        Line("encoding", encoding_in_words(encoding), "encoding"),
        *dialect.notes,
        *left_out(found, dropped),
        *missing_found(dialect.names, columns.missing, dialect.numerals.said),
        *too_large(frame, lines),
        *marks(frame),
    ]
    return Sheet(frame, lines[:rows], tuple(notes), {}, (str(source.path),), digest_of([source.path]))


def _blank_at_end(lines: np.ndarray, found: Found) -> int:
    """Of a single column, where a blank line is a missing value: the rows at the end that are none."""
    blank, count = set(found.blank), 0
    while count < len(lines) and int(lines[-1 - count]) in blank:
        count += 1
    return count


def _empty_without_names(columns: dict[str, Any], dialect: Dialect) -> list[str]:
    """Columns that trailing separators make: without a name and without a value."""
    dropped: list[str] = []
    for name, unnamed in reversed(list(zip(dialect.names, dialect.unnamed, strict=True))):
        column = columns[name]
        empty = bool(np.isnan(column).all()) if isinstance(column, np.ndarray) else bool((column.codes < 0).all())
        if unnamed and empty and len(columns) - len(dropped) > 1:
            dropped.append(name)
        elif not dialect.header:  # only at the end: columns without names keep their numbers
            break
    return dropped
