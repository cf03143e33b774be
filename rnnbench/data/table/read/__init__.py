"""A user's file, in whatever form it is, to a `Sheet`: columns under their names and what was found out on the way."""

from __future__ import annotations

from pathlib import Path

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read.delimited import read_delimited
from rnnbench.data.table.read.folder import read_folder
from rnnbench.data.table.read.kind import form_of
from rnnbench.data.table.read.npz import read_npz
from rnnbench.data.table.read.parquet import read_parquet, sheet_of
from rnnbench.data.table.read.source import source_of
from rnnbench.data.table.read.ts import is_ts, read_ts
from rnnbench.data.table.sheet import Sheet

__all__ = ["read", "sheet_of"]


def read(path: str | Path, keys: Keys) -> Sheet:
    """The columns of a file or folder, under their names, and what was found out on the way.

    Nothing is written, nothing unpickled, nothing unpacked onto the disk. Raises `UsageError`, one line with the file
    and what would work, for what is in no form that is read or does not hold what its form promises.
    """
    path = Path(path).expanduser()
    form = form_of(path)
    if form == "folder":
        return read_folder(path, keys)
    if form == "parquet":
        return read_parquet(path, keys)
    if form == "npz":
        return read_npz(path, keys)
    source = source_of(path)
    return read_ts(source, keys) if is_ts(source) else read_delimited(source, keys)
