"""What a newer release left: it is not written over, wherever it stands."""

from __future__ import annotations

from pathlib import Path

from rnnbench.errors import UsageError


class Newer(UsageError):  # noqa: N818 - said to people as it is
    """A file of a newer release is where this one would write."""


def is_newer(found: object, ours: int) -> bool:
    """Whether a version is neither ours nor an earlier one. A file that says none is damaged, not newer."""
    if isinstance(found, str):  # numbers may become names one day
        return bool(found)
    return isinstance(found, int | float) and not isinstance(found, bool) and found > ours


def leave(path: Path, what: str, found: object, ours: int) -> None:
    """Raises Newer for a version that is newer than ours. what: it is the version of."""
    if is_newer(found, ours):
        raise Newer(f"{path} is of a newer release ({what} {found}, this program reads {ours}): it is left as it is; "
                    "use that release, or another name=")  # fmt: skip
