"""One run, told as a story: config → data → model → parity → training → test → record."""

from __future__ import annotations

import math
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from rnnbench import parity
from rnnbench.config import Config
from rnnbench.errors import UsageError, in_one_line, own_line_of
from rnnbench.machine import environment, memory
from rnnbench.machine.denormals import flushing
from rnnbench.machine.places import check_writable
from rnnbench.machine.plain_state import plain_state
from rnnbench.machine.precision import ieee_float32
from rnnbench.machine.presence import Presence
from rnnbench.machine.threads import with_threads
from rnnbench.preparation import prepare
from rnnbench.records import (
    HISTORY,
    MODEL,
    MODEL_FACTS,
    PREDICTIONS,
    RECORD,
    SCHEMA_VERSION,
    History,
    check_not_newer,
    finished,
    read_record,
    run_lock,
    write_bytes_atomically,
    write_record,
    write_text_atomically,
)
from rnnbench.recurrent import kernel, workspace
from rnnbench.stopping import let_end
from rnnbench.training import artifact, facts
from rnnbench.training.loop import Training
from rnnbench.training.numerics import NUMERICS
from rnnbench.training.predictions import Kept

CHECKPOINT = "checkpoint.pt"
TRACE = "error.txt"
"""The whole trace of what a run failed by."""


@dataclass(frozen=True)
class Ending:
    """How a request to run ended: ok, diverged, failed, skipped (finished before) or elsewhere (someone is at it)."""

    status: str
    run_dir: Path
    record: dict[str, Any] | None


def run(
    config: Config,
    *,
    beside: bool = False,
    keep_usage_errors: bool = False,
    provenance: Mapping[str, str] | None = None,
) -> Ending:
    """Do the run that `config` describes, unless its record is there already.

    A failure becomes a record with status "failed". A request that cannot be met raises UsageError and leaves nothing,
    unless `keep_usage_errors`, as in a sweep, where it becomes such a record too. UsageError is also raised when the
    results directory cannot be written.

    beside: other runs are going beside this one, so that its times are contended whether they are seen or not.
    provenance: file name → text, kept in the run's `.hydra` folder.
    """
    directory = config.run_dir
    if finished(directory) and not config.force:
        return Ending("skipped", directory, read_record(directory))
    check_writable(config.runs_dir.parent, "results_dir", config.results_dir)
    with (
        plain_state(config.seed) as settle,
        ieee_float32(),
        with_threads(torch.get_num_threads()),
        flushing(config.flush_denormals),
    ):
        return _run(config, directory, beside, keep_usage_errors, provenance or {}, settle)


def _run(
    config: Config,
    directory: Path,
    beside: bool,
    keep_usage_errors: bool,
    provenance: Mapping[str, str],
    settle: Callable[[], None],
) -> Ending:
    started = now()
    training: Training | BaseException
    try:
        training = prepare(config, beside, settle)
    except BaseException as error:
        let_end(error)
        if isinstance(error, UsageError) and not keep_usage_errors:
            raise
        training = error
    with run_lock(directory) as mine:
        if not mine:
            return Ending("elsewhere", directory, None)
        if not make_room(config):
            return Ending("skipped", directory, read_record(directory))
        keep_provenance(directory, provenance)
        return conclude(config, started, lambda: _carry_out(config, training, beside))


def make_room(config: Config) -> bool:
    """Whether the run is to be done: it has no result, or one that is to be repeated, which goes.

    Raises UsageError where what a newer release left would go.
    """
    directory = config.run_dir
    check_not_newer(directory, NUMERICS, artifact.FORMAT)
    if finished(directory):
        if not config.force:
            return False
        if (directory / RECORD).exists():  # else it is packed, and a checkpoint that of its repetition
            for name in (RECORD, HISTORY, PREDICTIONS, MODEL_FACTS, MODEL, CHECKPOINT):
                (directory / name).unlink(missing_ok=True)
    return True


def keep_provenance(directory: Path, provenance: Mapping[str, str]) -> None:
    for name, text in provenance.items():
        write_text_atomically(directory / ".hydra" / name, text)


def conclude(config: Config, started: str, what: Callable[[], dict[str, Any]]) -> Ending:
    """Do `what` and write the record of it, or of its failure."""
    directory = config.run_dir
    try:
        record = _frame(config, what(), started)
        write_record(directory, record)
    except BaseException as error:  # whatever it is, the sweep goes on and the record says what happened
        let_end(error)
        record = _frame(config, {"status": "failed", "error": why(error, config)}, started)
        if not isinstance(error, UsageError):
            with suppress(UsageError):
                trace = "".join(traceback.format_exception(error))
                write_bytes_atomically(directory / TRACE, trace.encode(errors="backslashreplace"))
        write_record(directory, record)
    if record["status"] != "failed":
        for name in (CHECKPOINT, TRACE):
            with suppress(OSError):  # a folder of that name is not ours
                (directory / name).unlink(missing_ok=True)
    return Ending(record["status"], directory, record)


