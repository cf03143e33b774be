"""A sweep of many small runs in one process: how much the process grows.

usage: python -m tests.campaign.memory [runs=1000] [limit_mb=50]

The growth is of the resident set, from the run that is a tenth of the way (all is loaded, and malloc has found its
size) to the last. Exit code 1 above the limit.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile

from tests.campaign.common import OBJECTIVES, B, arguments


def resident() -> int:
    """Bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def main() -> int:
    asked = arguments({"runs": 1000, "limit_mb": 50})
    from making import make

    from rnnbench.run import run

    seen = {}
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        for number in range(asked["runs"]):
            cell = ("lstm", "gru", "rnn", "mgu")[number % 4]
            ending = run(make(*B, *OBJECTIVES["value"], f"cell={cell}", f"seed={number}"))
            assert ending.status == "ok", ending.record
            if number in (asked["runs"] // 10, asked["runs"] // 2, asked["runs"] - 1):
                gc.collect()
                seen[number + 1] = resident()
                print(f"after {number + 1} runs: {seen[number + 1] / 1e6:.1f} MB", flush=True)
    first, *_, last = seen.values()
    print(f"grown by {(last - first) / 1e6:.1f} MB")
    return int((last - first) / 1e6 > asked["limit_mb"])


if __name__ == "__main__":
    sys.exit(main())
