"""What a killed report left half-made goes with the next one; what somebody is at work on stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rnnbench.records.atomic import _HERE
from rnnbench.report import make_report
from tests.fake_records import record, write

KILLED = """
import os, signal, sys
from pathlib import Path
from rnnbench.records.atomic import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_drafts_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    write(tmp_path, [record(seed=s) for s in (0, 1)], histories=False)
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "verdicts.csv"])
    (killed,) = tmp_path.glob(".*.tmp")
    mine = tmp_path / f".summary.csv.{_HERE}-{os.getpid()}-ab.tmp"
    elsewhere = tmp_path / f".summary.csv.elsewhere-{killed.name.split('-')[-2]}-ab.tmp"
    odd = tmp_path / f".summary.csv.{_HERE}-odd.tmp"
    for draft in (mine, elsewhere, odd):
        draft.touch()
    make_report(tmp_path)
    assert not killed.exists() and mine.exists() and elsewhere.exists() and odd.exists()
