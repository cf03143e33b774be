"""What may be typed after `python -m rnnbench.which`: files, and key=value with column names taken literally.

    beer.csv target=C6H6(GT) minutes=10

The first equals sign ends the key; nothing in the value has a meaning of its own. No Hydra here, whose grammar refuses
such names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from rnnbench.conversion import unknown_key
from rnnbench.data.table.keys import Keys, Task
from rnnbench.errors import UsageError

OF_FILE = tuple(f.name for f in fields(Keys))
MOST_MINUTES = 7 * 24 * 60
MINUTES = 10.0
CELLS = ("lstm", "gru")
WHOLE = {
    "window": 1,
    "horizon": 1,
    "season": 1,
    "splits": 2,
    "trials": 1,
    "seeds": 1,
    "seed": 0,
    "sample": 20,
    "steps": 10,
}
"""Keys that take whole numbers, and the least of each."""

CHOICES = {
    "task": get_args(Task), "ahead": ("direct", "recursive"), "gaps": ("refuse", "fill", "keep"),
    "header": ("true", "false"),
    "plan": ("only",), "refit": ("true", "false"), "rows": ("all", "none"), "weight": ("balanced",),
}  # fmt: skip
TEXTS = ("metric", "cells", "name", "margin", "minutes")
KNOWN = tuple(dict.fromkeys((*OF_FILE, *WHOLE, *CHOICES, *TEXTS)))


@dataclass(frozen=True)
class Asked:
    """A question. `minutes` is None where `splits`, `trials` and `seeds` say how much is done instead."""

    paths: tuple[str, ...]
    keys: Keys = field(default_factory=Keys)
    minutes: float | None = MINUTES
    splits: int | None = None
    trials: int | None = None
    seeds: int | None = None
    sample: int | None = None  # examples that are used, where there are more
    steps: int | None = None  # of a fit, unless it stops earlier
    seed: int = 0
    cells: tuple[str, str] = CELLS
    metric: str | None = None
    margin: float | None = None
    weight: str | None = None
    refit: bool = False
    plan_only: bool = False
    rows: str = "all"
    name: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)  # as it was typed, to be said again

    @property
    def question(self) -> dict[str, Any]:
        """What must be the same for an answer to be gone on with: all but how much is done and where."""
        of_file = {key: value for key, value in asdict(self.keys).items() if value is not None}
        return of_file | {"cells": list(self.cells), "metric": self.metric, "seed": self.seed, "weight": self.weight}

    @property
    def folder(self) -> Path:
        return Path("results") / self.name


def read(arguments: Sequence[str]) -> Asked:
    """Raises UsageError for what is misspelt, said twice, or cannot be."""
    paths = [each for each in arguments if _is_path(each)]
    typed: dict[str, str] = {}
    for argument in arguments:
        if argument in paths:
            continue
        key, equals, value = argument.partition("=")
        if not equals:
            raise UsageError(f"{argument}: no such file", allowed="a file or folder that is there, and key=value")
        if key not in KNOWN:
            raise unknown_key(key, value, list(KNOWN))
        if key in typed:
            raise UsageError("said twice", key=key, value=value, allowed="once")
        if not value:
            raise UsageError("has no value", key=key, value=value, allowed="a value, or no such key")
        typed[key] = value
    if not paths:
        raise UsageError("no file is named", allowed="python -m rnnbench.which FILE [key=value …]")
    return of(paths, typed)


def of(paths: Sequence[str], typed: Mapping[str, str]) -> Asked:
    """The question that these keys ask of these files. Raises UsageError as `read`."""
    whole = {key: _whole(key, typed[key], least) for key, least in WHOLE.items() if key in typed}
    chosen = {key: _one_of(key, typed[key], choices) for key, choices in CHOICES.items() if key in typed}
    values: dict[str, Any] = dict(typed) | whole | chosen
    if "header" in values:
        values["header"] = values["header"] == "true"
    said = [key for key in ("splits", "trials", "seeds") if key in typed]
    if said and "minutes" in typed:
        raise UsageError(f"not with {said[0]}=", key="minutes", value=typed["minutes"], allowed="one or the other")
    return Asked(
        paths=tuple(paths),
        keys=Keys(**{key: values[key] for key in OF_FILE if key in values}),
        minutes=None if said else _number("minutes", typed.get("minutes", str(MINUTES)), 0.1, MOST_MINUTES),
        cells=_cells(typed.get("cells", ",".join(CELLS))),
        margin=_number("margin", typed["margin"], 1e-9, 10) if "margin" in typed else None,
        refit=values.get("refit") == "true",
        plan_only="plan" in values,
        name=_name(typed["name"]) if "name" in typed else "_".join(stem(path) for path in paths[:3]),
        typed=dict(typed),
        **{key: values[key] for key in (*WHOLE, "metric", "weight", "rows") if key in values and key not in OF_FILE},
    )


def _is_path(argument: str) -> bool:
    key, equals, _ = argument.partition("=")
    if equals and key in KNOWN:
        return False
    try:
        return Path(argument).exists()
    except OSError:  # too long a name
        return False


def _cells(value: str) -> tuple[str, str]:
    """Two names of cells, the same twice where a question is asked of one cell against itself."""
    from rnnbench.config import cell_choices

    names, known = value.split(","), list(cell_choices())
    for name in names:
        if name not in known:
            raise UsageError("no such cell", key="cells", value=value, allowed=f"two of {', '.join(known)}")
    if len(names) != 2:
        raise UsageError(f"{len(names)} cells", key="cells", value=value, allowed=f"two of {', '.join(known)}")
    return names[0], names[1]


def stem(path: str) -> str:
    """What a file's folder of results is called, unless name= says."""
    name = Path(path).resolve().name
    return re.sub(r"[^\w.-]+", "_", name.split(".")[0]) or "data"


def _name(value: str) -> str:
    if not re.fullmatch(r"[\w][\w.-]*", value):
        raise UsageError("no name of a folder", key="name", value=value, allowed="letters, digits, _ . and -")
    return value


def _one_of(key: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise UsageError("not allowed", key=key, value=value, allowed=", ".join(choices))
    return value


def _whole(key: str, value: str, least: int) -> int:
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else -1
    if number < least:
        raise UsageError("not a number it can be", key=key, value=value, allowed=f"a whole number, {least} or more")
    return number


def _number(key: str, value: str, least: float, most: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise UsageError("not a number it can be", key=key, value=value, allowed=f"{least:g} to {most:g}")
    return number
