"""python -m rnnbench.report results/NAME: make the report again, from the records alone, and print its path."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from rnnbench.errors import UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m rnnbench.report",
        description="Write report.html, figures/ and tables (CSV, Markdown, LaTeX) from the records of a sweep.",
    )
    parser.add_argument("directory", type=Path, nargs="+", metavar="results/NAME", help="a directory that holds runs/")
    chosen = parser.parse_args(arguments)
    from rnnbench.report.page import make_report

    gc.freeze()  # a short program that makes many small objects: looking for garbage is a quarter of its time
    gc.set_threshold(200_000, 50, 50)
    for directory in chosen.directory:
        try:
            print(make_report(directory))
        except UsageError as error:
            print(error, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
