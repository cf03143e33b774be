"""The built wheel in a fresh virtual environment, away from the checkout: commands, configuration files, kernel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from email import message_from_string
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest
from making import TINY
from places import ROOT


def sh(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ziglang") is None, reason="the extra `wheel` is not installed")
def test_the_wheel_works_in_a_fresh_environment(tmp_path: Path) -> None:
    """Its dependencies come from this environment through a .pth file, which does not pass on the editable rnnbench.

    Built by scripts/wheel, which has auditwheel and twine look at it, of the cells whose code the others share: all of
    them take minutes. scripts/test_wheel runs the fast tests from the wheel as it is released.
    """
    few = {"CPPFLAGS": "-DFUSED_FEW", "PYTHON": sys.executable}
    wheel = Path(sh(ROOT / "scripts" / "wheel", os.uname().machine, tmp_path, **few).strip())
    check_who_may_install(wheel, tmp_path / "elsewhere")
    check_what_it_says_of_itself(wheel)

    sh(sys.executable, "-m", "venv", tmp_path / "fresh")
    python = tmp_path / "fresh" / "bin" / "python"
    place = Path(sh(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (place / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    sh(python, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", wheel)

    where = sh(python, "-c", "import rnnbench, rnnbench.config as c; print(rnnbench.__file__); print(c.CONF)")
    assert all(line.startswith(str(tmp_path / "fresh")) for line in where.splitlines())
    assert "gru_reset_before" in sh(tmp_path / "fresh" / "bin" / "rnnbench", "--help")
    assert sh(python, "-m", "rnnbench", *TINY, "cell=gru", "backend=fused").startswith("ok: gru-adding-T6")
    swept = sh(tmp_path / "fresh" / "bin" / "rnnbench", "-m", *TINY, "cell=lstm,gru", "name=swept")
    assert "2 ok, 0 diverged, 0 failed, 0 skipped" in swept
    assert "report.html" in sh(python, "-m", "rnnbench.report", "results/swept")
    assert "all" in sh(python, "-m", "rnnbench.parity", "cell=gru", "backend=fused", "dtype=float64")
    assert sh(python, "-c", "from rnnbench.recurrent import kernel as k; print(k.isa())") == sh(
        sys.executable, "-c", "from rnnbench.recurrent import kernel as k; print(k.isa())"
    )  # as wide as what this machine's own compiler makes


def check_who_may_install(wheel: Path, folder: Path) -> None:
    """pip takes it for every Python, on Linux with glibc 2.17 or newer, and for nothing else."""
    machine = os.uname().machine
    assert wheel.name.endswith(f"-py3-none-manylinux_2_17_{machine}.whl")
    pip = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--dry-run",
        "--no-deps",
        "--only-binary=:all:",
        "--target",
    )
    for python in ("3.11", "3.12", "3.13"):
        sh(*pip, folder, "--python-version", python, "--platform", f"manylinux_2_17_{machine}", wheel)
    for older in ("manylinux_2_12", "musllinux_1_2", "macosx_11_0"):
        with pytest.raises(AssertionError, match="not a supported wheel on this platform"):
            sh(*pip, folder, "--python-version", "3.12", "--platform", f"{older}_{machine}", wheel)


def check_what_it_says_of_itself(wheel: Path) -> None:
    with ZipFile(wheel) as files:
        names = files.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        said = message_from_string(files.read(metadata).decode())
    assert "rnnbench/py.typed" in names and "rnnbench/recurrent/_fused.so" in names
    assert said["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in said.get_all("Classifier", []) and "LSTM" in said["Keywords"]


def test_it_is_tested_with_every_python_that_it_is_said_to_be_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    said = [each.rpartition(" ")[2] for each in project["classifiers"] if "Python :: 3." in each]
    (tested,) = re.findall(r"\$\{PYTHONS:-([\d. ]+)\}", (ROOT / "scripts" / "test_wheel").read_text())
    assert tested.split() == said and project["requires-python"] == f">={said[0]}"


def test_a_python_that_is_not_here_fails_the_release() -> None:
    asked = {"PYTHONS": "3.99", "WHEEL": __file__}
    done = subprocess.run(
        [ROOT / "scripts" / "test_wheel"], capture_output=True, text=True, env={**os.environ, **asked}
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "wheel: 3.99 is not here\n")
