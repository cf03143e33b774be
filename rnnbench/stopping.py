"""The signals that may end a command: Ctrl-C, SIGTERM and SIGHUP. What is ignored, as SIGHUP under nohup, stays so.

Imported before all else, and importing next to nothing: from the first line on they end a command as documented.
"""

import os
import signal
import sys

INTERRUPTED = 130
"""The exit code."""

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

came: list[int] = []
"""Those that asked this process to end, once it is `raising`."""


class Stopped(KeyboardInterrupt):
    """A signal other than Ctrl-C asks the process to end; `name` is the signal's."""

    def __init__(self, number: int):
        super().__init__(number)
        self.name = signal.Signals(number).name


def leaving() -> None:
    """Where this process is one of our commands: a signal ends it at once, as there is nothing to save yet."""
    given = sys.orig_argv[1:]
    if getattr(sys, "argv", [""])[0] == "-m" and "-m" in given:  # while Python looks for the module
        named = given[given.index("-m") + 1].partition(".")[0]
    else:
        named = os.path.basename(given[0]) if given else ""
    if named == "rnnbench":
        _listen(_leave)


def raising() -> None:
    """From here on the first is raised, as KeyboardInterrupt; the next does not wait for what that undoes."""
    _listen(_raise)


def let_end(error: BaseException) -> None:
    """Raise it again where it is to end the process: Ctrl-C and the like, and what a signal's handler raised, as the
    exit of submitit's. What else a user's code raises, `sys.exit` too, is an error like any other."""
    if isinstance(error, KeyboardInterrupt):
        raise error
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = {getattr(getattr(each, "__func__", each), "__code__", None) for each in handlers}
    at = None if isinstance(error, Exception) else error.__traceback__
    while at is not None:
        if at.tb_frame.f_code in codes:
            raise error
        at = at.tb_next


def ignoring() -> None:
    """All is done: a signal that comes now changes nothing."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _listen(handler: object) -> None:
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)  # type: ignore[arg-type]


def _leave(number: int, frame: object = None) -> None:
    said = "interrupted" if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}"
    try:
        os.write(2, f"{said}\n".encode())
    finally:
        os._exit(INTERRUPTED)


def _raise(number: int, frame: object = None) -> None:
    came.append(number)
    if len(came) > 1:
        _leave(number)
    raise KeyboardInterrupt if number == signal.SIGINT else Stopped(number)


leaving()
