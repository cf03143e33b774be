"""What readers call cells and values, and the order in which they expect cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

_NAMES = {
    "lstm": "LSTM",
    "gru": "GRU",
    "rnn": "RNN",
    "gru_reset_before": "GRU (reset before)",
    "rnn_relu": "RNN (ReLU)",
}


def cell_name(cell: str) -> str:
    return _NAMES.get(cell, cell)


def in_order(cells: Iterable[str]) -> list[str]:
    """Known cells in the order of `_NAMES`, then the others by name."""
    known = list(_NAMES)
    return sorted(set(cells), key=lambda cell: (known.index(cell) if cell in known else len(known), cell))


def said(value: Any) -> str:
    """A configuration value as a reader would type it."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return "null"
    return f"{value:g}" if isinstance(value, float) else str(value)


def named(names: Sequence[str], most: int = 8) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
