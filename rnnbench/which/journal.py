"""What was done, a line each, appended as it ends: who is killed and typed again goes on where he was.

    results/NAME/journal.jsonl     {"what": "question", …}   what was asked of which bytes
                                   {"what": "session"}       somebody is at it, anew or again
                                   {"what": "plan", …}       how much is done; the last one counts, and where it says
                                                             "anew", nothing that was done before it
                                   {"what": "baselines" | "trial" | "fit", "split": …, …}
                                   {"what": "answered", "pairs": …}
    results/NAME/answers/S-C-K.npz     what cell C said of the test rows of split S, with seed K

A line is written at once and flushed; one that a kill cut in two, or that is none of these, is dropped when it is
read. Each has the seconds since its session began, `at`.
"""

from __future__ import annotations

import io
import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rnnbench.errors import UsageError
from rnnbench.machine.locks import run_lock
from rnnbench.records.atomic import finite, write_bytes_atomically
from rnnbench.records.regular import read_regular
from rnnbench.which.entries import ours

JOURNAL = "journal.jsonl"
PATIENCE = 2.0
"""Seconds that are waited for another process to leave a folder."""

Entry = dict[str, Any]

OF_A_PLAN = ("baselines", "trial", "fit")


class Journal:
    """The lines in `entries`, oldest first. Without a folder nothing is kept but them."""

    def __init__(self, folder: Path | None = None):
        self.folder = folder
        self.entries: list[Entry] = [] if folder is None else list(_lines(folder / JOURNAL))
        self._arrays: dict[str, Mapping[str, np.ndarray]] = {}
        self.began = time.monotonic()  # this session

    def add(self, entry: Entry, arrays: Mapping[str, np.ndarray] | None = None) -> None:
        """Arrays first, then the line. Raises UsageError where neither can be written."""
        entry = finite(entry) | {"at": round(time.monotonic() - self.began, 3)}
        if arrays is not None:
            self._keep(entry, arrays)
        if self.folder is not None:
            line = json.dumps(entry, allow_nan=False) + "\n"
            path = self.folder / JOURNAL
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                with path.open("a+b") as file:
                    if _torn(file):
                        line = "\n" + line
                    file.write(line.encode())
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
        self.entries.append(entry)

    def of(self, what: str) -> list[Entry]:
        """Those that count: of fits not those with settings of a trial that the plan no longer has."""
        if what not in OF_A_PLAN:
            return [entry for entry in self.entries if entry["what"] == what]
        plans = [n for n, entry in enumerate(self.entries) if entry["what"] == "plan"]
        anew = max((n for n in plans if self.entries[n].get("anew")), default=0)
        trials = self.entries[plans[-1]]["plan"]["trials"] if plans else math.inf
        return [e for e in self.entries[anew:] if e["what"] == what and (what != "fit" or e.get("trial", -1) < trials)]

    def last(self, what: str) -> Entry | None:
        found = self.of(what)
        return found[-1] if found else None

    @property
    def seconds(self) -> float:
        """Of all sessions: of each that is over up to its last line, of this one up to now."""
        ends = [0.0]
        for entry in self.entries:
            if entry["what"] == "session":
                ends.append(0.0)
            ends[-1] = max(ends[-1], entry.get("at", 0.0))
        return sum(ends[:-1]) + time.monotonic() - self.began

    def arrays(self, entry: Entry) -> dict[str, np.ndarray]:
        """What was said of the test rows in that fit; {} where nothing is kept."""
        name = _name(entry)
        if name in self._arrays:
            return dict(self._arrays[name])
        path = None if self.folder is None else self.folder / "answers" / f"{name}.npz"
        if path is None or not path.exists():
            return {}
        with np.load(path, allow_pickle=False) as kept:
            return {key: kept[key] for key in kept.files}

    def _keep(self, entry: Entry, arrays: Mapping[str, np.ndarray]) -> None:
        if self.folder is None:
            self._arrays[_name(entry)] = arrays
            return
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
        write_bytes_atomically(self.folder / "answers" / f"{_name(entry)}.npz", content.getvalue())


@contextmanager
def opened(folder: Path, question: Mapping[str, Any], digest: str) -> Iterator[Journal]:
    """The journal of this question, gone on with or begun.

    Raises UsageError where the folder holds another question, or one about a file that has changed since, and where
    another process is at it.
    """
    made = not folder.exists()
    try:
        with _locked(folder, question, digest) as journal:
            yield journal
    finally:
        done = (folder / JOURNAL).exists() and len(list(_lines(folder / JOURNAL))) > 1
        if made and not done and folder.exists():  # beyond the question there is nothing
            (folder / JOURNAL).unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()


@contextmanager
def _locked(folder: Path, question: Mapping[str, Any], digest: str) -> Iterator[Journal]:
    with ExitStack() as held:
        until, mine = time.monotonic() + PATIENCE, held.enter_context(run_lock(folder))
        while not mine and time.monotonic() < until:  # of one who was killed the processes end a moment later
            time.sleep(0.05)
            mine = held.enter_context(run_lock(folder))
        if not mine:
            raise UsageError("another process is at it", key="name", value=folder.name, allowed="another name, or wait")
        journal = Journal(folder)
        asked = finite({"what": "question", "asked": question, "digest": digest})
        before = journal.last("question")
        if before is None:
            journal.add(asked)
        elif before["digest"] != digest:
            raise UsageError(f"the file has changed since {folder} was begun", key="name", value=folder.name,
                             allowed="another name, or that folder removed")  # fmt: skip
        elif before["asked"] != asked["asked"]:
            differ = sorted(k for k in {**before["asked"], **asked["asked"]}
                            if before["asked"].get(k) != asked["asked"].get(k))  # fmt: skip
            raise UsageError(f"{folder} holds another question: {', '.join(differ)} differ", key="name",
                             value=folder.name, allowed="another name, or that folder removed")  # fmt: skip
        yield journal


def _name(entry: Entry) -> str:
    return f"{entry['split']}-{entry['slot']}-{entry['seed']}"


def _torn(file: Any) -> bool:
    """Whether the last line lacks its end."""
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) != b"\n")


def _lines(path: Path) -> Iterator[Entry]:
    try:
        text = read_regular(path).decode("utf-8", "replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):  # a kill cut it in two
            continue
        if ours(entry):
            yield entry
