"""Parts of a small table made in a test."""

from __future__ import annotations

from typing import Any

import numpy as np
from sheets import understood

from rnnbench.data.base import Parts
from rnnbench.data.checks import check_parts
from rnnbench.data.splits import Split
from rnnbench.data.table.examples import examples_of
from rnnbench.data.table.parts import parts_of
from rnnbench.data.table.table import Examples, Table

N = 200


def series(**more: Any) -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {"t": np.arange(N), "x": random.normal(5, 2, N), "y": random.normal(size=N).cumsum() + 100, **more}


def thirds(examples: Examples) -> Split:
    n = len(examples)
    index = np.arange(n)
    return Split(index[: n // 2], index[n // 2 : 3 * n // 4], index[3 * n // 4 :])


def parts(columns: Any, window: int | None = None, **keys: Any) -> tuple[Table, Examples, Parts]:
    table = understood(columns, **keys).table
    examples = examples_of(table, window)
    found = parts_of(table, examples, thirds(examples), seed=0)
    check_parts(found, 16, "table")
    return table, examples, found
