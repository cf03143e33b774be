"""Two sweeps over one directory, one of them killed, or stopped and woken, under way: nothing lost, nothing doubled.

usage: python -m tests.campaign.two_sweeps [n=20] [seed=0] [out=]
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.campaign.common import OBJECTIVES, B, Log, arguments, files, forked, loaded, unpolite, waited
from tests.campaign.kills import records

SWEEP = ["-m", *B, *OBJECTIVES["value"], "cell=lstm,gru", "seed=0,1,2,3", "workers=1", "budget.max_steps=200",
         "checkpoint_seconds=0.05"]  # fmt: skip


def alone() -> Any:
    with tempfile.TemporaryDirectory() as name:
        files(Path(name))
        assert waited(*forked(Path(name), SWEEP))["code"] == 0
        return records(Path(name))


def case(key: str, seed: int, wanted: Any) -> dict[str, Any]:
    how, _ = key.split("/")
    draw = random.Random(f"{seed} {key}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files(folder)
        one, _ = forked(folder, SWEEP)
        other, _ = forked(folder, [*SWEEP, "workers=1"])
        time.sleep(draw.uniform(0.05, 1.5))
        os.kill(one, signal.SIGKILL if how == "killed" else signal.SIGSTOP)
        if how == "stopped":
            time.sleep(draw.uniform(0.2, 3))
            os.kill(one, signal.SIGCONT)
        for pid in (one, other):
            os.waitpid(pid, 0)
        last = waited(*forked(folder, SWEEP))
        broken = unpolite(last["code"], last["out"], last["err"], (0,))
        found = records(folder)
        if not broken and found != wanted:
            lost = sorted(set(wanted) - set(found))
            broken = f"lost {lost}" if lost else "other records than those of a sweep alone"
        return {"kind": how, "broken": broken}


def main() -> int:
    asked = arguments({"n": 20, "seed": 0, "out": ""})
    loaded()
    wanted = alone()
    keys = [f"{('killed', 'stopped')[i % 2]}/{i}" for i in range(asked["n"])]
    return int(Log(asked["out"], "two_sweeps").each(keys, lambda key: case(key, asked["seed"], wanted)) > 0)


if __name__ == "__main__":
    sys.exit(main())
