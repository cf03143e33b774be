"""One run, one process at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnbench.errors import UsageError

LOCK = ".lock"


@contextmanager
def run_lock(run_dir: Path) -> Iterator[bool]:
    """Whether this process may work on the run: True for one holder at a time, False at once for everyone else.

    Ask `finished(run_dir)` again once it is held: another process may have finished the run in between. The kernel
    frees the lock when its holder dies, however it dies. Raises UsageError when the directory cannot be made or locked.
    """
    path = Path(run_dir) / LOCK
    held: int | None = None
    try:
        held = _lock(path)
    except OSError as error:
        raise UsageError(f"cannot lock {path}: {error.strerror or error}") from error
    if held is None:
        yield False
        return
    try:
        for draft in Path(run_dir).glob(".*.tmp"):  # of a process killed while it wrote
            draft.unlink(missing_ok=True)
        yield True
    finally:
        path.unlink(missing_ok=True)  # still locked: whoever opened it before sees below that it is gone
        os.close(held)


def _lock(path: Path) -> int | None:
    """A file descriptor that holds the lock, or None when another holds it."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue  # the directory was removed between the two lines
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except FileNotFoundError:
            pass  # its last holder has removed it
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
