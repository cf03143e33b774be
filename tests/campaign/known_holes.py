"""Known holes in the versions that constraints.txt pins, a warning each; never an error, since it needs the network.

usage: python -m tests.campaign.known_holes

Asks for each pinned package by name, through pip-audit where that is installed (`pip install pip-audit`).
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from tests.campaign.common import ROOT


def main() -> int:
    tool = shutil.which("pip-audit")
    if tool is None:
        print("not asked: pip install pip-audit")
        return 0
    done = subprocess.run([tool, "--no-deps", "--disable-pip", "-r", str(ROOT / "constraints.txt")], text=True,
                          capture_output=True)  # fmt: skip
    print(done.stdout or done.stderr)
    if done.returncode:
        print("warning: there are known holes, or they could not be asked for")
    return 0


if __name__ == "__main__":
    sys.exit(main())
