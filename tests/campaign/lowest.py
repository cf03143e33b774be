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

TOOLS = ("pytest", "pytest-xdist", "hypothesis", "expecttest", "cogscale", "jupytext", "nbclient", "ipykernel")
EXTRAS = ("joblib", "slurm", "parquet", "onnx", "tensorboard")
"""Those of a user's that the fast suite has tests of; the suite's own tools come as they are."""


def lowest() -> list[str]:
    """name==version of each dependency, as low as its bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(each for name in EXTRAS for each in project["optional-dependencies"][name])]
    return [re.sub(r"^([\w.-]+)\s*>=\s*([\w.]+).*", r"\1==\2", each) for each in wanted]


def main() -> int:
    asked = arguments({"folder": str(ROOT / "build/campaign/lowest"), "only": ""})
    print("\n".join(lowest()))
    if asked["only"]:
        return 0
    folder = Path(asked["folder"])
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q"]
    subprocess.run([*install, *lowest()], check=True)
    subprocess.run([*install, "--constraint", "/dev/stdin", *TOOLS], input="\n".join(lowest()), text=True, check=True)
    subprocess.run([*install, "--no-deps", "-e", str(ROOT)], check=True)
    return subprocess.run([python, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
