"""The model of a run on disk: its weights in model.safetensors, and in model.json what makes the model again.

model.json holds

    format, rnnbench, torch, numerics     which program kept it
    run_id, config                        the run and its configuration, as in run.json
    weights, step                         "best" on validation or "last", and the step that they are of
    sha256                                of model.safetensors
    model                                 sizes and options of the network, and its cell
    objective, transform                  {class, fields}: training/described.py; transform may be null

and is written last: weights without it are no kept model. Neither file has a date, so that the same run leaves the same
bytes. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import safetensors.torch
import torch
from torch import Tensor, nn

import rnnbench
from rnnbench.cells.base import Cell
from rnnbench.config import Config
from rnnbench.config.identity import source_digest
from rnnbench.data.base import Parts
from rnnbench.data.examples import Examples
from rnnbench.errors import UsageError, in_one_line
from rnnbench.objectives.base import Objective
from rnnbench.records import MODEL, MODEL_FACTS, write_bytes_atomically, write_json_atomically, write_predictions
from rnnbench.records.regular import read_regular
from rnnbench.recurrent import backends
from rnnbench.recurrent.options import zoned
from rnnbench.stopping import let_end
from rnnbench.training.described import described, made
from rnnbench.training.kept_model import KeptModel
from rnnbench.training.loop import Training
from rnnbench.training.model import SequenceModel
from rnnbench.training.numerics import NUMERICS
from rnnbench.training.predictions import Kept

FORMAT = 3
"""Raised by a change of model.json that this program would misread; a model with nothing of it keeps the lower one."""
OPTIONS = "options"
"""Since 2, where a model has any: of recurrent/options.py those that are not off. Since 3 `computes_in` is one."""

OPTION_NAMES = ("layer_norm", "residual", "recurrent_dropout", "zoneout", "computes_in")


class Transform(Protocol):
    """Raw values → what the model reads: a frozen dataclass of plain values, learned from training examples alone."""

    def __call__(self, raw: Any, /) -> Any: ...


def keep(directory: Path, config: Config, training: Training, said: Kept) -> None:
    """Leave predictions.npz and the model in the run's directory; where that fails, a line says so.

    A finished training is not thrown away for want of what only describes it.
    """
    try:
        arrays = said.arrays()
        if arrays is not None:
            write_predictions(directory, arrays)
    except UsageError as problem:
        print(f"warning: {problem}", file=sys.stderr)
    try:
        save(directory, config, training)
    except BaseException as problem:  # a user's objective or cell may be of any kind
        let_end(problem)
        print(f"warning: the model of {config.run_id} is not kept: {in_one_line(problem)}", file=sys.stderr)


def save(directory: Path, config: Config, training: Training) -> None:
    """Write both files.

    Raises UsageError where they cannot be written or the model cannot be described: then neither is left.
    """
    weights = training.last_weights if config.keep == "last" else training.model.state_dict()
    assert weights is not None
    write_model(directory, _facts(config, training), weights)


def write_model(directory: Path, facts: dict[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Write both files; facts: model.json but for the sha256. Raises as `save`."""
    content = safetensors.torch.save({name: _own_memory(tensor) for name, tensor in weights.items()})
    facts["sha256"] = hashlib.sha256(content).hexdigest()
    try:
        (directory / MODEL_FACTS).unlink(missing_ok=True)
        write_bytes_atomically(directory / MODEL, content)
        write_json_atomically(directory / MODEL_FACTS, facts)
    except Exception:
        (directory / MODEL).unlink(missing_ok=True)
        raise


def load_model(run_directory: str | Path) -> KeptModel:
    """The model of results/NAME/runs/RUN_ID, on CPU and ready to `predict`; `.to(device)` moves it.

    It runs on the backend that it was trained with where that is to be had, else on the fastest there is. Raises
    UsageError, one line, where no model was kept, its files are damaged or of a newer release, or a class of its
    user's cannot be imported; one whose source has changed is named on stderr.

    >>> import rnnbench, torch
    >>> record = rnnbench.train(cell="gru", seq_len=10, name="first", **{"budget.max_steps": 20})
    >>> model = rnnbench.load_model(f"results/first/runs/{record['run_id']}")
    >>> tuple(model.predict(torch.rand(3, 10, 2)).shape)  # of three sequences of ten steps
    (3, 1)
    """
    directory = Path(run_directory)
    facts = _read(directory)
    path = directory / MODEL_FACTS
    try:
        network, objective = _network(facts)
        _warn_of_another_source(directory, facts["config"]["cell"])
        transform = None if facts["transform"] is None else made(facts["transform"])
        flush_denormals = facts["model"]["flush_denormals"]
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        raise UsageError(f"{path} is damaged ({in_one_line(error)})") from error
    try:
        network.load_state_dict(_weights(directory / MODEL, facts["sha256"]))
    except (KeyError, RuntimeError) as error:
        raise UsageError(f"{directory / MODEL} does not fit {MODEL_FACTS} ({in_one_line(error)})") from error
    return KeptModel(network, objective, transform, facts, flush_denormals)


