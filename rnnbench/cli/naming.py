"""results/NAME of a sweep that was given no name: after its datasets, so that a page is of one question.

More seeds, lengths, widths or cells later belong to the same question and find its runs. A sweep whose runs an earlier
release left in results/default goes on there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rnnbench.cli.requests import Requests
from rnnbench.config import Config
from rnnbench.records import COMMANDS, commands, finished, write_text_atomically

UNNAMED = "default"
_MOST = 3  # datasets in a name; more are counted


def named(asked: Requests) -> Requests:
    """The same requests, in the folder of their datasets where none was named."""
    configs = asked.configs.values()
    given = any(text.lstrip("+").startswith("name=") for job in asked.jobs.values() for text in job)
    if given or any(config.name != UNNAMED for config in configs):
        return asked
    if any(config.run_dir.exists() or finished(config.run_dir) for config in configs):
        return asked
    name = _name(configs)
    made = Requests({}, {})
    for key, config in asked.configs.items():
        moved = replace(config, name=name)
        made.configs[str(moved.run_dir)] = moved
        made.jobs[str(moved.run_dir)] = [*asked.jobs[key], f"name={name}"]
    return made


def _name(configs: Iterable[Config]) -> str:
    found = sorted({_question(config) for config in configs})
    return "-".join([*found[:_MOST], *([f"and-{len(found) - _MOST}-more"] if len(found) > _MOST else [])])


def _question(config: Config) -> str:
    """The dataset; of a user's own file the file's name."""
    path = config.dataset.options.get("path")
    words = Path(str(path)).stem if path else config.dataset.name
    return re.sub(r"[^A-Za-z0-9_.]+", "_", words).strip("._") or config.dataset.name


def remember(directory: Path, arguments: Sequence[str]) -> None:
    """Keep what was typed beside the page, each command once."""
    line = f"python -m rnnbench {shlex.join(arguments)}"
    before = commands(directory)
    if line not in before:
        write_text_atomically(directory / COMMANDS, "\n".join([*before, line]) + "\n")
