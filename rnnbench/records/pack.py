"""records.jsonl.gz: the runs of results/NAME in one small file, to be committed or mailed and read without runs/.

Each line is a run: its record, as run.json holds it, and with it `history`, the text of its history.csv, thinned (null
where there was none). Lines are sorted by run_id. `rnnbench.records.packing` writes it. A record with a field `rebuilt`
was made from tables, which it names, and not by its run: it lacks what they lack.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnbench.records.atomic import finite
from rnnbench.records.newer import is_newer
from rnnbench.records.regular import read_regular
from rnnbench.records.schema import SCHEMA_VERSION, RecordError, check

PACK = "records.jsonl.gz"
COMMANDS = "commands.txt"
"""Beside the page: what was typed to make its runs, a line a command."""


def commands(directory: Path) -> list[str]:
    """What `COMMANDS` of a directory holds, nothing where it cannot be read: it only describes."""
    try:
        text = read_regular(directory / COMMANDS).decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]


_PLAIN = re.compile(r"\w[\w.+-]*")


@dataclass(frozen=True)
class Pack:
    """The whole lines of a pack, as bytes: ten thousand of them take a tenth of the memory of their records."""

    lines: Mapping[str, bytes]  # run_id → its line; where a run stands twice, the later one
    problems: tuple[str, ...] = ()  # what could not be read, such as "line 3: not a JSON object"
    newer: Mapping[str, Any] = field(default_factory=dict)  # run_id → schema_version of what a newer release packed

    def run(self, run_id: str) -> tuple[dict[str, Any], str | None]:
        """The record of a run and its history. Raises KeyError where it has no line."""
        return parsed(self.lines[run_id])


NO_PACK = Pack({})
_read_before: dict[str, tuple[tuple[int, int], Pack]] = {}


def pack_of(directory: Path) -> Pack:
    """The pack of results/NAME, read once as long as the file stays the same; `NO_PACK` where there is none.

    What is damaged is named in one line on stderr when it is read.
    """
    path = Path(directory) / PACK
    try:
        there = path.stat()
    except OSError:
        return NO_PACK
    if not stat.S_ISREG(there.st_mode):  # reading a pipe would wait for who writes into it
        return NO_PACK
    place, state = os.path.abspath(path), (there.st_mtime_ns, there.st_size)
    if place not in _read_before or _read_before[place][0] != state:
        _read_before[place] = state, _read(path)
    return _read_before[place][1]


def packed(run_dir: Path) -> tuple[dict[str, Any], str | None] | None:
    """Record and history of results/NAME/runs/<run_id> from the pack of results/NAME, or None where it is not there."""
    pack, run_id = pack_of(Path(run_dir).parent.parent), Path(run_dir).name
    return pack.run(run_id) if run_id in pack.lines else None


def line_of(record: Mapping[str, Any], history: str | None) -> bytes:
    """A run as a line of a pack. Raises RecordError for what could not be read back."""
    line = json.dumps(finite({**record, "history": history}), separators=(",", ":"), allow_nan=False).encode()
    _check(*parsed(line))
    return line


def parsed(line: bytes) -> tuple[dict[str, Any], str | None]:
    """Record and history. Raises RecordError for what is no JSON object."""
    record = decoded(line)
    return record, record.pop("history", None)


def decoded(content: bytes) -> dict[str, Any]:
    """A record from its JSON, unchecked. Raises RecordError for what is no JSON object."""
    try:
        record = json.loads(content, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"unreadable: {' '.join(str(error).split())}") from error
    if not isinstance(record, dict):
        raise RecordError("not a JSON object")
    return record


def _check(record: dict[str, Any], history: object) -> str:
    """The run_id of a line that can be believed. Raises RecordError."""
    check(record)
    if not _PLAIN.fullmatch(record["run_id"]):  # it names a directory
        raise RecordError(f"run_id is {record['run_id']!r}, not a plain name")
    if not isinstance(history, str | None):
        raise RecordError("history is not a text")
    return record["run_id"]


def _read(path: Path) -> Pack:
    lines: dict[str, bytes] = {}
    problems, newer = [], {}
    number = 0
    try:
        for number, line in enumerate(_lines(path), 1):
            record: dict[str, Any] = {}
            try:
                record, history = parsed(line)
                lines[_check(record, history)] = line.rstrip(b"\n")
            except RecordError as error:
                if is_newer(record.get("schema_version"), SCHEMA_VERSION):
                    newer[str(record.get("run_id"))] = record["schema_version"]
                problems.append(f"line {number}: {error}")
        if not number:
            problems.append("it is empty")
    except (OSError, EOFError, zlib.error) as error:  # cut off, or not what gzip wrote
        problems.append(f"damaged after {number} whole lines: {' '.join(str(error).split())}")
    if problems:
        more = f" (and {len(problems) - 1} more such)" if len(problems) > 1 else ""
        print(f"warning: {path}: {problems[0]}{more}", file=sys.stderr)
    return Pack(lines, tuple(problems), newer)


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        yield from file
