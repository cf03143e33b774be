"""The lowest versions that pyproject.toml allows, in an environment of their own: the fast suite passes with them.

usage: python -m tests.campaign.lowest [folder=build/campaign/lowest] [only=]

Once a release. only: print what would be installed, and stop.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.campaign.common import ROOT, arguments


def lowest() -> list[str]:
    """name==version of each dependency and of the test extra, as low as its bound; those without one as they come."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project.get("optional-dependencies", {}).get("test", [])]
    return [re.sub(r"^([\w.\[\]-]+)\s*>=\s*([\w.]+).*", r"\1==\2", each.partition(";")[0].strip()) for each in wanted]


def main() -> int:
    asked = arguments({"folder": str(ROOT / "build/campaign/lowest"), "only": ""})
    print("\n".join(lowest()))
    if asked["only"]:
        return 0
    folder = Path(asked["folder"])
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", *lowest(), "pytest", "pytest-xdist"], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "-e", str(ROOT)], check=True)
    return subprocess.run([python, "-m", "pytest", "-q"], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
