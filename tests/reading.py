"""What a sheet says of the file that it was read from."""

from __future__ import annotations

from rnnbench.data.table.sheet import Sheet


def told(sheet: Sheet, label: str) -> str:
    """All that is said under a label; "" where nothing is."""
    return "; ".join(line.text for line in sheet.notes if line.label == label)


def key_of(sheet: Sheet, label: str) -> str | None:
    return next(line.key for line in sheet.notes if line.label == label)
