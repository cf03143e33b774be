"""The one exception that a person at the command line can cause, and so can mend."""

from __future__ import annotations


class UsageError(ValueError):
    """A request that cannot be carried out as asked.

    Its text is one line naming the key, the value and what is allowed. The command line prints that line and exits
    with code 2; library code raises it as it is.
    """

    def __init__(self, problem: str, *, key: str | None = None, value: object = None, allowed: str | None = None):
        line = problem if key is None else f"{key}={_shown(value)}: {problem}"
        if allowed is not None:
            line += f" (allowed: {allowed})"
        super().__init__(" ".join(line.split()))


def in_one_line(error: BaseException) -> str:
    """What went wrong, and of which kind it is where the text alone was not written for people."""
    text = " ".join(str(error).split())
    return text if isinstance(error, UsageError) else f"{type(error).__name__}: {text}"


def _shown(value: object) -> str:
    if isinstance(value, dict | list) and len(str(value)) > 80:  # a whole branch of a file
        return f"{str(value)[:77]}…"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
