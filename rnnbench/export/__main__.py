"""Take it away: the kept model for other programs, or the runs for a tracker.

usage: python -m rnnbench.export results/NAME format=FORMAT [out=PATH]

  format    one of those below
  out       where it goes                                (default: said beside each format)

results/NAME is the folder of an answer, of a sweep or of a study, or results/NAME/runs/RUN_ID that of one run. Formats:

{formats}

Prints what it wrote. Exit code: 0 done, 2 a request that makes no sense.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rnnbench import registry
from rnnbench.command import command, manual
from rnnbench.config.arguments import pairs
from rnnbench.errors import UsageError
from rnnbench.export.formats.base import Format

ROOM = "rnnbench.export.formats"


def main(arguments: Sequence[str]) -> int:
    """Write what is asked for and print where it is; the exit code."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print(_help())
        return 0
    sources = [each for each in arguments if Path(each).is_dir() or "=" not in each]
    try:
        request = pairs([each for each in arguments if each not in sources], ["format", "out"])
        if len(sources) != 1:
            raise UsageError(
                f"{len(sources)} folders are given", allowed="one: results/NAME or results/NAME/runs/RUN_ID"
            )
        if "format" not in request:
            raise UsageError("is not said", key="format", allowed=", ".join(registry.names(ROOM)))
        for line in export(sources[0], request["format"], request.get("out")):
            print(line)
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def export(source: str | Path, format: str, out: str | None = None) -> list[str]:
    """Write `source`, a results folder, in a format; gives what was written, a line each.

    Raises UsageError for an unknown format, for one whose program is not installed, and for what it cannot hold.
    """
    if not Path(source).is_dir():
        raise UsageError(f"{source} is no folder", allowed="results/NAME or results/NAME/runs/RUN_ID")
    chosen = registry.get(ROOM, format, Format, "format")
    if why := chosen.missing():
        raise UsageError(why, key="format", value=format)
    return chosen.write(Path(source), out)


def _help() -> str:
    lines = [f"  {name:<12}{registry.words(ROOM, name)}" for name in registry.names(ROOM)]
    return manual(__doc__, __file__).format(formats="\n".join(lines))


if __name__ == "__main__":
    command(main)
