"""What readers call cells, and the order in which they expect them."""

from __future__ import annotations

from collections.abc import Iterable

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
