"""A sweep: many runs asked for at once, each done once, and the report at the end.

The records say what is done, not the process that drives the sweep: whatever ended an earlier sweep, starting it again
does what is left. All requests are checked before the first one starts, as far as that needs no data.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnbench.cli.composer import Composer
from rnnbench.config import Config
from rnnbench.errors import UsageError, in_one_line
from rnnbench.records import finished, read_record, run_lock
from rnnbench.records.files import own_record


@dataclass(frozen=True)
class Requests:
    """Runs asked for, by directory: requests that mean the same run are one."""

    configs: dict[str, Config]
    jobs: dict[str, list[str]]  # the overrides of each

    @property
    def directories(self) -> list[Path]:
        """The results/NAME that they belong to."""
        return sorted({Path(key).parent.parent for key in self.configs})

    def __or__(self, others: Requests) -> Requests:
        return Requests(self.configs | others.configs, self.jobs | others.jobs)

    def without(self, others: Requests) -> Requests:
        left = [key for key in self.configs if key not in others.configs]
        return Requests({key: self.configs[key] for key in left}, {key: self.jobs[key] for key in left})


def requests(composer: Composer, jobs: Sequence[Sequence[str]]) -> Requests:
    """All jobs checked. jobs: the overrides of each run. Raises UsageError when one of them cannot be."""
    made = Requests({}, {})
    for each in jobs:
        config = composer.compose(each)
        key = str(config.run_dir)
        made.configs.setdefault(key, config)
        made.jobs.setdefault(key, list(each))
    for directory in made.directories:
        _check_place(directory)
    if left := unfinished(made):  # what has a result could be asked for, and needs no torch now
        _check_what_is_asked([made.configs[key] for key in left], here=not composer.elsewhere)
    return made


Launch = Callable[[list[list[str]]], object]
"""Runs a list of jobs, in this process or elsewhere."""


def sweep(composer: Composer, jobs: Sequence[Sequence[str]], launch: Launch) -> int:
    """Do every job whose record does not exist yet, print what became of all, make the report; the number of failures.

    Raises UsageError before anything starts when one of the requests cannot be.
    """
    if not jobs:
        raise UsageError("the sweep names no run: one of its keys has no value")
    asked = requests(composer, jobs)
    left = unfinished(asked)
    print(f"{len(asked.configs)} runs: {len(asked.configs) - len(left)} finished before, {len(left)} to do", flush=True)
    start(launch, [asked.jobs[key] for key in left])
    failed = summarise(asked.configs, left)
    return failed + sum(not report(directory) for directory in asked.directories)


def unfinished(asked: Requests) -> list[str]:
    """The directories of those that have no result yet, or are to be repeated."""
    return [key for key, config in asked.configs.items() if config.force or not finished(config.run_dir)]


def start(launch: Launch, jobs: list[list[str]]) -> None:
    """Launch them. Whatever ends a launcher, what its workers had finished is on disk."""
    if not jobs:
        return
    # Ctrl-C also ends the pgrep with which joblib looks for its workers' children; it kills the workers all the same.
    warnings.filterwarnings("ignore", "Failed to kill subprocesses on this platform")
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")  # it frees what they held, and says so
    try:
        launch(jobs)
    except UsageError:
        raise
    except Exception as error:
        print(f"launcher: {in_one_line(error)}", file=sys.stderr)


def _check_place(directory: Path) -> None:
    """Raises UsageError where records could not be written, before each run would say so."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        place = directory.parent
        raise UsageError(
            f"{there} cannot be written to", key="results_dir", value=place, allowed="a directory that can"
        )


def _check_what_is_asked(configs: Iterable[Config], here: bool) -> None:
    """Every class, device and backend that the requests name, and every width that is to be matched.

    A device only if they run `here`: the machine that submits jobs to a cluster may well have no GPU.
    """
    import torch

    from rnnbench.config import make_cell, make_dataset
    from rnnbench.recurrent import backends
    from rnnbench.run import choose_device, matched_width, task_of

    configs = list(configs)
    for config in {str(c.dataset): c for c in configs}.values():
        make_dataset(config)
    for config in {(str(c.cell), c.device, c.dtype, c.backend): c for c in configs}.values():
        there = torch.device("cpu" if config.device == "auto" else config.device)
        device = choose_device(config.device) if here else there
        backends.choose(config.backend, make_cell(config), device, getattr(torch, config.dtype))
    sizes = {(str(c.cell), str(c.dataset), c.seq_len, c.hidden_size, c.num_layers, c.embedding_size): c
             for c in configs if c.match == "params"}  # fmt: skip
    for config in sizes.values():
        try:
            task = task_of(config)
        except UsageError:  # no data: each run says so, and the others go on
            continue
        try:
            matched_width(config, task)
        except UsageError as error:
            raise UsageError(f"cell={config.cell.name} dataset={config.dataset.name} {error}") from error


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
    with run_lock(config.run_dir) as free:
        return "unfinished" if free else "elsewhere"


def report(directory: Path) -> bool:
    """Make it and print where it is; False, with a line, where it cannot be made."""
    from rnnbench.report import report_and_verdicts

    try:
        page, verdicts = report_and_verdicts(directory)
        for line in verdicts:
            print(line)
        print(f"report: {page}", flush=True)
    except UsageError as error:
        print(f"report: {error}", file=sys.stderr)
        return False
    return True
