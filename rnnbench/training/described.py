"""Objects as plain values, {class, fields}, and again from them: cells, objectives and transforms beside kept weights.

    Pixels(8, largest=16)  ↔  {"class": "rnnbench.data.pixels.Pixels", "fields": {"seq_len": 8, "largest": 16, …}}

What can be kept is a frozen dataclass whose fields are numbers, texts, truth values, None, tuples of them, or such
dataclasses. Nothing but the class's constructor is called, and it must be there to be imported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from rnnbench.errors import UsageError, text_of
from rnnbench.registry import imported
from rnnbench.stopping import let_end


def described(thing: Any) -> dict[str, Any]:
    """{class, fields} of a frozen dataclass. Raises UsageError for what cannot be made again of plain values."""
    cls = type(thing)
    path = f"{cls.__module__}.{cls.__qualname__}"
    if not is_dataclass(thing) or not cls.__dataclass_params__.frozen:
        raise UsageError(f"{path} is no frozen dataclass of plain values")
    return {"class": path, "fields": {f.name: _plain(getattr(thing, f.name), path) for f in fields(cls) if f.init}}


def made(description: Any, base: Any = object) -> Any:
    """The object again, of a class derived from `base`.

    Raises UsageError where its class cannot be imported, is of another kind or takes no such values.
    """
    path, values = description["class"], description["fields"]
    try:
        cls = imported(path)
    except BaseException as error:  # a user's module may raise anything
        let_end(error)
        raise UsageError(f"{path} cannot be imported ({type(error).__name__}): {text_of(error)}") from error
    if not (isinstance(cls, type) and issubclass(cls, base) and is_dataclass(cls)):
        raise UsageError(f"{path} is no dataclass derived from {base.__name__}")
    try:
        return cls(**{name: _again(value) for name, value in values.items()})
    except UsageError:
        raise
    except BaseException as error:  # its fields have changed since
        let_end(error)
        raise UsageError(f"{path} cannot be made again ({type(error).__name__}): {text_of(error)}") from error


def _plain(value: Any, path: str) -> Any:
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, tuple):
        return [_plain(each, path) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return described(value)
    raise UsageError(f"{path} holds a {type(value).__name__}, which is no plain value")


def _again(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_again, value))
    return made(value) if isinstance(value, Mapping) else value
