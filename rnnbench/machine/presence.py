"""Whether anyone else is using the machine: runs of the same person that train beside this one."""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO


class Presence:
    """Makes this process known to other runs of the same person on this machine, and sees theirs.

    Each training process holds a locked file in a shared temporary folder; the lock goes with the process, however it
    ends. A context manager; where the folder cannot be used, nobody is ever seen.
    """

    def __init__(self) -> None:
        self._mine: IO[str] | None = None

    def __enter__(self) -> Presence:
        try:
            shared = Path("/dev/shm")  # of the whole node, where TMPDIR may be a job's own
            of_node = "SLURM_JOB_ID" in os.environ and os.access(shared, os.W_OK)
            self._folder = (shared if of_node else Path(tempfile.gettempdir())) / f"rnnbench-{os.getuid()}"
            self._folder.mkdir(mode=0o700, exist_ok=True)
            while self._mine is None:
                self._mine = _held(self._folder / f"{os.getpid()}-{secrets.token_hex(4)}")
        except OSError:
            self._mine = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._mine is not None:
            Path(self._mine.name).unlink(missing_ok=True)
            self._mine.close()

    def others(self) -> bool:
        """Whether another process is training now. Files that nobody holds any more are cleared away."""
        if self._mine is None:
            return False
        try:
            files = list(self._folder.iterdir())
        except OSError:  # cleared away in a long run
            return False
        for path in files:
            if path == Path(self._mine.name):
                continue
            try:
                with open(path) as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink(missing_ok=True)
            except BlockingIOError:
                return True
            except OSError:
                continue
        return False


def _held(path: Path) -> IO[str] | None:
    """The file, new and locked; None where another process cleared it away between those two steps."""
    with ExitStack() as closing:
        file = closing.enter_context(open(path, "w"))
        fcntl.flock(file, fcntl.LOCK_EX)  # waits for a glance of `others`, no longer
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                closing.pop_all()
                return file
    return None
