"""A record (run.json) as one flat row of named, typed columns; what does not fit is named, not guessed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from rnnbench.config import Config
from rnnbench.errors import escaped
from rnnbench.moved import frozen
from rnnbench.records.columns import COLUMNS, INTEGER, NUMBER, TEXT, TIME, TRUTH

SCHEMA_VERSION = 1
CHANCE = "chance"
STATUSES = ("ok", "diverged", "failed")

_PATHS = [(column, column.where.split()) for column in COLUMNS.values() if column.where]
_NEEDED = sorted((column for column in COLUMNS.values() if column.needed), key=lambda column: column.name)
_PARTS = sorted({where.partition(".")[0] for _, wheres in _PATHS for where in wheres if "." in where} | {"metrics"})
_WHOLE = ("config", "task", "metrics", "metrics.valid", "metrics.test", "timing", "timing.step_ms", "environment")
"""What a run that ended well always has, of names and values."""
_READ = {where for _, wheres in _PATHS for where in wheres}


def _defaults(config: Any, prefix: str = "config.") -> Iterator[tuple[str, Any]]:
    """Of keys that came after a first release, what a record without them was made with: it has the same run id."""
    for f in fields(config):
        if f.metadata.get("added"):
            yield prefix + f.name, f.default
        elif is_dataclass(f.default):
            yield from _defaults(f.default, f"{prefix}{f.name}.")


_ADDED = tuple(_defaults(Config))


class RecordError(ValueError):
    """A record that cannot be believed: not JSON, of another schema, or with a field missing or of the wrong type."""


def check(record: Mapping[str, Any]) -> None:
    """Raises RecordError naming the first field that is missing or of the wrong type."""
    flat(record)


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record as one flat row. Raises RecordError."""
    version = record.get("schema_version")
    if version != SCHEMA_VERSION:
        raise RecordError(f"schema_version is {version}, this program reads {SCHEMA_VERSION}")
    _check_parts(record)
    leaves = dict(_ADDED) | dict(_leaves(record))
    for where, value in leaves.items():
        _check_writable(where, value)
    row: dict[str, Any] = {}
    for column, wheres in _PATHS:
        for where in wheres:
            value = leaves.get(where)
            if value is not None:
                break
        else:
            value = column.absent
        if column.spelled:
            value = spelled(value)
        row[column.name] = None if value is None else _typed(where, value, column.kind)
    for column in _NEEDED:
        if row[column.name] is None and column.needed in ("always", row["status"]):
            raise RecordError(f"{column.where.split()[0]} is missing")
    if row["status"] not in STATUSES:
        raise RecordError(f"status is {row['status']}, not one of {', '.join(STATUSES)}")
    if row["probe"] is not None:
        row |= _as_alone(row, leaves)
    for split in ("test", "valid"):
        row[f"{split}_score"] = _number(leaves, f"metrics.{split}.{row['metric']}")
    if row["status"] == "ok" and row["test_score"] is None and not record.get("rebuilt"):  # from tables without it
        raise RecordError(f"metrics.test.{row['metric']} is missing")
    row["chance"] = _number(leaves, f"task.chance.{row['metric']}")
    task = record.get("task")
    row["to_beat"], row["to_beat_is"] = _to_beat(row, task.get("baselines") if isinstance(task, dict) else None)
    published = task.get("published") if isinstance(task, dict) else None
    row["published"] = json.dumps(published, sort_keys=True) if published else None
    for where, value in leaves.items():
        if where in _READ:
            continue
        group, _, rest = where.partition(".")
        name = rest.replace(".", "_")
        if group == "metrics" and "." in rest:
            row.setdefault(name, _number(leaves, where))
        elif group == "config" and rest:
            row[f"config_{name}" if name in COLUMNS else name] = _setting(where, value)
        elif group == "environment" and rest:
            row["env_" + name] = None if value is None else str(value)
    return row


def _check_parts(record: Mapping[str, Any]) -> None:
    """Raises RecordError where a part of a record, or what a task is held against, is not names and values."""
    for part in _PARTS:
        if not isinstance(record.get(part), dict | None):
            raise RecordError(f"{part} is {_short(record[part])}, no object")
    if record.get("status") == "ok" and not record.get("rebuilt"):
        for where in _WHOLE:
            part, _, inner = where.partition(".")
            value = record.get(part) if not inner else (record.get(part) or {}).get(inner)
            if not isinstance(value, dict):
                raise RecordError(f"{where} is missing" if value is None else f"{where} is {_short(value)}, no object")
    for name in (CHANCE, "baselines", "published"):
        levels = (record.get("task") or {}).get(name)
        if not isinstance(levels, dict | None):
            raise RecordError(f"task.{name} is {_short(levels)}, no object")
        for label, value in (levels or {}).items():
            if value is not None:
                _typed(f"task.{name}.{label}", value, NUMBER)


