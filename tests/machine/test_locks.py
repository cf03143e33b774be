"""A lock is its holder's alone: what it forked does not keep it when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from rnnbench.machine.locks import run_lock

HOLD = """
import os, sys, time
from rnnbench.machine.locks import run_lock

with run_lock({place!r}) as mine:
    assert mine
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    print(child, flush=True)
    time.sleep(60)
"""


def test_a_forked_child_does_not_hold_its_dead_parents_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD.format(place=str(tmp_path))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        with run_lock(tmp_path) as mine:
            assert not mine
        holder.kill()
        holder.wait()
        try:
            until = time.monotonic() + 10  # the kernel may take a moment to close what a dead process had open
            while True:
                with run_lock(tmp_path) as mine:
                    if mine:
                        break
                assert time.monotonic() < until
        finally:
            os.kill(child, signal.SIGKILL)


def test_drafts_of_a_killed_process_are_gone(tmp_path: Path) -> None:
    """Those of the record and those of what describes the run, a folder deeper; nothing else."""
    (tmp_path / ".hydra").mkdir()
    drafts = [tmp_path / ".run.json.1-ab.tmp", tmp_path / ".hydra" / ".overrides.yaml.1-ab.tmp"]
    kept = [tmp_path / "run.json", tmp_path / ".hydra" / "overrides.yaml", tmp_path / "notes.tmp"]
    for path in (*drafts, *kept):
        path.touch()
    with run_lock(tmp_path) as mine:
        assert mine and not any(path.exists() for path in drafts) and all(path.exists() for path in kept)
