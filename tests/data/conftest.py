"""Real files: from RNNBENCH_DATA, else from shared/data beside the checkout; else their tests are skipped."""

import os
from pathlib import Path

import pytest
from places import ROOT

BESIDE = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return Path(os.environ.get("RNNBENCH_DATA") or BESIDE)


@pytest.fixture(scope="session")
def real(data_dir):
    """real("poly_music/JSB_Chorales.mat") is its path, or the test is skipped."""

    def path(relative: str) -> Path:
        file = data_dir / relative
        if not file.exists():
            pytest.skip(f"{relative} is not under RNNBENCH_DATA or {BESIDE}")
        return file

    return path


@pytest.fixture
def nowhere(tmp_path):
    """An empty data directory."""
    return tmp_path / "data"
