"""A file of numbers takes at most three times its size in memory, in a process that does nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import json, resource, sys, time
import numpy, pandas
from rnnbench.data.table.keys import Keys
from rnnbench.data.table.read import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sheet = read(sys.argv[1], Keys())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = len(sheet.frame)
print(json.dumps([before * 1024, peak * 1024, rows, int(sheet.lines[-1]), float(sheet.frame["x3"].iloc[-1])]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_peak_memory_of_a_file_of_numbers(tmp_path, ends) -> None:
    path = tmp_path / "big.csv"
    values = np.random.default_rng(0).standard_normal((50_000, 10))
    block = "".join(",".join(f"{value:.6f}" for value in row) + ends for row in values)
    with path.open("w", newline="") as file:
        file.write(",".join(f"x{i}" for i in range(10)) + ends)
        for _ in range(12):
            file.write(block)
    size = path.stat().st_size
    assert size > 50e6
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True)
    before, peak, rows, line, last = json.loads(done.stdout)
    assert (rows, line) == (600_000, 600_001) and last == pytest.approx(round(values[-1, 3], 6), rel=1e-6)
    assert peak - before <= 2 * size  # Python with pandas alone takes 100 MB, so three times in all from there on
