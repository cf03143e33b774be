"""Nested plain values → a dataclass, every key known and every value of its type, or one line that says why."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from rnnbench.errors import UsageError


def checked(cls: Any, values: Any, prefix: str) -> Any:
    """An instance of a dataclass from a mapping, every key known and every value of its field's type."""
    if not isinstance(values, Mapping):
        raise UsageError("must be a group of keys", key=prefix.rstrip("."), value=values)
    hints = _hints(cls)
    known = [f for f in fields(cls) if f.init]
    for key in values:
        if key not in {f.name for f in known}:
            raise unknown_key(f"{prefix}{key}", values[key], [f"{prefix}{f.name}" for f in known])
    arguments = {}
    for f in known:
        if f.name not in values and f.default is MISSING and f.default_factory is MISSING:
            raise UsageError(f"{prefix}{f.name} must be given")
        if f.name in values:
            arguments[f.name] = _convert(hints[f.name], values[f.name], f"{prefix}{f.name}")
    try:
        return cls(**arguments)
    except TypeError as error:
        raise UsageError(f"{prefix.rstrip('.') or 'config'}: {error}") from error


@cache  # a sweep asks for the same few classes ten thousand times
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def unknown_key(key: str, value: Any, known: list[str]) -> UsageError:
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return UsageError(f"no such key{hint}", key=key, value=value, allowed=", ".join(known) or "no keys here")


def _convert(hint: Any, value: Any, key: str) -> Any:
    options = list(get_args(hint)) if get_origin(hint) in (Union, types.UnionType) else [hint]
    if value is None and type(None) in options:
        return None
    for option in options:
        if is_dataclass(option):
            return value if isinstance(value, cast(type, option)) else checked(option, value, f"{key}.")
        if get_origin(option) is Literal and value in get_args(option) and not isinstance(value, bool):
            return value
        if option is float and isinstance(value, (int, float)) and not isinstance(value, bool):
            if not abs(value) < math.inf:
                raise UsageError("not a finite number", key=key, value=value, allowed="a number")
            return float(value)
        if option is int and type(value) is int and abs(value) >= 2**63:
            raise UsageError("too large", key=key, value=value, allowed="a whole number below 2^63")
        if option in (int, str) and isinstance(value, option) and not isinstance(value, bool):
            return value
        if option is bool and isinstance(value, bool):
            return value
        if get_origin(option) is tuple and isinstance(value, (list, tuple)):
            (item, *_) = get_args(option)
            return tuple(_convert(item, each, f"{key}.{index}") for index, each in enumerate(value))
        if get_origin(option) is Mapping and isinstance(value, Mapping):
            return dict(value)
    raise UsageError("not allowed", key=key, value=value, allowed=", ".join(_names(options)))


def _names(options: list[Any]) -> Iterator[str]:
    plain = {int: "a whole number", float: "a number", str: "text", bool: "true, false", type(None): "null"}
    for option in options:
        if get_origin(option) is Literal:
            yield from map(str, get_args(option))
        elif get_origin(option) in (tuple, Mapping):
            yield "a list" if get_origin(option) is tuple else "a group of keys"
        else:
            yield plain.get(option, str(option))