def why(error: BaseException, config: Config) -> str:
    """An error in one line: with the line of a user's own code that it came from where it came from any; where memory
    ran out, with what may be made smaller."""
    if not memory.ran_out(error):
        where = None if isinstance(error, UsageError) else own_line_of(error)
        return in_one_line(error) + (f" ({where})" if where else "")
    sizes = {name: getattr(config, name) for name in ("batch_size", "hidden_size", "seq_len", "num_layers", "replicas")}
    asked = ", ".join(f"{name}={size}" for name, size in sizes.items() if size is not None and size != 1)
    return f"out of memory ({in_one_line(error)}): make one of these smaller: {asked}"


def _carry_out(config: Config, training: Training | BaseException, beside: bool) -> dict[str, Any]:
    """Parity, memory, training and the one look at the test set → the part of the record that they fill."""
    if isinstance(training, BaseException):
        raise training
    found = check(config, training)
    with Presence() as presence:
        training.others_running = (lambda: True) if beside else presence.others
        training.run()
    found |= judge(config, training)
    found["memory"]["peak_bytes"] = memory.peak_bytes(training.device)
    return found


def check(config: Config, training: Training) -> dict[str, Any]:
    """What comes before training: parity and memory, and where its files go → their part of the record."""
    model, parts, device = training.model, training.parts, training.device
    recurrent, directory = model.recurrent, config.run_dir
    numbers = getattr(torch, config.dtype)  # what the recurrent layers compute in
    checked = parity.quick_check(recurrent, recurrent.backend, numbers, device)
    batch = training.batch(0)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        saved_bytes = memory.saved_activation_bytes(model, lambda: parts.objective.loss(model(batch)[0], batch))
    workspace.release()  # of an earlier run in this process, whose memory would count as this one's
    memory.reset_peak(device)
    training.checkpoint = directory / CHECKPOINT
    training.checkpoint_seconds = config.checkpoint_seconds
    training.history_file = History(directory)
    training.label = config.run_id
    return {"parity": checked, "memory": {"saved_activation_bytes": saved_bytes}}


def judge(config: Config, training: Training) -> dict[str, Any]:
    """What comes after training: the one look at the test set, the model kept → the other parts of the record."""
    model, parts, device = training.model, training.parts, training.device
    progress, directory = training.progress, config.run_dir
    if config.metric is not None and progress.solved_step == 0:
        raise UsageError(f"met by {training.selection.metric} before any training", key="budget.solved",
                         value=config.budget.solved, allowed="null, or a value of that metric")  # fmt: skip
    test, error = None, None
    if progress.stopped_by == "diverged":
        error = f"loss is not finite at step {progress.diverged_step}"
    else:
        said = None if config.keep == "none" else Kept(parts.objective)
        test = training.score(parts.test, said)
        if not all(math.isfinite(value) for value in test.values()):
            test, error = None, "finite in validation, but not on the test set"
        elif said is not None:
            artifact.keep(directory, config, training, said)
    if (history := training.history_file) is not None:
        try:
            history.write(progress.history)  # what it holds, now on the disk for good
        except UsageError as problem:  # the training is done, and its record says more than its history
            print(f"warning: {problem}", file=sys.stderr)
    return {
        "status": "ok" if error is None else "diverged",
        "error": error,
        "task": facts.task_facts(training),
        "hidden_size": model.recurrent.hidden_size,
        "parameters": model.parameter_counts(),
        "metrics": {"valid": training.selection.best, "test": test, "curve": facts.curve(training)},
        "best_step": training.selection.best_step,
        "steps": progress.step if progress.diverged_step is None else progress.diverged_step,
        "stopped_by": progress.stopped_by,
        "timing": facts.timing(progress),
        "backend": model.recurrent.backend,
        "environment": environment.describe(device, getattr(torch, config.dtype))
        | {
            "threads_because": training.threads_because,
            "fused_isa": kernel.isa() if kernel.library() is not None else None,
        }
        | ({"replicas": training.replicas} if training.replicas > 1 else {}),
    }


EMPTY: dict[str, Any] = {
    "task": None, "hidden_size": None, "parameters": None, "metrics": None, "best_step": None, "steps": None,
    "stopped_by": None, "timing": None, "memory": None, "backend": None, "parity": None, "environment": None,
}  # fmt: skip
"""A record's parts that a failed run leaves unknown."""


def _frame(config: Config, record: dict[str, Any], started: str) -> dict[str, Any]:
    head = {
        "schema_version": SCHEMA_VERSION,
        "numerics": NUMERICS,
        "run_id": config.run_id,
        "config": config.recorded(),
    }
    return head | EMPTY | record | {"started": started, "finished": now()}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
