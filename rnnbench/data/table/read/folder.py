"""A folder: one file a sequence, of the same columns, or one file a class, of one text a line."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read.cells import Columns
from rnnbench.data.table.read.columns import free_name
from rnnbench.data.table.read.delimited import columns_of, sample_of, turned_to_text
from rnnbench.data.table.read.dialect import Dialect, dialect_of
from rnnbench.data.table.read.finish import from_codes, joined_numbers, joined_text
from rnnbench.data.table.read.marks import marks
from rnnbench.data.table.read.records import Found
from rnnbench.data.table.read.source import Source, digest_of, source_of
from rnnbench.data.table.read.texts import read_texts
from rnnbench.data.table.read.told import left_out, missing_found
from rnnbench.data.table.sheet import Line, Sheet
from rnnbench.errors import UsageError

_WORDS = frozenset([".md", ".pdf", ".html", ".names", ".json", ".yaml", ".yml", ".png", ".jpg", ".docx", ".doc"])


def read_folder(path: Path, keys: Keys) -> Sheet:
    """One row a step, or a letter of a text; `sequence` says which file, or which text, a row is of."""
    files, left = files_in(path)
    sources = [source_of(file) for file in files]
    first = sources[0]
    head, _ = sample_of(first, keys)
    dialect = dialect_of(head, keys, first.name)
    if dialect.width == 1 and dialect.text[0] and not dialect.header:
        return read_texts(path, sources, keys, left)
    return _sequences(sources, dialect, head[: dialect.skip], keys, left)


def files_in(path: Path) -> tuple[list[Path], list[Line]]:
    """The files of a folder that are its data, in the order of their names with numbers as numbers."""
    try:
        entries = [entry for entry in path.iterdir() if not entry.name.startswith((".", "__"))]
    except OSError as problem:
        raise UsageError(f"{path}: cannot be opened: {problem.strerror or problem}") from None
    folders = sorted(entry.name for entry in entries if entry.is_dir())
    files = [entry for entry in entries if entry.is_file()]
    if not files:
        inside = f", only folders ({', '.join(folders[:4])}): name one of them" if folders else ""
        raise UsageError(f"{path}: a folder without files{inside}")
    kinds = Counter(file.suffix.lower() for file in files if file.suffix.lower() not in _WORDS)
    if not kinds:
        raise UsageError(f"{path}: a folder without tables in it")
    kind, count = kinds.most_common(1)[0]
    if 2 * count <= sum(kinds.values()) and len(kinds) > 1:
        names = ", ".join(sorted(file.name for file in files)[:4])
        raise UsageError(
            f"{path}: files that belong together line by line ({names}) are no table: write one file with a row a word "
            "(columns sentence, word, tag, label), or name one file"
        )
    data = sorted((file for file in files if file.suffix.lower() == kind), key=_natural)
    others = sorted({file.name for file in files} - {file.name for file in data}) + [f"{name}/" for name in folders]
    shown = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
    return data, [Line("files", f"{len(others)} others left out: {shown}")] if others else []


def _natural(file: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", file.name) if part]


def _sequences(sources: list[Source], dialect: Dialect, above: list[str], keys: Keys, left: list[Line]) -> Sheet:
    import pandas as pd

    text, again = list(dialect.text), True
    while again:  # a second time where a later file has text in a column of numbers
        again = False
        parts = []
        for source in sources:
            columns, found = _one(source, dialect, above, text, keys)
            turned = {i for i in turned_to_text(columns, columns.dialect, source.name, keys) if not text[i]}
            if turned or columns.text != text:
                text = [was or i in turned or columns.text[i] for i, was in enumerate(text)]
                again = True
            parts.append((columns, found))
    lengths = np.array([sum(map(len, columns.lines)) for columns, _ in parts])
    ids = [source.path.name.split(".")[0] if _unique_stems(sources) else source.path.name for source in sources]
    name = free_name("sequence", dialect.names)
    whole: dict[str, Any] = {name: from_codes(np.repeat(np.arange(len(ids)), lengths), ids)}
    missing: list[Counter[str]] = [Counter() for _ in dialect.names]
    for i, column in enumerate(dialect.names):
        pieces = [piece for columns, _ in parts for piece in columns.pieces[i]]
        whole[column] = joined_text(pieces) if text[i] else joined_numbers(pieces)
        for columns, _ in parts:
            missing[i].update(columns.missing[i])
            columns.pieces[i].clear()
    frame = pd.DataFrame(whole, copy=False)
    total = Found()
    for _, found in parts:
        total.blank += found.blank
        total.comments += found.comments
        total.trailing += found.trailing
    span = f"{lengths.min():,} to {lengths.max():,} rows"
    notes = [
        Line("rows", f"{len(frame):,}: {len(ids):,} files, each a sequence of {span}", "id"),
        *left,
        *dialect.notes,
        *left_out(total, []),
        *missing_found(dialect.names, missing, dialect.numerals.said),
        *marks(frame),
    ]
    lines = joined_numbers([one for columns, _ in parts for one in columns.lines])
    paths = [source.path for source in sources]
    return Sheet(frame, lines, tuple(notes), {"id": name}, tuple(map(str, paths)), digest_of(paths))


def _unique_stems(sources: list[Source]) -> bool:
    return len({source.path.name.split(".")[0] for source in sources}) == len(sources)


def _one(source: Source, dialect: Dialect, above: list[str], text: list[bool], keys: Keys) -> tuple[Columns, Found]:
    """A file as the first is laid out, or as itself where its columns are the same."""
    head, encoding = sample_of(source, keys)
    same = dialect.header and head[: dialect.skip] == above
    own = dialect if same else dialect_of(head, keys, source.name)
    if own.names != dialect.names:
        raise UsageError(
            f"{source.name}: its columns ({', '.join(own.names[:4])}) are not those of the first file "
            f"({', '.join(dialect.names[:4])}): in a folder each file is one sequence, of the same columns; move what "
            "is none out of it, and write each sequence's label or value into a column of its file"
        )
    kinds = [a or b for a, b in zip(text, own.text, strict=True)]
    return columns_of(source, encoding, own, kinds, keys)
