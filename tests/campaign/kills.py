"""SIGKILL at random moments over runs, sweeps and `rnnbench.which`: started again, they end as if never killed.

usage: python -m tests.campaign.kills [n=200] [seed=0] [what=run,sweep,beside,which] [kills=3] [out=]

A case is one run (or sweep of four, or answer) of one objective, killed up to `kills` times and then left to end. Its
records, less times and places, are held against those of the same command never killed. Runs and sweeps one after
another (`run`, `sweep`) are forked from a process that has loaded all: every kill falls into work. `beside` is a
sweep with processes side by side, and `which` an answer, each started as a person starts it and killed with or without
its children.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.campaign.common import OBJECTIVES, B, Log, arguments, ended, files, forked, loaded, started, unpolite, waited

TIMES = {"minutes", "seconds", "began", "ended", "when", "at", "spent", "started", "finished", "timing", "left"}


def records(folder: Path) -> dict[str, Any]:
    """What the records say, less what no two runs share."""
    found = {}
    for path in folder.glob("results/*/runs/*/run.json"):
        record = json.loads(path.read_text())
        for key in ("timing", "started", "finished"):
            del record[key]
        record["environment"].pop("load_average", None)
        record["memory"].pop("peak_bytes", None)
        rows = [line.split(",") for line in (path.parent / "history.csv").read_text().splitlines()]
        at = rows[0].index("seconds")
        record["history"] = [row[:at] + row[at + 1 :] for row in rows]
        found[record["run_id"]] = record
    return found


def answer(folder: Path) -> Any:
    """answer.json less times."""
    return [_timeless(json.loads(path.read_text())) for path in sorted(folder.glob("results/*/answer.json"))]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if not TIMES & set(k.split("_")) and k != "step_ms"}
        return {k: _timeless(v) for k, v in kept.items() if (k, type(v)) != ("cost", str)}  # how long it took, in words
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def command(what: str, objective: str) -> tuple[str, list[str]]:
    own = [*B, *OBJECTIVES[objective], "budget.max_steps=300", "budget.eval_every=50", "checkpoint_seconds=0.05"]
    if what == "run":
        return "rnnbench", [*own, "cell=gru"]
    if what in ("sweep", "beside"):
        return "rnnbench", ["-m", *own, "cell=lstm,gru", "seed=0,1", f"workers={1 + (what == 'beside')}"]
    return "rnnbench.which", ["table.csv", "target=label", "splits=2", "trials=2", "seeds=1", "steps=40"]


def outcome(what: str, folder: Path) -> Any:
    return answer(folder) if what == "which" else records(folder)


def begun(what: str, objective: str, folder: Path) -> tuple[int, Callable[[], dict[str, Any]]]:
    """The command's pid, and what waits for its ending."""
    module, given = command(what, objective)
    if what in ("run", "sweep"):
        pid, said = forked(folder, given)
        return pid, lambda: waited(pid, said, 300)
    process = started(folder, *given, module=module)
    return process.pid, lambda: dict(zip(("code", "out", "err"), ended(process), strict=True))


@cache
def undisturbed(what: str, objective: str) -> tuple[Any, float]:
    """What it ends with, and how long it takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder)
        began = time.monotonic()
        found = begun(what, objective, folder)[1]()
        if found["code"] != 0:
            sys.exit(f"{what} of {objective} never killed ends with {found}")
        return outcome(what, folder), time.monotonic() - began


def case(key: str, seed: int, kills: int) -> dict[str, Any]:
    what, objective, _ = key.split("/")
    draw = random.Random(f"{seed} {key}")
    wanted, seconds = undisturbed(what, objective)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder)
        done = 0
        for _ in range(draw.randint(1, kills)):
            pid, wait = begun(what, objective, folder)
            time.sleep(draw.uniform(0.0 if what in ("run", "sweep") else 0.3, seconds))
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                done += 1
                together = what in ("beside", "which") and draw.random() < 0.5
                (os.killpg if together else os.kill)(pid, signal.SIGKILL)
            wait()
        found = begun(what, objective, folder)[1]()
        broken = unpolite(found["code"], found["out"], found["err"], (0,))
        if not broken and outcome(what, folder) != wanted:
            broken = "other records than those of one never killed"
        if not broken and list(folder.rglob("*.tmp")):
            broken = f"left behind: {[str(p.relative_to(folder)) for p in folder.rglob('*.tmp')]}"
    return {"kind": what, "kills": done, "broken": broken}


def main() -> int:
    asked = arguments({"n": 200, "seed": 0, "what": "run,sweep,beside,which", "kills": 3, "out": ""})
    loaded()
    whats = asked["what"].split(",")
    kinds = [(w, o) for w in whats for o in (["table"] if w == "which" else OBJECTIVES)]
    keys = [f"{kinds[i % len(kinds)][0]}/{kinds[i % len(kinds)][1]}/{i}" for i in range(asked["n"])]
    log = Log(asked["out"], "kills")
    broken = log.each(keys, lambda key: case(key, asked["seed"], asked["kills"]))
    print(f"{sum(log.done[key]['kills'] for key in keys)} SIGKILLs")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
