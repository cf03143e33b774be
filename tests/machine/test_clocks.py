"""How long a process has been there, and how much of a core it gets."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from rnnbench.machine.clocks import age, slowness

SAID = "import time; time.sleep(0.2); from rnnbench.machine.clocks import age; print(age())"


@pytest.mark.slow
def test_age_is_counted_from_before_the_imports() -> None:
    began = time.monotonic()
    said = subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, check=True)
    assert 0.2 < float(said.stdout) <= time.monotonic() - began + 0.1  # ticks are of a hundredth
    first = age()
    assert age() >= first > 0.2


def test_a_busy_machine_is_slow() -> None:
    assert 1.0 <= slowness(0.01) < 1000
