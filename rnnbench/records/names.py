"""What readers call cells and values, and the order in which they expect cells, from the files under conf/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from rnnbench.config import CONF, PRESENTATION
from rnnbench.records.columns import label, short, with_role


@cache
def _files(group: str) -> dict[str, dict[str, Any]]:
    """Of each cell or dataset of conf/ that says how it is presented, by name: its title, its look."""
    contents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted((CONF / group).glob("*.yaml"))]
    own = [content.get(group, content) for content in contents]  # a dataset's file also sets keys beside `dataset`
    return {each["name"]: each for each in own if set(PRESENTATION) & set(each)}


def cell_name(cell: str) -> str:
    return _files("cell").get(cell, {}).get("title", cell)


def cell_of(written: str) -> str:
    """The cell of conf/cell that somebody else writes so, by its name or its title in any capitals; else as written."""
    known = {spelling.lower(): cell for cell in _files("cell") for spelling in (cell_name(cell), cell)}
    return known.get(written.strip().lower(), written)


def look_of(group: str, name: str) -> Mapping[str, Any]:
    """How a cell is drawn, or what is peculiar to a dataset; empty for a user's own and where nothing is."""
    return _files(group).get(name, {}).get("look", {})


def in_order(cells: Iterable[str]) -> list[str]:
    """The cells of conf/cell in the order in which their files place them, then the others by name."""
    return sorted(set(cells), key=lambda cell: (look_of("cell", cell).get("place", 1000), cell))


def said(value: Any) -> str:
    """A configuration value as a reader would type it."""
    if value is None or str(value) == "<NA>" or (isinstance(value, float) and value != value):
        return "null"
    return f"{value:g}" if isinstance(value, float) else str(value)


def setting(column: str, value: Any) -> str:
    """A setting as a reader takes it in: "T = 100", "no limit of steps"."""
    if column in with_role("limit") and said(value) == "null":
        return f"no {label(column)}"
    return f"{short(column)} = {said(value)}"


def metric_name(metric: str, unit: Any = "") -> str:
    """A metric with its unit, in words: "nll (nats per frame)", "first n that fails"."""
    words = _METRICS.get(metric, metric)
    return f"{words} ({unit})" if words == metric and isinstance(unit, str) and unit else words


_METRICS = {"first_failure": "first n that fails"}  # whose unit is that n


def named(names: Sequence[str], most: int = 8) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
