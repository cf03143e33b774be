"""The text of a file, unpacked, as UTF-8 in blocks of whole lines, whatever its encoding and its line ends."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from rnnbench.data.table.read.kind import form_by, form_of
from rnnbench.errors import UsageError

BLOCK = 4 << 20  # bytes read at a time
_SPREADSHEETS = ("xl/", "Index/", "content.xml", "[Content_Types].xml")


@dataclass(frozen=True)
class Source:
    """A file that holds one text, bare or packed."""

    path: Path
    packing: str = ""  # "gzip", or "zip"
    member: str = ""  # the file within a zip

    @property
    def name(self) -> str:
        return f"{self.path}:{self.member}" if self.member else str(self.path)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        try:
            if self.packing == "zip":
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                    yield cast(BinaryIO, file)
            elif self.packing == "gzip":
                with gzip.open(self.path) as file:
                    yield cast(BinaryIO, file)
            else:
                with self.path.open("rb") as file:
                    yield file
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as problem:
            raise UsageError(f"{self.name}: damaged or cut off: {problem}") from None
        except (RuntimeError, NotImplementedError) as problem:  # zipfile: a password, a way of packing it has not
            raise UsageError(f"{self.name}: cannot be unpacked here ({problem}): unpack it first") from None
        except OSError as problem:
            raise UsageError(f"{self.name}: cannot be read: {problem.strerror or problem}") from None

    def head(self, size: int) -> bytes:
        with self.opened() as file:
            return file.read(size)


def source_of(path: Path) -> Source:
    """The one text that a file holds. Nothing is ever unpacked onto the disk."""
    form = form_of(path)
    if form not in ("gzip", "zip"):
        return Source(path)
    source = Source(path, "gzip") if form == "gzip" else Source(path, "zip", _only_member(path))
    head = source.head(512)
    if not head:
        raise UsageError(f"{source.name}: the file is empty")
    if (inner := form_by(head, Path(source.name))) != "text":
        raise UsageError(f"{source.name}: {inner} within {form}: unpack it first")
    return source


def _only_member(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except zipfile.BadZipFile as problem:
        raise UsageError(f"{path}: a zip that is damaged or cut off: {problem}") from None
    if any(name.startswith(_SPREADSHEETS) for name in names):
        raise UsageError(f"{path}: this is a zip (spreadsheet?): export it as CSV from the program that wrote it")
    names = [name for name in names if not name.startswith("__MACOSX/") and not name.endswith(".DS_Store")]
    if len(names) != 1:
        folder = path.with_suffix("").name or "folder"
        shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise UsageError(
            f"{path}: a zip of {len(names)} files ({shown}): unpack it with `unzip {path.name} -d {folder}` and name "
            "the file that holds the table, or the folder if each file is one sequence"
        )
    return names[0]


def digest_of(paths: list[Path]) -> str:
    """sha256 of the bytes of files, as they lie on the disk."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            if len(paths) == 1:
                return hashlib.file_digest(file, "sha256").hexdigest()
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


@dataclass
class Encoding:
    name: str  # Python's; "ascii" while nothing else was seen, and from then on what it turned out to be
    mark: bytes = b""  # byte order mark that the file begins with
    bare_returns: bool = False  # lines end in "\r" alone


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding_of(source: Source, head: bytes, said: str | None) -> Encoding:
    """How the text is encoded, from its first bytes, or as `encoding=` says."""
    mark, name = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", ""))
    if said is not None:
        try:
            name = codecs.lookup(said).name
        except LookupError:
            allowed = "a Python name: utf-8, utf-16, cp1252, latin-1, gbk, shift-jis, …"
            raise UsageError("no such encoding", key="encoding", value=said, allowed=allowed) from None
        if name.startswith("utf-8"):
            name = "utf-8"
    name = name or _guessed(source, head)
    try:
        text = head[len(mark) :].decode(name, "replace")
    except (LookupError, AttributeError, ValueError):  # base64 and its like are codecs, too
        raise UsageError("no encoding of text", key="encoding", value=said) from None
    return Encoding(name, mark, bare_returns="\r" in text and "\n" not in text)


def _guessed(source: Source, head: bytes) -> str:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even + odd:
        if max(even, odd) > 0.2 * len(head) and min(even, odd) < 0.05 * max(even, odd):
            return "utf-16-be" if even > odd else "utf-16-le"
        raise UsageError(f"{source.name}: not text (it holds zero bytes), nor another form that is read")
    if head.isascii():
        return "ascii"
    at = _not_utf8(head, whole=False)
    return "utf-8" if at is None or not head[:at].isascii() else _western(head)  # a lone bad byte is refused later


def _not_utf8(text: bytes, whole: bool) -> int | None:
    """Where the first byte stands that UTF-8 has not there."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text, final=whole)
    except UnicodeDecodeError as problem:
        return problem.start
    return None


def _western(text: bytes) -> str:
    return "latin-1" if any(byte in text for byte in b"\x81\x8d\x8f\x90\x9d") else "cp1252"


def blocks(source: Source, encoding: Encoding) -> Iterator[bytes]:
    """UTF-8 in blocks of whole lines that end in "\\n". Raises `UsageError` where a byte is in another encoding.

    What began as ASCII is what its first other bytes are; `encoding` then says so.
    """
    decode = _Decoder(source, encoding)
    with source.opened() as file:
        file.read(len(encoding.mark))
        rest: list[bytes] = []
        while chunk := file.read(BLOCK):
            text = decode(chunk, False)
            cut = text.rfind(b"\n") + 1
            if cut == 0:
                rest.append(text)
                continue
            yield b"".join([*rest, text[:cut]])
            rest = [text[cut:]]
        last = b"".join([*rest, decode(b"", True)])
        if last:
            yield last + b"\n"


class _Decoder:
    """Bytes as the file has them → UTF-8 with "\\n" at line ends. A letter or a line end may be cut between calls."""

    def __init__(self, source: Source, encoding: Encoding) -> None:
        self.source, self.encoding = source, encoding
        self.lines = 1  # where we are, for those who must look
        self.kept = b""
        self.incremental = codecs.getincrementaldecoder(encoding.name)()

    def __call__(self, chunk: bytes, final: bool) -> bytes:
        text = self._text(chunk, final)
        if b"\r" in text or self.kept:
            text = self._line_ends(text, final)
        self.lines += text.count(b"\n")
        return text

    def _text(self, chunk: bytes, final: bool) -> bytes:
        if self.encoding.name == "ascii":
            if chunk.isascii():
                return chunk
            self.encoding.name = "utf-8" if _not_utf8(chunk, final) is None else _western(chunk)
            self.incremental = codecs.getincrementaldecoder(self.encoding.name)()
        try:
            return self.incremental.decode(chunk, final).encode("utf-8")
        except UnicodeError as problem:
            at = getattr(problem, "start", 0)
            line = self.lines + chunk[:at].count(b"\n")
            raise UsageError(
                f"{self.source.name}: line {line:,} holds bytes that are not {self.encoding.name}, as the text was so "
                "far: say encoding=cp1252, or the one it was saved in"
            ) from None

    def _line_ends(self, text: bytes, final: bool) -> bytes:
        if self.encoding.bare_returns:
            return text.replace(b"\r", b"\n")
        text, self.kept = self.kept + text, b""
        if text.endswith(b"\r") and not final:
            text, self.kept = text[:-1], b"\r"
        return text.replace(b"\r\n", b"\n")
