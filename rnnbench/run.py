"""One run, told as a story: config → data → model → parity → training → test → record."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from rnnbench import parity
from rnnbench.cells.lstm import LSTMCell
from rnnbench.config import Config, make_cell, make_dataset
from rnnbench.data.base import Task
from rnnbench.data.files import default_data_dir
from rnnbench.errors import UsageError, in_one_line
from rnnbench.machine import environment, memory
from rnnbench.machine.clocks import step_statistics
from rnnbench.machine.denormals import flushing
from rnnbench.machine.precision import ieee_float32
from rnnbench.machine.presence import Presence
from rnnbench.machine.threads import cores, for_size, with_threads
from rnnbench.records import (
    HISTORY,
    RECORD,
    SCHEMA_VERSION,
    finished,
    read_record,
    run_lock,
    write_history,
    write_record,
    write_text_atomically,
)
from rnnbench.recurrent import backends, kernel, workspace
from rnnbench.training.loop import Progress, Training, evaluate
from rnnbench.training.model import SequenceModel, matched_hidden_size
from rnnbench.training.numerics import NUMERICS

CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Ending:
    """How a request to run ended: ok, diverged, failed, skipped (finished before) or elsewhere (someone is at it)."""

    status: str
    run_dir: Path
    record: dict[str, Any] | None


def run(
    config: Config, *, workers: int = 1, keep_usage_errors: bool = False, provenance: Mapping[str, str] | None = None
) -> Ending:
    """Do the run that `config` describes, unless its record is there already.

    A failure becomes a record with status "failed". A request that cannot be met raises UsageError and leaves nothing,
    unless `keep_usage_errors`, as in a sweep, where it becomes such a record too. UsageError is also raised when the
    results directory cannot be written.

    workers: runs side by side on this machine, which share its cores.
    provenance: file name → text, kept in the run's `.hydra` folder.
    """
    directory = config.run_dir
    if finished(directory) and not config.force:
        return Ending("skipped", directory, read_record(directory))
    with ieee_float32(), with_threads(torch.get_num_threads()), flushing(config.flush_denormals):
        return _run(config, directory, workers, keep_usage_errors, provenance or {})


def _run(
    config: Config, directory: Path, workers: int, keep_usage_errors: bool, provenance: Mapping[str, str]
) -> Ending:
    started = _now()
    training: Training | Exception
    try:
        training = prepare(config, workers)
    except Exception as error:
        if isinstance(error, UsageError) and not keep_usage_errors:
            raise
        training = error
    with run_lock(directory) as mine:
        if not mine:
            return Ending("elsewhere", directory, None)
        if finished(directory):
            if not config.force:
                return Ending("skipped", directory, read_record(directory))
            if (directory / RECORD).exists():  # else it is packed, and a checkpoint that of its repetition
                for name in (RECORD, HISTORY, CHECKPOINT):
                    (directory / name).unlink(missing_ok=True)
        for name, text in provenance.items():
            write_text_atomically(directory / ".hydra" / name, text)
        try:
            if isinstance(training, Exception):
                raise training
            record = _frame(config, _carry_out(config, training, directory), started)
            write_record(directory, record)
        except Exception as error:  # whatever it is, the sweep goes on and the record says what happened
            record = _frame(config, {"status": "failed", "error": in_one_line(error)}, started)
            write_record(directory, record)
        if record["status"] != "failed":
            (directory / CHECKPOINT).unlink(missing_ok=True)
        return Ending(record["status"], directory, record)


def prepare(config: Config, workers: int = 1) -> Training:
    """Data, device, model and training loop, every random number from the seed, whatever ran before in the process.

    Raises UsageError for every request that cannot be met.
    """
    device, dtype = choose_device(config.device), getattr(torch, config.dtype)
    cell = make_cell(config)
    backend = backends.choose(config.backend, cell, device, dtype)
    task = task_of(config)
    task.train.batch(0, config.batch_size)  # refuses a batch larger than the data
    hidden_size = matched_width(config, task) if config.match == "params" else config.hidden_size
    threads, because = threads_for(config, task, workers)
    torch.set_num_threads(threads)
    torch.manual_seed(config.seed)
    model = SequenceModel(
        cell,
        task,
        hidden_size,
        num_layers=config.num_layers,
        embedding_size=config.embedding_size,
        dropout=config.dropout,
        forget_bias=config.forget_bias,
        backend=backend,
    ).to(device, dtype)
    return Training(
        model=model,
        task=task,
        batch_size=config.batch_size,
        optimizer_config=config.optimizer,
        budget=config.budget,
        clip_norm=config.clip_norm,
        device=device,
        dtype=dtype,
        threads_because=because,
        show_progress=config.progress is True or (config.progress == "auto" and workers == 1 and sys.stderr.isatty()),
    )


def threads_for(config: Config, task: Task, workers: int = 1) -> tuple[int, str]:
    """How many threads a run takes, and why: what is asked for, else by its size, cells of one width alike."""
    if config.threads is not None:
        return config.threads, "as asked"
    width = task.symbols if task.symbols is not None else task.input_size
    inputs = width if config.embedding_size is None else config.embedding_size
    return for_size(config.batch_size, task.seq_len, inputs, config.hidden_size, max(1, cores() // workers))


def task_of(config: Config) -> Task:
    """Its data. Raises UsageError where they are not there, or cannot be cut as asked."""
    return make_dataset(config).task(
        seq_len=config.seq_len, train_size=config.train_size, seed=config.seed, data_dir=default_data_dir()
    )


def matched_width(config: Config, task: Task) -> int:
    """The width that gives its cell the parameters of an LSTM of `hidden_size`. Raises UsageError where none does."""
    return matched_hidden_size(
        make_cell(config), LSTMCell(), task, config.hidden_size, config.num_layers, config.embedding_size
    )


def choose_device(name: str) -> torch.device:
    """auto: CUDA where there is a GPU, else CPU. Raises UsageError for cuda without one."""
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("no CUDA device is available", key="device", value=name, allowed="auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _carry_out(config: Config, training: Training, directory: Path) -> dict[str, Any]:
    """Parity, memory, training and the one look at the test set → the part of the record that they fill."""
    model, task, device, dtype = training.model, training.task, training.device, training.dtype
    recurrent = model.recurrent
    checked = parity.quick_check(recurrent, recurrent.backend, dtype, device)
    batch = task.train.batch(0, config.batch_size).to(device, dtype)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        saved_bytes = memory.saved_activation_bytes(model, lambda: task.loss(model(batch)[0], batch))
    workspace.release()  # of an earlier run in this process, whose memory would count as this one's
    memory.reset_peak(device)
    training.checkpoint = directory / CHECKPOINT
    training.checkpoint_seconds = config.checkpoint_seconds
    training.label = config.run_id
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else environment.cpu_model()
    training.kind = f"{recurrent.backend} on {where}"
    with Presence() as presence:
        training.others_running = presence.others
        progress = training.run()
    test, error = None, None
    if progress.stopped_by == "diverged":
        error = f"loss is not finite at step {progress.diverged_step}"
    else:
        test = evaluate(model, task, task.test, device, dtype, config.batch_size)
        if not all(math.isfinite(value) for value in test.values()):
            test, error = None, "finite in validation, but not on the test set"
    write_history(directory, progress.history)
    return {
        "status": "ok" if error is None else "diverged",
        "error": error,
        "task": _task_facts(task),
        "hidden_size": recurrent.hidden_size,
        "parameters": model.parameter_counts(),
        "metrics": {"valid": progress.best, "test": test},
        "best_step": progress.best_step,
        "steps": progress.step if progress.diverged_step is None else progress.diverged_step,
        "stopped_by": progress.stopped_by,
        "timing": _timing(progress),
        "memory": {"saved_activation_bytes": saved_bytes, "peak_bytes": memory.peak_bytes(device)},
        "backend": recurrent.backend,
        "parity": checked,
        "environment": environment.describe(device, dtype)
        | {
            "threads_because": training.threads_because,
            "fused_isa": kernel.isa() if kernel.library() is not None else None,
        },
    }


def _task_facts(task: Task) -> dict[str, Any]:
    return {
        "metric": task.metric,
        "unit": task.unit,
        "higher_is_better": task.higher_is_better,
        "chance": dict(task.chance),
        "published": dict(task.published),
        "baselines": dict(task.baselines),
        "seq_len": task.seq_len,
        "train_size": task.train.size,
    }


def _timing(progress: Progress) -> dict[str, Any]:
    return {
        "train_seconds": progress.train_seconds,
        "step_ms": step_statistics(progress.step_seconds),
        "seconds_to_threshold": progress.solved_seconds,
        "steps_to_threshold": progress.solved_step,
        "contended": progress.contended or len(progress.kinds) > 1,  # either way in no claim about time
        "mixed": len(progress.kinds) > 1,
        "kinds": progress.kinds,
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
    return head | EMPTY | record | {"started": started, "finished": _now()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
