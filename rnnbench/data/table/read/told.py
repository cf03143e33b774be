"""What was left out of a text, and what was taken for missing: each in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table.columns import shown
from rnnbench.data.table.read.records import Found
from rnnbench.data.table.read.source import Encoding
from rnnbench.data.table.sheet import Line

if TYPE_CHECKING:
    import pandas as pd

_ENCODINGS = {"ascii": "ASCII", "utf-8": "UTF-8", "cp1252": "Windows-1252 (Western European)", "latin-1": "Latin-1"}


def encoding_in_words(encoding: Encoding) -> str:
    mark = " with a byte order mark" if encoding.mark else ""
    ends = ", lines end in bare carriage returns" if encoding.bare_returns else ""
    return f"{_ENCODINGS.get(encoding.name, encoding.name.upper())}{mark}{ends}"


def left_out(found: Found, dropped: Sequence[str]) -> list[Line]:
    lines = []
    if found.comments:
        lines.append(Line("comments", f"{_counted(found.comments, 'line')} that begin with # or % left out"))
    if found.blank:
        lines.append(Line("blank", f"{_counted(found.blank, 'blank line')}"))
    if found.trailing:
        lines.append(Line("trailing", f"{found.trailing:,} rows end in separators too many, which hold nothing"))
    if dropped:
        lines.append(Line("trailing", f"{len(dropped)} without name and values at the end left out"))
    return lines


def _counted(lines: list[int], what: str) -> str:
    s = "s" if len(lines) > 1 else ""
    shown = f"{lines[0]:,}" if len(lines) == 1 else f"{lines[0]:,} to {lines[-1]:,}"
    return f"{len(lines):,} {what}{s} (line{s} {shown})"


def missing_found(names: Sequence[str], missing: Sequence[Counter[str]], said: frozenset[str]) -> list[Line]:
    """The spellings of missing values, how often, and in which columns."""
    total: Counter[str] = Counter()
    for column in missing:
        total.update({spelling: count for spelling, count in column.items() if count > 0})
    parts = []
    for spelling, count in total.most_common(12):
        where = [name for name, column in zip(names, missing, strict=True) if column[spelling] > 0]
        some = ", ".join(where[:3]) + (f" and {len(where) - 3} more" if len(where) > 3 else "")
        parts.append(f"{repr(spelling) if spelling else 'empty'} {count:,} ({some})")
    lines = [Line("missing", "; ".join(parts) if parts else "no values", "missing")]
    if unseen := sorted(said - set(total)):
        lines.append(Line("missing", f"nowhere spelled {', '.join(map(repr, unseen))}", "missing"))
    return lines


def too_large(frame: pd.DataFrame, lines: np.ndarray) -> list[Line]:
    """Numbers that float32, in which all is computed, cannot hold: they are missing like infinities."""
    found = []
    for name in frame.columns:
        if frame[name].dtype == np.float64:
            values = frame[name].to_numpy()
            found += [f"{values[row]:g} in line {lines[row]:,} ({name})"
                      for row in np.flatnonzero(np.abs(values) > np.finfo(np.float32).max)]  # fmt: skip
    return [Line("missing", f"too large to compute with: {shown(found, 6)}", "missing")] if found else []
