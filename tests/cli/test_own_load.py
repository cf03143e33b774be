"""What a user's own `load` raises: one line with exit code 2, the file and the line; nothing is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from making import TINY
from sweeping import here

FILE = """from dataclasses import dataclass

import rnnbench
from rnnbench.errors import UsageError


@dataclass(frozen=True)
class Broken(rnnbench.Dataset):
    refuse: bool = False
    leave: bool = False

    def load(self, *, seq_len, train_size, seed, data_dir):
        if self.refuse:
            raise UsageError("no such year", key="dataset.year", value=1066)
        if self.leave:
            raise SystemExit("no file")
        return open("gone.csv")
"""
OWN = ("dataset=custom", "dataset.target=broken_data.Broken", *(each for each in TINY if "_size=32" not in each))


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_data.py").write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_data", raising=False)  # an earlier test's


def test_an_error_names_the_line_of_the_users_file() -> None:
    done = here(*OWN)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "rnnbench: dataset.target=broken_data.Broken: its load fails at broken_data.py, line 17 "
        "(FileNotFoundError: [Errno 2] No such file or directory: 'gone.csv')\n"
    )
    assert not Path("results").exists()


def test_a_refusal_of_its_own_is_said_as_it_is() -> None:
    done = here(*OWN, "+dataset.refuse=true")
    assert (done.returncode, done.stderr) == (2, "rnnbench: dataset.year=1066: no such year\n")
    assert not Path("results").exists()


def test_an_exit_names_its_line_too() -> None:
    done = here(*OWN, "+dataset.leave=true")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("broken_data.py, line 16 (SystemExit: no file)\n")


def test_in_a_sweep_the_others_go_on() -> None:
    done = here("-m", *OWN, "seed=0,1")
    assert done.returncode == 1
    assert "0 ok, 0 diverged, 2 failed, 0 skipped\n" in done.stdout
    assert "broken_data.py, line 17" in done.stdout + done.stderr
