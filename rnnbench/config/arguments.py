"""key=value arguments of the smaller programs: python -m rnnbench.parity, rnnbench.speed, rnnbench.report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnnbench.config import cell_choices
from rnnbench.conversion import unknown_key
from rnnbench.errors import UsageError, in_one_line
from rnnbench.registry import imported
from rnnbench.stopping import let_end

if TYPE_CHECKING:
    from rnnbench.cells.base import Cell


def pairs(arguments: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Each key with its value. Raises UsageError for what is not written so, an unknown key and an empty value."""
    found = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals:
            raise UsageError(f"{argument}: write key=value", allowed=", ".join(known))
        if key not in known:
            raise unknown_key(key, value, list(known))
        if not value:
            raise UsageError("has no value", key=key, value=value, allowed="a value, or no such key for the default")
        found[key] = value
    return found


def one_of(key: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise UsageError(f"no such {key}", key=key, value=value, allowed=", ".join(choices))
    return value


def several(key: str, value: str, choices: Sequence[str]) -> list[str]:
    """The values between commas, each one of the choices; all of these for ""."""
    return [one_of(key, name, choices) for name in value.split(",")] if value else list(choices)


def cells(value: str) -> dict[str, Cell]:
    """By name: those of conf/cell, and a user's own by import path; all of conf/cell for "" and "all"."""
    value = "" if value == "all" else value
    registered = cell_choices()
    own = {name: _imported(name) for name in value.split(",") if "." in name}
    known = {**registered, **own}
    return {name: known[name] for name in (several("cell", value, list(known)) if value else registered)}


def _imported(path: str) -> Cell:
    from rnnbench.cells.base import Cell  # brings torch, which the report does without

    try:
        cell = imported(path)()
    except BaseException as problem:  # a user's module may raise anything
        let_end(problem)
        raise UsageError(f"cannot be made ({in_one_line(problem)})", key="cell", value=path) from problem
    if not isinstance(cell, Cell):
        raise UsageError("is no rnnbench.Cell", key="cell", value=path)
    return cell
