"""A record (run.json) as one flat row of named, typed columns; what does not fit is named, not guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

SCHEMA_VERSION = 1
STATUSES = ("ok", "diverged", "failed")

# Column → (where it stands in run.json, first found wins; its type). Always present, in this order, also when empty.
# Then come `test_<metric>` and `valid_<metric>`, every other `config` leaf under its own name with "_" for "."
# (dataset.n_max → dataset_n_max), and `environment` leaves as `env_<leaf>`.
TEXT, INTEGER, NUMBER, TRUTH, TIME = "str", "Int64", "float64", "boolean", "datetime64[us, UTC]"
COLUMNS: dict[str, tuple[str, str]] = {
    "name": ("", TEXT),  # the <name> of results/<name>
    "run_id": ("run_id", TEXT),
    "status": ("status", TEXT),
    "error": ("error", TEXT),
    "cell": ("config.cell.name", TEXT),
    "dataset": ("config.dataset.name", TEXT),
    "seq_len": ("task.seq_len config.seq_len", INTEGER),  # resolved; as asked: seq_len_asked
    "hidden_size": ("hidden_size config.hidden_size", INTEGER),  # achieved; as asked: hidden_size_asked
    "num_layers": ("config.num_layers", INTEGER),
    "batch_size": ("config.batch_size", INTEGER),
    "train_size": ("task.train_size config.train_size", INTEGER),  # resolved; as asked: train_size_asked
    "optimizer": ("config.optimizer.name", TEXT),
    "optimizer_lr": ("config.optimizer.lr", NUMBER),
    "clip_norm": ("config.clip_norm", NUMBER),
    "dropout": ("config.dropout", NUMBER),
    "forget_bias": ("config.forget_bias", TEXT),  # "0", "1", "0.5", "chrono"
    "match": ("config.match", TEXT),
    "seed": ("config.seed", INTEGER),
    "device": ("environment.device config.device", TEXT),  # resolved; as asked: device_asked
    "dtype": ("config.dtype", TEXT),
    "backend": ("backend config.backend", TEXT),  # resolved; as asked: backend_asked
    "threads": ("environment.threads config.threads", INTEGER),  # resolved; as asked: threads_asked
    "budget_max_steps": ("config.budget.max_steps", INTEGER),
    "budget_max_epochs": ("config.budget.max_epochs", NUMBER),
    "budget_max_seconds": ("config.budget.max_seconds", NUMBER),
    "budget_patience": ("config.budget.patience", INTEGER),
    "budget_solved": ("config.budget.solved", NUMBER),
    "budget_eval_every": ("config.budget.eval_every", INTEGER),
    "seq_len_asked": ("config.seq_len", INTEGER),
    "hidden_size_asked": ("config.hidden_size", INTEGER),
    "train_size_asked": ("config.train_size", INTEGER),
    "device_asked": ("config.device", TEXT),
    "backend_asked": ("config.backend", TEXT),
    "threads_asked": ("config.threads", INTEGER),
    "metric": ("task.metric", TEXT),
    "unit": ("task.unit", TEXT),
    "higher_is_better": ("task.higher_is_better", TRUTH),
    "chance": ("", NUMBER),  # of `metric`
    "published": ("", TEXT),  # of `metric`: a JSON object {label: value}, or null
    "test_score": ("", NUMBER),  # the value of `metric`
    "valid_score": ("", NUMBER),
    "test_loss": ("metrics.test.loss", NUMBER),
    "valid_loss": ("metrics.valid.loss", NUMBER),
    "best_step": ("best_step", INTEGER),
    "steps": ("steps", INTEGER),
    "stopped_by": ("stopped_by", TEXT),
    "train_seconds": ("timing.train_seconds", NUMBER),
    "step_ms_median": ("timing.step_ms.median", NUMBER),
    "step_ms_p10": ("timing.step_ms.p10", NUMBER),
    "step_ms_p90": ("timing.step_ms.p90", NUMBER),
    "step_ms_n": ("timing.step_ms.n", INTEGER),
    "seconds_to_threshold": ("timing.seconds_to_threshold", NUMBER),
    "steps_to_threshold": ("timing.steps_to_threshold", INTEGER),
    "contended": ("timing.contended", TRUTH),
    "saved_activation_bytes": ("memory.saved_activation_bytes", INTEGER),
    "peak_bytes": ("memory.peak_bytes", INTEGER),
    "recurrent_parameters": ("parameters.recurrent", INTEGER),
    "total_parameters": ("parameters.total", INTEGER),
    "parity_max_error": ("parity.max_error", NUMBER),
    "parity_checked_against": ("parity.checked_against", TEXT),
    "started": ("started", TIME),
    "finished": ("finished", TIME),
    "path": ("", TEXT),  # the run's directory
}
SPELLED = {"forget_bias"}
"""Text columns of keys that take a number or a word."""

_PATHS = [(name, where.split(), kind) for name, (where, kind) in COLUMNS.items() if where]
_READ = {where for _, wheres, _ in _PATHS for where in wheres}
_NEEDED = {"run_id", "status", "cell", "dataset", "seed"}  # of every record
_NEEDED_WHEN_OK = {"metric", "higher_is_better", "seq_len", "hidden_size", "steps"}


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
    leaves = dict(_leaves(record))
    row: dict[str, Any] = {}
    for name, wheres, kind in _PATHS:
        value = next((leaves[where] for where in wheres if leaves.get(where) is not None), None)
        if name in SPELLED:
            value = spelled(value)
        row[name] = None if value is None else _typed(wheres[0], value, kind)
    for name in sorted(_NEEDED | (_NEEDED_WHEN_OK if row["status"] == "ok" else set())):
        if row[name] is None:
            raise RecordError(f"{COLUMNS[name][0].split()[0]} is missing")
    if row["status"] not in STATUSES:
        raise RecordError(f"status is {row['status']}, not one of {', '.join(STATUSES)}")
    for split in ("test", "valid"):
        row[f"{split}_score"] = _number(leaves, f"metrics.{split}.{row['metric']}")
    if row["status"] == "ok" and row["test_score"] is None and not record.get("rebuilt"):  # from tables without it
        raise RecordError(f"metrics.test.{row['metric']} is missing")
    row["chance"] = _number(leaves, f"task.chance.{row['metric']}")
    task = record.get("task")
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
            row[f"config_{name}" if name in COLUMNS else name] = json.dumps(value) if isinstance(value, list) else value
        elif group == "environment" and rest:
            row["env_" + name] = None if value is None else str(value)
    return row


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
    if not right:
        raise RecordError(f"{where} is {value!r}, not {'an' if kind == INTEGER else 'a'} {_SPOKEN[kind]}")
    return value


_SPOKEN = {TEXT: "text", TIME: "time", TRUTH: "truth value", NUMBER: "number", INTEGER: "integer"}
