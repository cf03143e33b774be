"""The one exception that a person at the command line can cause, and so can mend; and lines that are said once."""

from __future__ import annotations

import os
import re
import shlex
import sys
import traceback

from rnnbench.stopping import let_end


class UsageError(ValueError):
    """A request that cannot be carried out as asked.

    Its text is one line naming the key, the value and what is allowed. The command line prints that line and exits
    with `exit_code`; library code raises it as it is.
    """

    exit_code = 2

    def __init__(self, problem: str, *, key: str | None = None, value: object = None, allowed: str | None = None):
        self.problem, self.key, self.value, self.allowed = problem, key, value, allowed
        self.shown = _shown(value)
        line = problem if key is None else f"{key}={self.shown}: {problem}"
        if allowed is not None:
            line += f" (allowed: {allowed})"
        super().__init__(escaped(" ".join(line.split())))


class TooLittleData(UsageError):  # noqa: N818 - said to people as it is
    """There is too little to answer from: no fault of the request, so that programs end with a code of its own."""

    exit_code = 3


def install(extra: str) -> str:
    """The command that brings what an extra asks for, by the packages' own names, so that it works from a checkout."""
    from importlib import metadata  # not before the first signal can be heard

    try:
        asked = metadata.requires("rnnbench") or []
    except metadata.PackageNotFoundError:
        asked = []
    own = [each.partition(";")[0].strip() for each in asked if re.search(rf"""extra == ['"]{extra}['"]""", each)]
    return f"pip install {' '.join(repr(each) for each in own) or repr(f'rnnbench[{extra}]')}"


TOLD: list[str] = []
"""What `tell` has said in this process."""

passes_on = False
"""Whether this is a process that a sweep started, which says nothing itself (cli/workers.py)."""


def tell(line: str) -> None:
    """The line on stderr, once a command: the processes of a sweep pass theirs on to the one that started them."""
    if line in TOLD:
        return
    TOLD.append(line)
    if not passes_on:
        print(f"rnnbench: {line}", file=sys.stderr, flush=True)


def escaped(text: str) -> str:
    """Text that every file and console takes: control characters, and bytes of a file name that are no UTF-8, as Python
    writes them, such as \\x1b and \\udce9."""
    return _NO_TEXT.sub(lambda found: ascii(found[0])[1:-1], text)


_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def for_shell(word: str) -> str:
    """A word as a shell takes it; what is no text byte by byte: $'caf\\xe9.csv'."""
    if escaped(word) == word:
        return shlex.quote(word)
    plain = {ord(each): each for each in map(chr, range(32, 127)) if each not in "\\'"}
    return "$'" + "".join(plain.get(each, f"\\x{each:02x}") for each in os.fsencode(word)) + "'"


def text_of(error: BaseException) -> str:
    """What an error says, in one line. One of a user's own may be unable to say it."""
    try:
        return escaped(" ".join(str(error).split()))
    except BaseException as problem:
        let_end(problem)
        return f"no text: its __str__ raises {type(problem).__name__}"


def in_one_line(error: BaseException) -> str:
    """What went wrong, and of which kind it is where the text alone was not written for people."""
    text = text_of(error)
    return text if isinstance(error, UsageError) else f"{type(error).__name__}: {text}"


def where_of(error: BaseException, cls: type) -> str:
    """ "my_data.py, line 12": the last line of the class's own file that an exception came through, else its origin."""
    frames = traceback.extract_tb(error.__traceback__)
    own = getattr(sys.modules.get(cls.__module__), "__file__", None)
    frame = ([each for each in frames if each.filename == own] or frames)[-1]
    return escaped(f"{os.path.relpath(frame.filename)}, line {frame.lineno}")


def own_line_of(error: BaseException) -> str | None:
    """ "my_cells.py, line 12": the last line of code that is neither ours nor of an installed package; None where none
    is."""
    installed = (os.path.dirname(__file__), sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if os.path.isfile(frame.filename) and not frame.filename.startswith(installed):
            near = os.path.relpath(frame.filename)
            return escaped(f"{frame.filename if near.startswith('..') else near}, line {frame.lineno}")
    return None


def _shown(value: object) -> str:
    if isinstance(value, dict | list) and len(str(value)) > 80:  # a whole branch of a file
        return f"{str(value)[:77]}…"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
