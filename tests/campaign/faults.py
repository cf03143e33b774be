"""Each system call that a run, a sweep or a report makes for writing fails once: ENOSPC, EIO, EINTR, EACCES.

usage: python -m tests.campaign.faults [what=run,sweep,report] [calls=write,fsync,rename,open,mkdir,unlink,flock]
                                       [errors=ENOSPC,EIO,EINTR,EACCES] [most=1000] [turn=no|yes] [out=]

A preload (fault.c) in the process that all commands are forked from counts the calls on files under results/, then
fails the first, the second, … of them. Afterwards nothing is half-written, the exit code is documented, and the same
command without the fault ends with the records of one that never met it. most: of each call, spread over all of them.
turn=yes: each call once, the first of a kind by the first of the errors, the second by the second, and so on.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.campaign.common import (
    OBJECTIVES,
    ROOT,
    B,
    Log,
    arguments,
    files,
    forked,
    half_written,
    loaded,
    unpolite,
    waited,
)
from tests.campaign.kills import records

RUN = [*B, *OBJECTIVES["value"], "cell=gru", "checkpoint_seconds=0.001"]
COMMANDS = {
    "run": ("rnnbench", RUN),
    "sweep": ("rnnbench", ["-m", *RUN, "seed=0,1", "workers=1"]),
    "report": ("rnnbench.report", ["results/adding", "pack=true"]),
}


@cache
def preload() -> str:
    """The compiled library."""
    made = ROOT / "build" / "campaign" / "fault.so"
    made.parent.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name("fault.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(made), str(source), "-ldl"], check=True)
    return str(made)


def library() -> ctypes.CDLL:
    """The preload, of which this process and its forks have one each."""
    return ctypes.CDLL(preload())


def asked_of(folder: Path, what: str, call: str = "none", nth: int = 0, number: int = 0) -> dict[str, Any]:
    """One command with one fault, or none; after it the number of calls."""
    module, given = COMMANDS[what]
    (folder / "results").mkdir(exist_ok=True)
    under = str(folder / "results").encode()
    pid, said = forked(folder, given, module, before=lambda: library().fault_set(call.encode(), nth, number, under),
                       after=lambda: library().fault_count())  # fmt: skip
    return waited(pid, said)


def prepared(folder: Path, what: str) -> None:
    """What the command finds: for a report a finished sweep."""
    files(folder)
    if what == "report":
        shutil.copytree(finished_sweep(), folder / "results")


@cache
def finished_sweep() -> Path:
    folder = Path(tempfile.mkdtemp())
    files(folder)
    assert asked_of(folder, "sweep")["code"] == 0
    return folder / "results"


@cache
def counted(what: str, call: str) -> int:
    """How often a command makes the call."""
    with tempfile.TemporaryDirectory() as name:
        prepared(Path(name), what)
        found = asked_of(Path(name), what, call)
        assert found["code"] == 0, found
        return int(found["after"])


@cache
def undisturbed(what: str) -> Any:
    if what == "report":
        return None
    with tempfile.TemporaryDirectory() as name:
        prepared(Path(name), what)
        assert asked_of(Path(name), what)["code"] == 0
        return records(Path(name))


def case(key: str) -> dict[str, Any]:
    what, call, error, nth = key.split("/")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder, what)
        first = asked_of(folder, what, call, int(nth), getattr(errno, error))
        broken = unpolite(first["code"], first["out"], first["err"]) or "; ".join(half_written(folder))
        if not broken and call != "unlink" and list(folder.rglob("*.tmp")):
            broken = "left a draft behind"
        if not broken:
            again = asked_of(folder, what)
            broken = unpolite(again["code"], again["out"], again["err"], (0,))
            if not broken and what != "report" and records(folder) != undisturbed(what):
                broken = "other records than those of one that met no fault"
    return {"kind": f"{what} {first['code']}", "broken": broken, "said": first["err"][-200:]}


def main() -> int:
    asked = arguments({"what": "run,sweep,report", "calls": "write,fsync,rename,open,mkdir,unlink,flock",
                       "errors": "ENOSPC,EIO,EINTR,EACCES", "most": 1000, "turn": "no", "out": ""})  # fmt: skip
    if "LD_PRELOAD" not in os.environ:  # of this process, from which all are forked
        os.execve(sys.executable, [sys.executable, "-m", "tests.campaign.faults", *sys.argv[1:]],
                  os.environ | {"LD_PRELOAD": preload()})  # fmt: skip
    loaded()
    keys = []
    for what in asked["what"].split(","):
        for call in asked["calls"].split(","):
            count = counted(what, call)
            print(f"{what}: {count} calls of {call}", flush=True)
            spread = sorted({1 + i * count // asked["most"] for i in range(asked["most"])}) if count else []
            errors = asked["errors"].split(",")
            for nth in (n for n in spread if n <= count):
                of_it = [errors[nth % len(errors)]] if asked["turn"] == "yes" else errors
                keys += [f"{what}/{call}/{error}/{nth}" for error in of_it]
    return int(Log(asked["out"], "faults").each(keys, case) > 0)


if __name__ == "__main__":
    sys.exit(main())
