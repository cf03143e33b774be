"""A folder of one file a class: each line is a text, each letter a step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read.columns import numbered, repeated
from rnnbench.data.table.read.finish import from_codes
from rnnbench.data.table.read.records import lines_in
from rnnbench.data.table.read.source import Source, blocks, digest_of, encoding_of
from rnnbench.data.table.sheet import Line, Sheet
from rnnbench.errors import UsageError


def read_texts(path: Path, sources: list[Source], keys: Keys, left: list[Line]) -> Sheet:
    """Columns sequence, character, class: a class is a file's name without its ending."""
    import pandas as pd

    texts: list[str] = []
    lines: list[int] = []
    counts: list[int] = []
    blank = 0
    for source in sources:
        before = len(texts)
        for number, text in _texts(source, keys):
            if text:
                texts.append(text)
                lines.append(number)
            else:
                blank += 1
        counts.append(len(texts) - before)
    if not texts:
        raise UsageError(f"{path}: no lines of text in its files")
    lengths = np.array([len(text) for text in texts])
    letters = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    alphabet, codes = np.unique(letters, return_inverse=True)
    names = [source.path.name.removesuffix(".gz").rpartition(".")[0] or source.path.name for source in sources]
    classes = from_codes(np.repeat(np.arange(len(names)), counts), names)
    columns: dict[str, Any] = {
        "sequence": numbered(len(texts), lengths),
        "character": from_codes(codes, [chr(letter) for letter in alphabet]),
        "class": repeated(classes, lengths),
    }
    span = f"{lengths.min():,} to {lengths.max():,}"
    notes = [
        Line("rows", f"{len(texts):,} lines of {span} letters in {len(names)} files, each a class", "target"),
        Line("characters", f"{len(alphabet)} that differ, each a step"),
        *left,
    ]
    if blank:
        notes.append(Line("blank", f"{blank:,} blank lines"))
    implied = {"id": "sequence", "time": "none", "target": "class", "task": "label", "inputs": "character"}
    paths = [source.path for source in sources]
    frame = pd.DataFrame(columns, copy=False)
    at = np.repeat(np.array(lines, np.int64), lengths)
    return Sheet(frame, at, tuple(notes), implied, tuple(map(str, paths)), digest_of(paths))


def _texts(source: Source, keys: Keys) -> list[tuple[int, str]]:
    encoding = encoding_of(source, source.head(64 << 10), keys.encoding)
    found: list[tuple[int, str]] = []
    for block in blocks(source, encoding):
        found += [(len(found) + i + 1, line.strip()) for i, line in enumerate(lines_in(block))]
    return found
