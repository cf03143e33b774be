"""Values of keys for the shell's completion, beside Hydra's, which knows the choices of conf/ and the names of keys.

    eval "$(rnnbench -sc install=bash)"

Hydra then asks `rnnbench -sc query=bash` for what could follow COMP_LINE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from rnnbench import registry
from rnnbench.config import Config


def completions(line: str) -> list[str] | None:
    """What the last word of the line may be, `backend=fused` and so on; None where that is for Hydra to say."""
    word = line.rpartition(" ")[2]
    key, equals, start = word.partition("=")
    *before, last = start.split(",")  # with -m several values, separated by commas
    values = _values().get(key, []) if equals else []
    if not values:
        return None
    head = ",".join([*before, ""])
    return [f"{key}={head}{value}" for value in values if value.startswith(last) and value not in before]


def _values() -> dict[str, list[str]]:
    found = dict(_of_fields(Config))
    found["backend"] = ["auto", *registry.names("rnnbench.recurrent.backends")]
    found["metric"] = [*registry.names("rnnbench.objectives.metrics"), "null"]
    return found


def _of_fields(schema: type, prefix: str = "") -> Mapping[str, list[str]]:
    """Of each field that takes one of a few values, or null: those."""
    found: dict[str, list[str]] = {}
    for name, kind in get_type_hints(schema).items():
        if is_dataclass(kind) and isinstance(kind, type):
            found |= _of_fields(kind, f"{prefix}{name}.")
        elif some := _few(kind):
            found[prefix + name] = some
    return found


def _few(kind: Any) -> list[str]:
    parts = get_args(kind) if get_origin(kind) is not Literal and get_args(kind) else (kind,)
    words = [str(value) for part in parts if get_origin(part) is Literal for value in get_args(part)]
    words += ["true", "false"] if bool in parts else []
    return [*words, "null"] if words and NoneType in parts else words
