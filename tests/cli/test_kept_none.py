"""keep=best typed after a finished keep=none run: a line says that there is no model and what makes one."""

from __future__ import annotations

import pytest
from making import TINY
from sweeping import here


def test_one_run_says_that_its_model_was_not_kept() -> None:
    assert here(*TINY, "keep=none").returncode == 0
    again = here(*TINY)
    assert again.stdout.startswith("skipped: lstm-adding-T6-h5-s0-")
    run_id = again.stdout.split(":")[1].split()[0]
    assert again.stderr == f"no model of {run_id} was kept (keep=none): force=true makes it again\n"
    assert here(*TINY, "keep=none").stderr == ""
    assert here(*TINY, "force=true").stderr == here(*TINY).stderr == ""


@pytest.mark.slow
def test_a_sweep_says_of_how_many() -> None:
    assert here(*TINY, "keep=none", "seed=3").returncode == here(*TINY, "keep=none", "seed=4").returncode == 0
    swept = here("-m", *TINY, "seed=3,4")
    assert "2 runs: 2 finished before, 0 to do" in swept.stdout
    assert swept.stderr == "no model of 2 of the finished runs was kept (keep=none): force=true makes them again\n"