def _facts(config: Config, training: Training) -> dict[str, Any]:
    last = config.keep == "last"
    step = training.progress.step if last else training.selection.best_step
    return facts_of(training, config.run_id, config.recorded(), config.keep, step, config.flush_denormals)


def facts_of(
    training: Training, run_id: str, config: Mapping[str, Any], weights: str, step: int | None, flush_denormals: bool
) -> dict[str, Any]:
    """model.json but for the sha256. Raises UsageError where a part of the model cannot be described."""
    model, parts, recurrent = training.model, training.parts, training.model.recurrent
    encoder = model.encoder
    options = {name: getattr(recurrent, name) for name in OPTION_NAMES if getattr(recurrent, name)}
    return {
        "format": FORMAT if recurrent.computes_in else 2 if options else 1,
        "rnnbench": rnnbench.__version__,
        "torch": torch.__version__,
        "numerics": NUMERICS,
        "run_id": run_id,
        "config": config,
        "weights": weights,
        "step": step,
        "model": {
            "cell": described(recurrent.cell),
            "input_size": parts.input_size,
            "symbols": parts.symbols,
            "seq_len": parts.seq_len,
            "embedding_size": encoder.embedding_dim if isinstance(encoder, nn.Embedding) else None,
            "hidden_size": recurrent.hidden_size,
            "num_layers": recurrent.num_layers,
            "bidirectional": recurrent.bidirectional,
            "dropout": model.dropout.p,
            "readout": model.readout,
            "output_size": parts.objective.output_size,
            "backend": recurrent.backend,
            "dtype": str(training.dtype).removeprefix("torch."),
            "flush_denormals": flush_denormals,
        }
        | ({OPTIONS: options} if options else {}),
        "objective": described(parts.objective),
        "transform": _transform(parts, run_id),
    }


def _transform(parts: Parts, run_id: str) -> dict[str, Any] | None:
    """A model without it still answers rows as the dataset gives them."""
    try:
        return None if parts.transform is None else described(parts.transform)
    except UsageError as problem:
        print(f"warning: the model of {run_id} is kept without its transform: {problem}", file=sys.stderr)
        return None


def _own_memory(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _read(directory: Path) -> dict[str, Any]:
    path = directory / MODEL_FACTS
    try:
        facts = json.loads(read_regular(path))
    except (FileNotFoundError, NotADirectoryError) as error:
        why = "the run has not ended, diverged, or kept none (keep=best force=true repeats it)"
        raise UsageError(f"{directory} holds no kept model: {why}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read ({type(error).__name__})") from error
    if not isinstance(facts, dict) or type(facts.get("format")) is not int:
        raise UsageError(f"{path} is damaged: it says no format")
    if facts["format"] > FORMAT:
        raise UsageError(f"{path} is of a newer release of rnnbench: format {facts['format']}, this one reads {FORMAT}")
    return facts


def _network(facts: dict[str, Any]) -> tuple[SequenceModel, Objective]:
    """The network with weights yet to come; the first ones are drawn apart from anyone's random numbers."""
    model, objective = facts["model"], made(facts["objective"], Objective)
    cell, dtype, options = made(model["cell"], Cell), getattr(torch, model["dtype"]), model.get(OPTIONS, {})
    none = Examples(torch.zeros(0, 1, 1), torch.zeros(0))
    parts = Parts(none, none, none, objective, model["seq_len"], model["input_size"], model["symbols"])
    with torch.random.fork_rng(devices=[]):
        network = SequenceModel(
            cell,
            parts,
            model["hidden_size"],
            readout=None if objective.per_step else model["readout"],
            num_layers=model["num_layers"],
            bidirectional=model["bidirectional"],
            embedding_size=model["embedding_size"],
            dropout=model["dropout"],
            backend=_backend(model["backend"], cell, dtype, options),
            **options,
        )
    return network.to(dtype), objective


def _warn_of_another_source(directory: Path, cell: dict[str, Any]) -> None:
    """A user's cell that was edited since answers otherwise than was recorded."""
    if "source" in cell and cell["source"] != source_digest("cell", cell["target"]):
        line = f"warning: {directory}: the source of {cell['target']} is not what it was when the model was trained"
        print(line, file=sys.stderr)


def _backend(name: str, cell: Cell, dtype: torch.dtype, options: dict[str, Any]) -> str:
    between = bool(options.get("layer_norm") or options.get("residual"))
    dtype = getattr(torch, options["computes_in"]) if "computes_in" in options else dtype
    try:
        return backends.choose(
            name, zoned(cell, options.get("zoneout", 0.0)), torch.device("cpu"), dtype, None, between
        )
    except UsageError:
        return "auto"


def _weights(path: Path, digest: str) -> dict[str, Tensor]:
    """Raises UsageError for a file that is not there, or not the one that was written."""
    try:
        content = read_regular(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({type(error).__name__})") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise UsageError(f"{path} is damaged: it is not the file that {MODEL_FACTS} was written for")
    try:
        return safetensors.torch.load(content)
    except Exception as error:  # whatever safetensors raises
        raise UsageError(f"{path} is damaged ({type(error).__name__})") from error
