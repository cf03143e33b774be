"""Where data files live and how they get there.

A published file lies at RNNBENCH_DATA/<relative>, else in the user's cache directory; it is downloaded once, and its
content (un-gzipped, so that a re-packed copy passes) is checked by sha256 each time before anything reads it.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import zlib
from pathlib import Path
from uuid import uuid4

import platformdirs

from rnnbench.errors import UsageError

GZIP_MAGIC = b"\x1f\x8b"


def default_data_dir() -> Path:
    """The folder that RNNBENCH_DATA names, else the user's cache directory; below ~ where nobody knows it."""
    named = os.environ.get("RNNBENCH_DATA")
    try:
        if named:
            return Path(named).expanduser()
        return Path(platformdirs.user_cache_dir("rnnbench"))
    except (RuntimeError, KeyError):  # a user without a home
        return Path("~", ".cache", "rnnbench")


def data_file(data_dir: Path, relative: str, *, url: str, sha256: str) -> bytes:
    """The content of a published file, gzipped or plain on disk, downloaded first if it is not there.

    Raises UsageError, one line with the path: absent and out of reach, unreadable, truncated, or another file.
    """
    if data_dir.parts[:1] == ("~",):
        raise UsageError(f"{relative} is needed and there is no home directory to look for it in: set RNNBENCH_DATA to "
                         "the folder that holds it")  # fmt: skip
    path = data_dir / relative
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    place = next((file for file in (path, plain) if file.exists()), None)
    if place is None:
        return _downloaded(path, relative, url, sha256)
    content = _content(place)
    if (found := _sha256(content)) != sha256:
        raise UsageError(
            f"{place} is not the published file: its sha256 is {found}, not {sha256}; delete or replace it"
        )
    return content


def own_file(path: str) -> bytes:
    """The content of a file that the user names with `dataset.path`, un-gzipped; whatever it holds."""
    return _content(Path(path).expanduser())


def _downloaded(path: Path, relative: str, url: str, sha256: str) -> bytes:
    """Downloaded beside its place under a name of its own, checked, then renamed: two processes can do so at once."""
    import pooch  # it imports requests: only who downloads waits
    import requests

    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pooch.HTTPDownloader()(url, str(part), None)
        content = _content(part, name=url)
        if (found := _sha256(content)) != sha256:
            raise UsageError(
                f"{url} sent another file: its sha256 is {found}, not {sha256}; put the right one at {path}"
            )
        part.replace(path)
    except requests.RequestException as error:
        reason = type(error).__name__
        raise UsageError(
            f"{path} is absent and {url} cannot be reached ({reason}): put that file there, "
            f"or set RNNBENCH_DATA to the folder that holds {relative}"
        ) from error
    except OSError as error:
        raise UsageError(f"{path} is absent and cannot be written ({error.strerror})") from error
    finally:
        if part.exists():
            part.unlink()
    return content


def _content(path: Path, name: str | None = None) -> bytes:
    name = name or str(path)
    try:
        if not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{name} is no regular file: save what it gives in one first")
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    if not raw.startswith(GZIP_MAGIC):
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{name} is truncated or damaged: not a whole gzip file; delete or replace it") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
