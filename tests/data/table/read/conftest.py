"""Users' files: real ones and made ones from beside the data folder, and small ones that a test writes itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from places import ROOT

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import read
from rnnbench.data.table.sheet import Sheet
from rnnbench.errors import UsageError

BESIDE = ROOT.parent / "shared" / "data"


@pytest.fixture
def own() -> Callable[[str], Path]:
    """own("forecast/pollution.csv") is its path, or the test is skipped."""
    return lambda relative: _there(_data() / "own" / relative)


@pytest.fixture
def case() -> Callable[[str], Path]:
    """case("01_weekdays_only.csv") is the path of a made input, or the test is skipped."""
    return lambda name: _there(_data().parent / "cases" / "own_data" / name)


def _data() -> Path:
    return Path(os.environ.get("RNNBENCH_DATA") or BESIDE)


def _there(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path} is not there: RNNBENCH_DATA names the folder of data")
    return path


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Sheet]:
    """sheet("a,b\\n1,2\\n", decimal=",") is what a file of this text, or these bytes, is read as."""

    def written(text: str | bytes, name: str = "some.csv", **keys: object) -> Sheet:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read(path, Keys(**keys))

    return written


@pytest.fixture
def refusal(sheet: Callable[..., Sheet]) -> Callable[..., str]:
    """The one line with which a file of this text is refused."""

    def line(text: str | bytes, name: str = "some.csv", **keys: object) -> str:
        with pytest.raises(UsageError) as refused:
            sheet(text, name, **keys)
        said = str(refused.value)
        assert "\n" not in said
        return said

    return line
