"""Nested plain values → a Config whose every value may be, one by one and together.

Classes are not imported here: whether a cell or dataset takes its options is checked where it is made (`choices`).
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rnnbench.config.schema import PRESENTATION, Choice, Config
from rnnbench.config.source import class_facts
from rnnbench.conversion import checked
from rnnbench.data.files import default_data_dir
from rnnbench.errors import UsageError
from rnnbench.registry import names

PLAIN_NAME = re.compile(r"\w[\w.+-]*")
MOST_THREADS = 1024
LONGEST_NAME = 80
"""Bytes: a run's folder has the names of cell and dataset and more in its own, of 255 at most."""


def from_mapping(values: Mapping[str, Any]) -> Config:
    """A checked Config from nested plain values. Raises UsageError naming the key, the value and what is allowed."""
    values = dict(values)
    for key in ("cell", "dataset"):
        values[key] = choice_from(key, values.get(key))
    values["dataset"] = _found(values["dataset"])
    values.pop("study", None)
    asked = values.get("metric")
    if isinstance(asked, list | tuple | str):
        names = asked.split(",") if isinstance(asked, str) else [str(name) for name in asked]
        values["metric"] = ",".join(name.strip() for name in names) or None
    return validate(checked(Config, values, ""))


def _found(dataset: Choice) -> Choice:
    """A file that is not here is looked for in the folder of data files, so that a study can name it."""
    path = dataset.options.get("path")
    there = default_data_dir() / path if isinstance(path, str) else None
    if there is None or Path(str(path)).expanduser().exists() or not there.exists():
        return dataset
    return replace(dataset, options={**dataset.options, "path": str(there)})


def validate(config: Config) -> Config:
    """The config, made canonical so that one run has one identity: a cell without a forget gate has no forget_bias.

    Raises UsageError for values out of range and combinations that cannot be.
    """
    for key in ("hidden_size", "num_layers", "batch_size", "budget.eval_every", "replicas"):
        _at_least(config, key, 1)
    for key in ("seq_len", "train_size", "embedding_size", "threads", "workers", "budget.max_steps",
                "budget.max_epochs", "budget.patience"):  # fmt: skip
        _at_least(config, key, 1)
    for key in ("seed", "optimizer.weight_decay", "optimizer.momentum", "optimizer.warmup_steps", "checkpoint_seconds"):
        _at_least(config, key, 0)
    for key in ("optimizer.lr", "clip_norm", "budget.max_seconds"):
        value = _get(config, key)
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise UsageError("must be positive", key=key, value=value, allowed="a number above 0")
    for key in ("dropout", "recurrent_dropout", "zoneout"):
        if not 0 <= _get(config, key) < 1:
            raise UsageError("not a probability below 1", key=key, value=_get(config, key), allowed="0 up to 1")
    for key in ("layer_norm", "residual"):
        if _get(config, key) and config.num_layers < 2:
            raise UsageError("stands between layers", key=key, value=True, allowed="false, or num_layers=2 or more")
    if config.optimizer.momentum and config.optimizer.name not in ("sgd", "rmsprop"):
        raise UsageError(
            f"{config.optimizer.name} has none",
            key="optimizer.momentum",
            value=config.optimizer.momentum,
            allowed="0.0",
        )
    for key in ("name", "cell.name", "dataset.name"):
        if not PLAIN_NAME.fullmatch(_get(config, key)):
            raise UsageError("not a plain name", key=key, value=_get(config, key),
                             allowed="letters, digits, _ + - and . inside")  # fmt: skip
        if len(os.fsencode(_get(config, key))) > LONGEST_NAME:
            raise UsageError("too long for a folder's name", key=key, value=f"{_get(config, key)[:60]}…",
                             allowed=f"up to {LONGEST_NAME} bytes")  # fmt: skip
    try:
        config = replace(config, results_dir=str(Path(config.results_dir).expanduser()))
    except RuntimeError as error:  # nobody knows the home directory
        raise UsageError("~ is not known here", key="results_dir", value=config.results_dir,
                         allowed="a path without ~") from error  # fmt: skip
    if not 0 <= config.optimizer.momentum < 1:
        raise UsageError("out of range", key="optimizer.momentum", value=config.optimizer.momentum, allowed="0 up to 1")
    backends = ("auto", *names("rnnbench.recurrent.backends"))
    if config.backend not in backends and "." not in config.backend:
        raise UsageError("no such backend", key="backend", value=config.backend, allowed=", ".join(backends))
    budget = config.budget
    if budget.max_steps is None and budget.max_epochs is None and budget.max_seconds is None:
        raise UsageError("no limit to the run", key="budget.max_steps", value=None,
                         allowed="set one of budget.max_steps, budget.max_epochs, budget.max_seconds")  # fmt: skip
    if config.replicas > 1 and budget.max_seconds is not None:
        raise UsageError("budget.max_seconds is of a run by itself", key="replicas", value=config.replicas, allowed="1")
    if config.optimizer.schedule != "constant" and budget.max_steps is None and budget.max_epochs is None:
        raise UsageError("needs to know the last step", key="optimizer.schedule", value=config.optimizer.schedule,
                         allowed="constant, or with budget.max_steps or budget.max_epochs")  # fmt: skip
    if config.forget_bias is not None and class_facts("cell", config.cell.target).forget_gate is None:
        config = replace(config, forget_bias=None)
    return config


def choice_from(key: str, values: Any) -> Choice:
    if not isinstance(values, Mapping):
        raise UsageError("no such choice", key=key, value=values, allowed=f"a name of conf/{key}")
    options = {name: value for name, value in values.items() if name not in PRESENTATION}
    path = "class" if "class" in options else "target"  # a dataset may have an option of that name
    for part in ("name", path):
        if not isinstance(options.get(part), str) or options[part] in ("", "???"):
            allowed = "text" if part == "name" else "package.module.Class"
            raise UsageError("must be given", key=f"{key}.{part}", value=options.get(part), allowed=allowed)
    return Choice(options.pop("name"), options.pop(path), options)


def _get(config: Config, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _at_least(config: Config, key: str, least: int) -> None:
    value = _get(config, key)
    if value is not None and value < least:
        raise UsageError("too small", key=key, value=value, allowed=f"{least} or more")
    if key == "threads" and value is not None and value > MOST_THREADS:
        raise UsageError("too many", key=key, value=value, allowed=f"1 to {MOST_THREADS}")
