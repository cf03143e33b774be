"""The built wheel in a fresh virtual environment, away from the checkout: commands, configuration files, kernel."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from making import TINY
from places import ROOT


def sh(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_works_in_a_fresh_environment(tmp_path: Path) -> None:
    """Its dependencies come from this environment through a .pth file, which does not pass on the editable rnnbench."""
    source = tmp_path / "source"
    files = sh("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in files:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    sh(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path, source)
    (wheel,) = tmp_path.glob("rnnbench-*.whl")

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
