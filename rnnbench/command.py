"""The door of every command: its help, its terminal and pipes, the signals that may end it, the code it ends with.

    if __name__ == "__main__":
        command(main)       # main: arguments → exit code

A reader that goes away (`| head -1`), a terminal that is closed or a disk that is full under `> file` takes away what
is said, never what is done. Characters that a console lacks are replaced. Ctrl-C, SIGTERM and SIGHUP end a command with
one line and code 130 (`stopping`).
"""

from __future__ import annotations

import ast
import atexit
import errno
import io
import logging
import os
import select
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from rnnbench import stopping
from rnnbench.errors import UsageError
from rnnbench.stopping import Stopped


def command(main: Callable[[Sequence[str]], int | None]) -> NoReturn:
    """Carry out the command line. Exit code: what `main` gives, 2 where the world refuses, 130 where it was stopped."""
    quiet()
    stopping.raising()
    code: Any = 1
    try:
        code = main(sys.argv[1:]) or 0
    except SystemExit as ending:
        code = ending.code
    except KeyboardInterrupt as ending:
        code = say_stopped(ending)
    except OSError as error:
        print(in_the_way(error), file=sys.stderr)
        code = UsageError.exit_code
    if stopping.came and code == 0:  # raised where nobody hears it, as in a callback of C
        code = say_stopped(Stopped(stopping.came[0]))
    for outlet in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            outlet.flush()
    lost = getattr(sys.stdout, "buffer", None)
    if isinstance(lost, Outlet) and lost.error is not None and lost.error.errno not in _READER_GONE:
        print(f"what was said here is lost: {lost.error.strerror}", file=sys.stderr, flush=True)
        code = code or 1
    stopping.ignoring()
    if stopping.came:  # Python would end itself by SIGINT where that had interrupted an `exec`, whatever came of it
        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


def manual(doc: str | None, file: str) -> str:
    """A module's docstring, be it that Python has dropped it (-OO)."""
    if doc is None:
        doc = ast.get_docstring(ast.parse(Path(file).read_bytes()), clean=False)
    return (doc or "").strip()


def say_stopped(ending: KeyboardInterrupt, more: str = "") -> int:
    """One line on what ended the command, and its exit code."""
    said = f"stopped by {ending.name}" if isinstance(ending, Stopped) else "interrupted"
    print(f"\n{said}{more}" if sys.stderr.isatty() else f"{said}{more}", file=sys.stderr, flush=True)
    return stopping.INTERRUPTED


def in_the_way(error: OSError) -> str:
    """A full disk, a place that is read-only: one line with the file."""
    where = f"{error.filename}: " if error.filename is not None else ""
    return f"{where}{error.strerror or error}"


_READER_GONE = (errno.EPIPE, errno.EIO, errno.EBADF)


class Outlet(io.BufferedIOBase):
    """A file descriptor to write to: once that fails, what is written is dropped and `error` says why.

    It holds nothing back: what a signal's exception interrupts would else be taken for unwritten, and written again.
    """

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return self.error is None and os.isatty(self._descriptor)

    def write(self, content: Any) -> int:
        left = memoryview(content).cast("B")
        length = len(left)
        while self.error is None and left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.error = error
        return length


def quiet() -> None:
    """From here on nothing that is printed ends the process; again, or where something else is printed to: nothing."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # of a home that is read-only it has a paragraph to say
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # closed by whoever started us: the next file opened would be taken for it
            os.open(os.devnull, os.O_RDWR)
    for name, descriptor, errors in (("stdout", 1, "replace"), ("stderr", 2, "backslashreplace")):
        now, first = getattr(sys, name), getattr(sys, f"__{name}__")
        if now is not first or isinstance(getattr(now, "buffer", None), Outlet):
            continue
        if now is not None:
            with suppress(OSError, ValueError):
                now.flush()
        outlet = Outlet(descriptor)
        to = io.TextIOWrapper(outlet, encoding=getattr(now, "encoding", "utf-8"), errors=errors,  # type: ignore[type-var]
                              line_buffering=name == "stderr" or outlet.isatty())  # fmt: skip
        setattr(sys, name, to)
