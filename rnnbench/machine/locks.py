"""One run, one process at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rnnbench.errors import UsageError

LOCK = ".lock"

_held: set[int] = set()
"""Descriptors of the locks that this process holds."""


_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
"""What some network disks answer."""

_without: set[str] = set()
"""Folders of which that was said."""


def _let_go() -> None:
    """In a forked child: the lock is its parent's, and is to be free when that one dies."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)


@contextmanager
def run_lock(run_dir: Path) -> Iterator[bool]:
    """Whether this process may work on the run: True for one holder at a time, False at once for everyone else.

    Ask `finished(run_dir)` again once it is held: another process may have finished the run in between. The kernel
    frees the lock when its holder dies, however it dies. Where nothing can be locked a line says what is lost, and
    everyone holds it. Raises UsageError when the directory cannot be made or locked.
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
    _held.add(held)
    try:
        for draft in Path(run_dir).rglob(".*.tmp"):  # of a process killed while it wrote
            draft.unlink(missing_ok=True)
        yield True
    finally:
        if held in _held:  # else this is a forked child, on its way out
            with suppress(OSError):  # a folder that has become read-only: it stays, and locks nobody out
                path.unlink(missing_ok=True)  # still locked: whoever opened it before sees below that it is gone
            _held.remove(held)
            os.close(held)


def _say_no_locks(path: Path, error: OSError) -> None:
    folder = str(path.parent.parent)
    if folder not in _without:
        _without.add(folder)
        print(f"warning: no file can be locked in {folder} ({error.strerror}): this process goes on alone; of two at "
              "once each would do every run", file=sys.stderr, flush=True)  # fmt: skip


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
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                os.close(descriptor)
                raise
            _say_no_locks(path, error)
            return descriptor
        os.close(descriptor)