def _check_writable(where: str, value: Any) -> None:
    """Raises RecordError for what no table holds: half a character, a number that is too large, a name that is none."""
    if isinstance(value, str) and len(value) > _LONGEST and where.rpartition(".")[2] in ("name", "metric"):
        raise RecordError(f"{where} is a text of {len(value):,} letters, no name")
    if not (is_text(where) and (not isinstance(value, str) or is_text(value))):
        raise RecordError(f"{ascii(where)[1:-1]} holds what is no text")
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise RecordError(f"{where} is a number of {value.bit_length()} bits, too large")
    for each in value if isinstance(value, list) else ():
        for inner, leaf in _leaves(each, f"{where}.") if isinstance(each, dict) else ((where, each),):
            _check_writable(inner, leaf)


_LARGEST = sys.float_info.max
_LONGEST = 255  # letters, as of a file's name


def is_text(text: str) -> bool:
    """Whether it can be written: a file's name that is not UTF-8 has half characters, and so may what JSON spells."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_text(value: Any) -> Any:
    """The same with texts that cannot be written, such as the path of a file whose name is not UTF-8, as Python spells
    them."""
    if isinstance(value, Mapping):
        return {key: as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    return escaped(value) if isinstance(value, str) and not is_text(value) else value


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 40 else f"{said[:39]}…"


def _to_beat(row: Mapping[str, Any], baselines: Any) -> tuple[float | None, str | None]:
    """The best score without learning, and what scores it: chance, or a baseline that the dataset worked out."""
    levels = {CHANCE: row["chance"]} if row["chance"] is not None else {}
    for name, value in baselines.items() if isinstance(baselines, dict) else ():
        levels[name] = _typed(f"task.baselines.{name}", value, NUMBER)
    if not levels:
        return None, None
    best = (max if row["higher_is_better"] else min)(levels, key=lambda name: levels[name])
    return levels[best], best


def _as_alone(row: Mapping[str, Any], leaves: Mapping[str, Any]) -> dict[str, Any]:
    """The times of a run that others were beside, by its probe: as many steps as it took, each of the probe's median.

    Raises RecordError for a probe that is not whole.
    """
    for name in ("median", "p10", "p90", "n"):  # else those of its own steps would stand for them
        if leaves.get(f"timing.probe.step_ms.{name}") is None:
            raise RecordError(f"timing.probe.step_ms.{name} is missing")
    median = row["step_ms_median"]
    steps = {"train_seconds": row["steps"], "seconds_to_threshold": row["steps_to_threshold"]}
    return {name: None if n is None else n * median / 1000 for name, n in steps.items()} | {"contended": False}


def _setting(where: str, value: Any) -> Any:
    """A leaf of the configuration without a column; a class of ours by the name that ids and old records have."""
    if where.endswith(".target") and isinstance(value, str):
        return frozen(value)
    return json.dumps(value) if isinstance(value, list) else value


def spelled(value: Any) -> Any:
    """A number as it stands in a text column, 1.0 → "1" and 0.5 → "0.5"; anything else as it is."""
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value


def _number(leaves: Mapping[str, Any], where: str) -> float | None:
    value = leaves.get(where)
    return None if value is None else _typed(where, value, NUMBER)


def _typed(where: str, value: Any, kind: str) -> Any:
    if kind in (TEXT, TIME):
        right = isinstance(value, str)
    elif kind == TRUTH:
        right = isinstance(value, bool)
    else:
        right = isinstance(value, int | float) and not isinstance(value, bool)
        if right and kind == INTEGER:
            right = float(value).is_integer() and abs(value) < 2**63
    if right and kind == TIME:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            right = False
    if not right:
        raise RecordError(f"{where} is {_short(value)}, not {'an' if kind == INTEGER else 'a'} {_SPOKEN[kind]}")
    return value


_SPOKEN = {TEXT: "text", TIME: "time", TRUTH: "truth value", NUMBER: "number", INTEGER: "integer"}
