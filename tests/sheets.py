"""Sheets made in a test, and files of the kinds that break other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from places import ROOT

from rnnbench.data.table.keys import Keys
from rnnbench.data.table.sheet import Sheet
from rnnbench.data.table.table import Reading
from rnnbench.data.table.understand import understand

CASES = ROOT.parent / "shared" / "cases" / "own_data"


def sheet(columns: dict[str, Any] | pd.DataFrame, first_line: int = 2) -> Sheet:
    """As a file with these columns is read: numbers float32, texts categories; a header in line 1."""
    frame = pd.DataFrame(columns).copy()
    for name in frame.columns:
        if frame[name].dtype == object or str(frame[name].dtype) == "str":
            frame[name] = frame[name].astype("category")
        elif frame[name].abs().max() < 2**24:
            frame[name] = frame[name].astype("float32")
        else:
            frame[name] = frame[name].astype("float64")
    return Sheet(frame, np.arange(first_line, first_line + len(frame), dtype=np.int64), digest="d")


def understood(columns: Any, *, test: Any = None, truth: Any = None, **keys: Any) -> Reading:
    """test: columns of a file, or the text of the key."""
    if isinstance(test, str):
        return understand(sheet(columns), Keys(test=test, **keys))
    more = [None if each is None else sheet(each) for each in (test, truth)]
    return understand(sheet(columns), Keys(**keys), *more)


def sequences(count: int = 40, length: int = 6, **more: Any) -> dict[str, Any]:
    """One row a step: id, step, two numbers."""
    random = np.random.default_rng(0)
    ids = np.repeat(np.arange(count), length)
    return {"id": ids, "step": np.tile(np.arange(length), count), "a": random.normal(size=count * length), **more}


def each(values: Any, length: int = 6) -> Any:
    """One value a sequence, at each of its steps."""
    return np.repeat(values, length)


def told(reading: Reading, label: str) -> str:
    """All that is said under a label."""
    return "; ".join(line.text for line in reading.lines if line.label == label)


def case(name: str) -> Path:
    """A small file under shared/cases/own_data by how its name begins; the test is skipped where it is not there."""
    import pytest

    found = sorted(CASES.glob(f"{name}*"))
    if not found:
        pytest.skip(f"{name} is not under {CASES}")
    return found[0]
