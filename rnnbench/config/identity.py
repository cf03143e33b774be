"""What makes two requests the same run: a hash over the configuration, the same on any machine and in any release.

The keys of release 0.1 are always hashed, in the form and with the values that they had there; keys and options added
since (`growth.added`) only where they are not at their default; places never. Nothing is imported to tell: what a class
says is read from its file. `config` is everywhere the dataclass of `schema`, which stands above and asks here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rnnbench.config.source import class_facts
from rnnbench.errors import UsageError
from rnnbench.moved import frozen


def run_id(config: Any) -> str:
    """Readable, and derived from what the run is: gru-adding-T500-h64-s0-1f2e3d4c.

    Raises UsageError where a data file or the source of a user's class cannot be read.
    """
    length = "" if config.seq_len is None else f"-T{config.seq_len}"
    digest = hashlib.sha256(json.dumps(identity(config), sort_keys=True).encode()).hexdigest()[:8]
    return f"{config.cell.name}-{config.dataset.name}{length}-h{config.hidden_size}-s{config.seed}-{digest}"


def identity(config: Any) -> dict[str, Any]:
    """What is hashed. A data file counts by its content, not by its path; a user's class by its source."""
    hashed = _without_defaults(config, config.to_dict())
    for key, digests in _contents(config).items():
        choice = getattr(config, key)
        for option in _files(choice) if key == "dataset" else ():
            hashed[key].pop(option)
        for option, default in class_facts(key, choice.target).added.items():
            if hashed[key].get(option, default) == default:
                hashed[key].pop(option, None)
        hashed[key] |= _path(choice) | digests
    if own := _own_metrics(config):
        hashed["metric"] = [config.metric, *(_source("metric", name) for name in own)]
    if "." in config.backend:
        hashed["backend"] = [config.backend, _source("backend", config.backend)]
    return hashed


def recorded(config: Any) -> dict[str, Any]:
    """The configuration as a record keeps it: beside each place a short digest of what was there."""
    kept = config.to_dict()
    for key, digests in _contents(config).items():
        short = {name: hashlib.sha256(full.encode()).hexdigest()[:12] for name, full in digests.items()}
        kept[key] |= _path(getattr(config, key)) | short
    if own := _own_metrics(config):
        kept["metric_source"] = " ".join(source_digest("metric", name) for name in own)
    if "." in config.backend:
        kept["backend_source"] = source_digest("backend", config.backend)
    return kept


def _own_metrics(config: Any) -> list[str]:
    return [name for name in (config.metric or "").split(",") if "." in name and not name.startswith("rnnbench.")]


def source_digest(key: str, target: str) -> str:
    """Of the source of a user's class, as a record has it. Raises UsageError where it cannot be read."""
    return hashlib.sha256(_source(key, target).encode()).hexdigest()[:12]


def _without_defaults(config: Any, values: dict[str, Any]) -> dict[str, Any]:
    """`values` of a dataclass less its places and what was added to it and is at its default."""
    kept = dict(values)
    for f in fields(config):
        value = getattr(config, f.name)
        if f.metadata.get("place") or (f.metadata.get("added") and value == f.default):
            del kept[f.name]
        elif is_dataclass(value) and f.name not in ("cell", "dataset"):
            kept[f.name] = _without_defaults(value, kept[f.name])
    return kept


def _contents(config: Any) -> dict[str, dict[str, str]]:
    """Digests of what may change while its name stays: a data file, the source of a user's own class."""
    found: dict[str, dict[str, str]] = {"cell": {}, "dataset": {}}
    for option, path in _files(config.dataset).items():
        if path is not None:
            name = "content" if option == "path" else f"{option}_content"
            found["dataset"][name] = content_digest(path, f"dataset.{option}")
    choices: Mapping[str, Any] = {"cell": config.cell, "dataset": config.dataset}
    for key, choice in choices.items():
        if not choice.target.startswith("rnnbench."):
            found[key]["source"] = _source(key, choice.target)
    return found


def _path(choice: Any) -> dict[str, str]:
    """Its class's import path as ids have it, under its name beside the options."""
    return {"class" if "target" in choice.options else "target": frozen(choice.target)}


def _files(choice: Any) -> dict[str, str | None]:
    """Options that name files, which count by their content: `path`, and others of `may_name_files` that name one.

    What the latter say may also be a column or a share.
    """
    found = {"path": choice.options["path"]} if "path" in choice.options else {}
    if choice.target.startswith("rnnbench."):
        also = {option: choice.options.get(option) for option in class_facts("dataset", choice.target).may_name_files}
        found |= {option: path for option, path in also.items() if is_place(path)}
    return found


def is_place(value: object) -> bool:
    """Whether there is such a file or folder."""
    return isinstance(value, str) and Path(value).expanduser().exists()


def _source(key: str, target: str) -> str:
    return "".join(map(content_digest, class_facts(key, target).files))


def content_digest(path: str, key: str = "dataset.path") -> str:
    """Of a file, sha256, read again where it has changed; of a folder, of its files with their names within it.

    Raises UsageError where it cannot be read.
    """
    place = Path(path).expanduser()
    try:
        if place.is_dir():
            inside = sorted(file for file in place.rglob("*") if file.is_file())
            each = "".join(f"{file.relative_to(place).as_posix()}\0{_stated(file)}\n" for file in inside)
            return hashlib.sha256(each.encode()).hexdigest()
        if not place.is_file() and place.exists():
            raise UsageError("not a regular file: save what it gives in one first", key=key, value=path,
                             allowed="a file or folder")  # fmt: skip
        return _stated(place)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", key=key, value=path, allowed="a readable file") from error


def _stated(place: Path) -> str:
    there = place.stat()
    return _digest(place, there.st_mtime_ns, there.st_size)


@cache
def _digest(place: Path, changed: int, size: int) -> str:
    return hashlib.sha256(place.read_bytes()).hexdigest()
