"""Ctrl-C, SIGTERM and SIGHUP at random moments from a command's first line on: one line, exit code 130.

usage: python -m tests.campaign.signals [n=100] [seed=0] [out=]

The command is started as a person starts it; a signal that comes before Python has reached our first line, or after all
is done, may end it otherwise. Then it is typed again, and ends well.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.campaign.common import OBJECTIVES, B, Log, arguments, ended, started

COMMANDS = {
    "run": ("rnnbench", [*B, *OBJECTIVES["value"]]),
    "sweep": ("rnnbench", ["-m", *B, *OBJECTIVES["value"], "seed=0,1", "workers=2"]),
    "parity": ("rnnbench.parity", ["cell=gru", "backend=eager", "dtype=float64"]),
}
FIRST_LINE = 0.15
"""Seconds by which Python has begun with ours, on a machine that others use."""


def case(key: str, seed: int) -> dict[str, Any]:
    what, name, _ = key.split("/")
    draw, number = random.Random(f"{seed} {key}"), getattr(signal, name)
    module, given = COMMANDS[what]
    with tempfile.TemporaryDirectory() as folder:
        process = started(Path(folder), *given, module=module)
        time.sleep(draw.uniform(FIRST_LINE, 4))
        process.send_signal(number)
        code, _, err = ended(process)
        lines = [line for line in err.splitlines() if line]
        broken = "" if code == 0 or (code == 130 and len(lines) == 1) else f"exit code {code}: {err[-500:]}"
        if not broken and code == 130 and what != "parity":
            again, _, err = ended(started(Path(folder), *given, module=module))
            broken = "" if again == 0 else f"typed again: exit code {again}: {err[-300:]}"
    return {"kind": f"{what} {name} {code}", "broken": broken}


def main() -> int:
    asked = arguments({"n": 100, "seed": 0, "out": ""})
    names, whats = ("SIGINT", "SIGTERM", "SIGHUP"), list(COMMANDS)
    keys = [f"{whats[i // 3 % 3]}/{names[i % 3]}/{i}" for i in range(asked["n"])]
    return int(Log(asked["out"], "signals").each(keys, lambda key: case(key, asked["seed"])) > 0)


if __name__ == "__main__":
    sys.exit(main())
