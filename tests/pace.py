"""Seconds of a processor as a quiet machine would count them: a shared core's are longer, up to three times as long."""

from __future__ import annotations

import json
import time
from statistics import median

QUIET = 0.048
"""What `_work` takes where nothing else runs (Python 3.11, an AMD EPYC), in seconds."""


def paced(seconds: float) -> float:
    """Seconds that were just spent here, as they would be counted on that machine: never more than they were."""
    return seconds / max(1.0, median(_work() for _ in range(9)) / QUIET)


def _work() -> float:
    """Some of what reading, grouping and writing records asks of a processor, in seconds."""
    start = time.process_time()
    rows = [{"cell": str(i % 4), "seed": i % 10, "score": i / 7} for i in range(30_000)]
    groups: dict[tuple[str, int], list[float]] = {}
    for row in json.loads(json.dumps(rows)):
        groups.setdefault((row["cell"], row["seed"]), []).append(row["score"])
    sorted((sum(each) / len(each), key) for key, each in groups.items())
    return time.process_time() - start
