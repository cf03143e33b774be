"""Parquet, batch by batch (extra `parquet`: pyarrow), and frames of pandas that are in memory already."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read.columns import column_of, missing_line, without
from rnnbench.data.table.read.finish import from_codes, joined_numbers, joined_text
from rnnbench.data.table.read.header import unique
from rnnbench.data.table.read.marks import marks
from rnnbench.data.table.read.source import digest_of
from rnnbench.data.table.sheet import Line, Sheet
from rnnbench.errors import UsageError, install

if TYPE_CHECKING:
    import pandas as pd

_BATCH = 1 << 16  # rows


def read_parquet(path: Path, keys: Keys) -> Sheet:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError(f"{path}: reading parquet needs pyarrow: {install('parquet')}") from None
    pieces: dict[str, list[Any]] = {}
    try:
        with parquet.ParquetFile(path) as file:
            names, _ = unique([str(name) for name in file.schema_arrow.names])
            for batch in file.iter_batches(batch_size=_BATCH):
                frame = batch.to_pandas(ignore_metadata=True)
                for i, name in enumerate(names):
                    pieces.setdefault(name, []).append(column_of(frame.iloc[:, i], name))
    except (pyarrow.ArrowException, OSError) as problem:
        raise UsageError(f"{path}: damaged, or a parquet that is not understood: {problem}") from None
    if not pieces:
        raise UsageError(f"{path}: no rows")
    return _sheet({name: _joined(pieces[name]) for name in list(pieces)}, keys, str(path), digest_of([path]))


def sheet_of(frame: pd.DataFrame, keys: Keys) -> Sheet:
    """A frame in memory; an index that says something, a name or dates, becomes its first columns."""
    import pandas as pd

    if not len(frame):
        raise UsageError("the frame has no rows")
    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    frame = frame if plain else frame.reset_index(names=_index_names(frame))
    names, _ = unique([" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns])
    columns = {name: column_of(frame.iloc[:, i], name) for i, name in enumerate(names)}
    digest = hashlib.sha256(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    digest.update("\n".join(names).encode())
    return _sheet(columns, keys, "", digest.hexdigest())


def _index_names(frame: pd.DataFrame) -> list[str]:
    names = frame.index.names
    return [
        str(name) if name is not None else ("index" if len(names) == 1 else f"level_{i}")
        for i, name in enumerate(names)
    ]


def _joined(pieces: list[Any]) -> Any:
    empty = [not isinstance(piece, np.ndarray) and not len(piece.categories) for piece in pieces]
    if any(isinstance(piece, np.ndarray) for piece in pieces):  # beside numbers, a batch of None alone is numbers, too
        gone = np.full(_BATCH, np.nan, np.float32)
        pieces = [gone[: len(piece)] if none else piece for piece, none in zip(pieces, empty, strict=True)]
    text = [not isinstance(piece, np.ndarray) for piece in pieces]
    if not any(text):
        return joined_numbers(pieces)
    return joined_text([piece if was else _as_text(piece) for piece, was in zip(pieces, text, strict=True)])


def _as_text(numbers: np.ndarray) -> pd.Categorical:
    """Whole numbers of a batch, where those of another have too many digits to be numbers."""
    values, codes = np.unique(numbers, return_inverse=True)
    known = ~np.isnan(values)
    return from_codes(np.where(known[codes], codes, -1), [f"{value:.0f}" for value in values[known]])


def _sheet(columns: dict[str, Any], keys: Keys, file: str, digest: str) -> Sheet:
    import pandas as pd

    gone: dict[str, int] = {}
    for name in columns:
        columns[name], gone[name] = without(columns[name], keys)
    frame = pd.DataFrame(columns, copy=False)
    rows = Line("rows", f"{len(frame):,}, of {frame.shape[1]:,} columns")
    lines = np.arange(1, len(frame) + 1, dtype=np.int64)
    return Sheet(frame, lines, (rows, missing_line(gone), *marks(frame)), {}, (file,) if file else (), digest)
