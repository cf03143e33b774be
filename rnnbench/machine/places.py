"""Folders to write to, looked at before anything is."""

from __future__ import annotations

import os
from pathlib import Path

from rnnbench.errors import UsageError

LONGEST = 255
"""Bytes of a name in a folder, on any file system that people use."""


_EFFECTIVE = os.access in os.supports_effective_ids
"""What writing goes by, where it can be asked for."""


def check_writable(directory: Path, key: str, given: object) -> None:
    """Raises UsageError, with the key and what was given, where nothing can be written under a folder, be it there yet
    or not."""
    whole = Path(directory).absolute()
    if any(len(os.fsencode(part)) > LONGEST for part in whole.parts):
        raise UsageError("a name in it is too long", key=key, value=_short(given), allowed=f"{LONGEST} bytes each")
    there = next(path for path in (whole, *whole.parents) if os.path.lexists(path))
    shown = there if Path(directory).is_absolute() else Path(os.path.relpath(there))
    if there.is_symlink() and not there.exists():
        raise UsageError(f"{shown} is a link to {os.readlink(there)}, which is not there", key=key,
                         value=_short(given), allowed="a directory that can be written to")  # fmt: skip
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE)):
        raise UsageError(f"{shown} cannot be written to", key=key, value=_short(given),
                         allowed="a directory that can")  # fmt: skip


def _short(given: object) -> str:
    text = str(given)
    return text if len(text) <= 120 else f"{text[:117]}…"
