"""What is no table: one line that names the file and what would work."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import socket
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import read
from rnnbench.errors import UsageError


def zipped(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def tarred() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"), io.BytesIO(b""))
    return packed.getvalue()


def saved(array: np.ndarray) -> bytes:
    written = io.BytesIO()
    np.save(written, array)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n \n\n", "blank"),
        (b"# only\n# comments\n", "comments"),
        (b"t,y\n", "header (t, y)"),
        (zipped(**{"xl/workbook.xml": "<x/>", "b": ""}), "export it as CSV"),
        (zipped(**{"Index/Document.iwa": ""}), "export it as CSV"),
        (zipped(a="1", b="2"), "unzip some.csv"),
        (zipped(), "a zip of 0 files"),
        (zipped(a="1,2\n3,4\n")[:-30], "damaged"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 9999)[:-20], "damaged"),
        (gzip.compress(b""), "empty"),
        (gzip.compress(tarred()), "tar"),
        (tarred(), "tar xf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "Excel"),
        (b"BZh91AY" + bytes(99), "bunzip2"),
        (b"\x89HDF\r\n" + bytes(99), "HDF5"),
        (b"SQLite format 3\0", "SQLite"),
        (b"%PDF-1.4\n", "PDF"),
        (b'[{"a": 1}]', "JSON"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (saved(np.zeros(3)), "np.savez"),
        (pickle.dumps({"a": 1}), "pickle"),
        (np.random.default_rng(0).bytes(64) + bytes(8) + b"\x01\x02\0\xff", "zero bytes"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_table(refusal, content, words) -> None:
    line = refusal(content)
    assert words in line and "some.csv" in line


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"separator": "ab"}, "separator=ab"),
        ({"decimal": ";"}, "decimal=;"),
        ({"encoding": "klingon"}, "encoding=klingon"),
        ({"encoding": "base64"}, "encoding=base64"),
    ],
)
def test_keys_that_say_nothing_possible(refusal, keys, words) -> None:
    assert words in refusal("a,b\n1,2\n3,4\n", **keys)


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as refusal:
        read(path, Keys())
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_what_is_not_there_or_no_file(tmp_path) -> None:
    assert "no such file" in refused(tmp_path / "nowhere.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    assert "pipe" in refused(tmp_path / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(tmp_path)  # a socket's path must be short
        listening.bind("s")
        assert "socket" in refused(tmp_path / "s")
    assert "device" in refused(Path("/dev/null"))
    assert "cannot be looked at" in refused(Path("a\0b")) or "no such" in refused(Path("a\0b"))


def test_files_that_may_not_be_read(tmp_path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("a,b\n1,2\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert "cannot be opened" in refused(path)


def test_a_zip_with_a_password(tmp_path) -> None:
    """The bit that says so set by hand: Python's zipfile writes none."""
    content = bytearray(zipped(**{"a.csv": "a,b\n1,2\n"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path = tmp_path / "locked.zip"
    path.write_bytes(content)
    assert "unpack it first" in refused(path)


def test_folders_that_hold_no_table(tmp_path) -> None:
    assert "without files" in refused(tmp_path)
    (tmp_path / "inner").mkdir()
    assert "only folders (inner)" in refused(tmp_path)
    (tmp_path / "README.md").write_text("words")
    assert "without tables" in refused(tmp_path)


@pytest.mark.parametrize(
    ("said", "shown"), [("é", "é"), ("\n", r"\n"), ("\r", r"\r"), ('"', '"'), ("\0", r"\x00"), ("ab", "ab")]
)
def test_what_separates_nothing_is_refused(said: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t,y\n1,2\n3,4\n")
    words = f"separator={shown}: no separator (allowed: one ASCII character, or tab"
    with pytest.raises(UsageError) as refused:
        read(str(tmp_path / "a.csv"), Keys(separator=said))
    assert str(refused.value).startswith(words)


def test_a_separator_that_a_file_names_for_excel_is_no_other_than_one_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sep=é\ntéy\n1é2\n3é4\n")
    with pytest.raises(UsageError, match="separator=é: no separator"):
        read(str(tmp_path / "a.csv"), Keys())
