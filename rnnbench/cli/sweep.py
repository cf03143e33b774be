"""A sweep: many runs asked for at once, each done once, and the report at the end.

The records say what is done, not the process that drives the sweep: whatever ended an earlier sweep, starting it again
does what is left.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnnbench.cli.composer import Composer
from rnnbench.cli.job import no_model
from rnnbench.cli.launching import Launching
from rnnbench.cli.naming import named, remember
from rnnbench.cli.plan import plan
from rnnbench.cli.probes import probe
from rnnbench.cli.requests import check, composed, unfinished
from rnnbench.cli.room import say_room
from rnnbench.command import in_the_way
from rnnbench.config import Config
from rnnbench.errors import UsageError
from rnnbench.records import read_record, run_lock
from rnnbench.records.files import own_record


def sweep(composer: Composer, jobs: Sequence[Sequence[str]], launching: Launching) -> int:
    """Do every job whose record does not exist yet, print what became of all, make the report; the number of failures.

    Raises UsageError before anything starts when one of the requests cannot be.
    """
    if not jobs:
        raise UsageError("the sweep names no run: one of its keys has no value")
    asked = named(composed(composer, jobs))
    if asked.only_planned:
        check(asked, unfinished(asked), composer)
        plan({"runs": asked})
        return 0
    left = unfinished(asked)
    check(asked, left, composer)
    print(f"{len(asked.configs)} runs: {len(asked.configs) - len(left)} finished before, {len(left)} to do", flush=True)
    to_do = set(left)
    if said := no_model([config for key, config in asked.configs.items() if key not in to_do]):
        print(said, file=sys.stderr, flush=True)
    say_room([asked.configs[key] for key in left])
    launching.start([asked.configs[key] for key in left], [asked.jobs[key] for key in left])
    failed = summarise(asked.configs, left)
    if not composer.elsewhere:
        probe(asked.configs.values())
    return failed + sum(not report(directory) for directory in asked.directories)


def summarise(configs: Mapping[str, Config], left: list[str]) -> int:
    """Print `N ok, N diverged, N failed, N skipped`, from the records; the number of failed or missing runs."""
    tried = set(left)
    counts: Counter[str] = Counter()
    for key, config in configs.items():
        record = (own_record(config.run_dir) or read_record(config.run_dir)) if key in tried else None
        counts["skipped" if key not in tried else record["status"] if record else _without_record(config)] += 1
    line = ", ".join(f"{counts[status]} {status}" for status in ("ok", "diverged", "failed", "skipped"))
    line += "".join(f", {counts[s]} {s}" for s in ("elsewhere", "unfinished") if counts[s])
    print(line, flush=True)
    return counts["failed"] + counts["unfinished"]


def _without_record(config: Config) -> str:
    """elsewhere: another process is at that run; unfinished: nobody is."""
    if not config.run_dir.exists():
        return "unfinished"
    try:
        with run_lock(config.run_dir) as free:
            return "unfinished" if free else "elsewhere"
    except UsageError:  # where nothing can be written, nobody is at it
        return "unfinished"


def report(directory: Path) -> bool:
    """Make it and print where it is; False, with a line, where it cannot be made."""
    from rnnbench.report import report_and_verdicts

    try:
        remember(directory, sys.argv[1:])
    except UsageError as error:  # the page matters more
        print(f"what was typed is not kept: {error}", file=sys.stderr)
    try:
        page, verdicts = report_and_verdicts(directory)
        for line in verdicts:
            print(line)
        print(f"report: {page}", flush=True)
    except UsageError as error:
        print(f"report: {error}", file=sys.stderr)
        return False
    except OSError as error:  # no place for matplotlib's own files, a disk that is full
        print(f"report: {in_the_way(error)}", file=sys.stderr)
        return False
    return True
