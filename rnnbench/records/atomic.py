"""Files that a reader sees whole or not at all, whatever happens to the writer."""

from __future__ import annotations

import json
import math
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from rnnbench.errors import UsageError

_HERE = re.sub(r"\W", "", os.uname().nodename)[:32]
"""This machine, in the name of a draft."""


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write in place of `path`: it appears there whole when the block ends, or not at all.

    Raises UsageError, from the OSError, when the directory is not writable or the disk is full: `path` is as before.
    """
    path = Path(path)
    draft = path.with_name(f".{path.name}.{_HERE}-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            draft.unlink()


def clear_drafts(folder: Path) -> None:
    """Those in a folder that this machine's dead processes left; the living, and other machines', are at work."""
    for draft in folder.glob(f".*.{_HERE}-*.tmp"):
        with suppress(OSError, ValueError):
            pid = int(draft.name.split("-")[-2])
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                draft.unlink()


def write_bytes_atomically(path: Path, content: bytes) -> None:
    with replacing(path) as file:
        file.write(content)


def write_text_atomically(path: Path, text: str) -> None:
    write_bytes_atomically(path, text.encode())


def write_json_atomically(path: Path, record: Mapping[str, Any]) -> None:
    """Write `record` as JSON; NaN and infinities become null. Raises TypeError for what JSON has no form for."""
    write_text_atomically(path, json.dumps(finite(record), indent=1, allow_nan=False) + "\n")


def finite(value: Any) -> Any:
    """The same with null for NaN and infinities."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
