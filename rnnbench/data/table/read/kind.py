"""What a file is, by its first bytes rather than its name, and what to do about those that are no table."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Literal

from rnnbench.errors import UsageError

Form = Literal["folder", "text", "gzip", "zip", "npz", "parquet"]

ALLOWED = "a file of columns as text (.csv, .tsv, .txt; also .gz, or a .zip of one), .parquet, .npz, .ts, or a folder"

_OTHERS = {  # first bytes → what it is, what would work
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls): save it as CSV",
    b"BZh": "packed with bzip2: unpack it with bunzip2, or pack it with gzip",
    b"\xfd7zXZ\x00": "packed with xz: unpack it with unxz, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "packed with zstd: unpack it with unzstd, or pack it with gzip",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it with 7z x",
    b"Rar!": "a RAR archive: unpack it with unrar x",
    b"\x89HDF": "an HDF5 file: write the table as CSV or parquet (pandas: read_hdf, then to_csv)",
    b"MATLAB": "a MATLAB file: write the table as CSV (MATLAB: writetable), or as .npz",
    b"SQLite format 3": "an SQLite database: export the table as CSV (sqlite3: .mode csv)",
    b"ARROW1": "a feather or arrow file: write it as parquet (pandas: read_feather, then to_parquet)",
    b"\x93NUMPY": "one bare NumPy array (.npy): put it and its labels into one file with np.savez",
    b"%PDF": "a PDF: the table must be taken out of it, as CSV",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"RDX": "an R workspace: write the table with write.csv",
    b"\x80\x04\x95": "a Python pickle, which is never opened here: write it as CSV, parquet or .npz",
    b"\x80\x05\x95": "a Python pickle, which is never opened here: write it as CSV, parquet or .npz",
    b"\x80\x03": "a Python pickle, which is never opened here: write it as CSV, parquet or .npz",
    b"<!DOCTYPE": "a page of HTML, not a table (a download that failed?)",
    b"<html": "a page of HTML, not a table (a download that failed?)",
    b"<?xml": "XML: export it as CSV",
    b"version https://git-lfs": "a pointer of Git LFS, not the data: fetch them with git lfs pull",
}


def form_of(path: Path) -> Form:
    """Raises `UsageError` for what is not there, cannot be opened, is empty, or is in no form that is read."""
    try:
        kind = path.stat()
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file or folder", allowed=ALLOWED) from None
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path}: cannot be looked at: {problem}") from None
    if stat.S_ISDIR(kind.st_mode):
        return "folder"
    if not stat.S_ISREG(kind.st_mode):
        raise UsageError(f"{path}: not a file but a pipe, socket or device: save what it gives in a file first")
    if kind.st_size == 0:
        raise UsageError(f"{path}: the file is empty")
    try:
        with path.open("rb") as file:
            return form_by(file.read(512), path)
    except OSError as problem:
        raise UsageError(f"{path}: cannot be opened: {problem.strerror or problem}") from None


def form_by(head: bytes, path: Path) -> Form:
    """The form of a file that begins so."""
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            raise UsageError(f"{path}: this is {what}", allowed=ALLOWED)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "npz" if path.suffix.lower() == ".npz" else "zip"
    if head.startswith(b"PAR1"):
        return "parquet"
    if len(head) > 262 and head[257:262] == b"ustar":
        raise UsageError(f"{path}: this is a tar archive: unpack it with tar xf", allowed=ALLOWED)
    if head.lstrip()[:1] in (b"{", b"[") and b'"' in head:
        raise UsageError(f"{path}: this is JSON: export it as CSV (pandas: read_json, then to_csv)", allowed=ALLOWED)
    return "text"
