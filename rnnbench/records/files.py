"""The record of one run as a file. Reading whether a run is finished takes no pandas."""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnbench.errors import escaped
from rnnbench.records.atomic import finite, write_json_atomically
from rnnbench.records.newer import leave
from rnnbench.records.pack import PACK, decoded, pack_of, packed
from rnnbench.records.regular import read_regular
from rnnbench.records.schema import SCHEMA_VERSION, RecordError, as_text, check

RECORD = "run.json"
MODEL, MODEL_FACTS = "model.safetensors", "model.json"  # rnnbench.training.artifact


def write_record(run_dir: Path, record: Mapping[str, Any]) -> Path:
    """Write `run_dir`/run.json, and give its path. Raises RecordError for a record that could not be read back."""
    record = as_text(finite(record))
    check(record)
    write_json_atomically(Path(run_dir) / RECORD, record)
    return Path(run_dir) / RECORD


def read_record(run_dir: Path) -> dict[str, Any] | None:
    """The record of a run, its own or else the packed one, or None when it has none.

    A result in the pack is not hidden by a later attempt that failed.

    One not to be believed is named on stderr and counts as none.
    """
    record = own_record(run_dir)
    if (record is None or record["status"] == "failed") and (found := packed(run_dir)) is not None:
        record = found[0] if record is None or found[0]["status"] != "failed" else record
    return record


def own_record(run_dir: Path) -> dict[str, Any] | None:
    """The record in the run's directory alone; one not to be believed is named on stderr and counts as none."""
    path = Path(run_dir) / RECORD
    try:
        record = read_file(path)
        if record is not None:
            check(record)
    except RecordError as error:
        warn(path, error)
        return None
    return record


def record_file(run_dir: Path) -> Path:
    """Where the record of a finished run stands: in its run.json or in the pack."""
    own = Path(run_dir) / RECORD
    return own if own.exists() else own.parents[2] / PACK


def finished(run_dir: Path) -> bool:
    """Whether the run has a result, ok or diverged, and so need not be done again."""
    record = read_record(run_dir)
    return record is not None and record["status"] != "failed"


def check_not_newer(run_dir: Path, numerics: int, model_format: int) -> None:
    """Raises Newer where a newer release has left its record, by itself or in the pack, or its model.

    numerics, model_format: of this release.
    """
    ours = {"schema_version": SCHEMA_VERSION, "numerics": numerics}
    for name, known in ((RECORD, ours), (MODEL_FACTS, {"format": model_format})):
        path = Path(run_dir) / name
        try:
            content = read_file(path) or {}
        except RecordError:
            continue
        for what, version in known.items():
            leave(path, what, content.get(what), version)
    directory, run_id = Path(run_dir).parent.parent, Path(run_dir).name
    leave(directory / PACK, "schema_version", pack_of(directory).newer.get(run_id), SCHEMA_VERSION)


def warn(path: Path, error: Exception | str) -> None:
    print(escaped(f"warning: skipped {path}: {error}"), file=sys.stderr)


def read_file(path: Path) -> dict[str, Any] | None:
    try:
        return decoded(read_regular(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # there cannot be any; who writes there is told
            return None
        raise RecordError(f"unreadable: {error.strerror or error}") from error
