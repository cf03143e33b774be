"""The report again, from the records alone: the page, its figures and its tables (CSV, Markdown, LaTeX).

usage: python -m rnnbench.report results/NAME … [key=value]

  figure    import paths of figures of your own to add to the page, separated by commas: my_figures.Spread
  pack      true: first put all records into results/NAME/records.jsonl.gz           (default: false)

results/NAME holds runs/, or records.jsonl.gz, or both: a run that is in both is read from runs/. The pack is one small
file to commit or to mail: whole records, and of each history about a hundred evaluations. What is in it counts as
finished, for this program and for a sweep or a study that goes on in a copy of the directory; runs/ stays as it is.
Prints the paths of what it wrote. Exit code: 0 done, 2 a request that makes no sense.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnbench.config.arguments import one_of, pairs
from rnnbench.errors import UsageError

DEFAULTS = {"figure": "", "pack": "false"}


def main(arguments: Sequence[str]) -> int:
    """Write what is asked for and print where it is; the exit code."""
    if any(argument in ("-h", "--help") for argument in arguments):
        print((__doc__ or "").strip())
        return 0
    directories = [each for each in arguments if _is_directory(each)]
    try:
        request = DEFAULTS | pairs([each for each in arguments if each not in directories], list(DEFAULTS))
        pack = one_of("pack", request["pack"], ["true", "false"]) == "true"
        if not directories:
            raise UsageError("no directory is given", allowed="results/NAME, one or more")
        figures = request["figure"].split(",") if request["figure"] else []
        _write([Path(each) for each in directories], pack, figures)
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def _is_directory(argument: str) -> bool:
    """Not key=value, nor an option of other programs' habits; a directory that is there may be named like either."""
    return Path(argument).is_dir() or not ("=" in argument or argument.startswith("-"))


def _write(directories: Sequence[Path], pack: bool, figures: Sequence[str]) -> None:
    from rnnbench.records.packing import write_pack
    from rnnbench.report.page import make_report

    gc.freeze()  # a short program that makes many small objects: looking for garbage is a quarter of its time
    gc.set_threshold(200_000, 50, 50)
    for directory in directories:
        if pack:
            print(write_pack(directory))
        print(make_report(directory, figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
