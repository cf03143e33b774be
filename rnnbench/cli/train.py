"""One run from Python: `rnnbench.train(cell="gru", seq_len=500)` is `python -m rnnbench cell=gru seq_len=500`."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from rnnbench.cli.usage import check_names, from_hydra, one_line
from rnnbench.config import CONF, Config, from_mapping
from rnnbench.errors import UsageError
from rnnbench.run import run

_one_at_a_time = threading.RLock()
"""Torch's default dtype, its generator and Hydra's composition belong to the process: of several threads each waits."""


def train(**keys: Any) -> dict[str, Any]:
    """Train one model and give its record: what run.json holds, as a dictionary.

    keys: those of the command line, with the same names, defaults and checks; a name with a dot goes in a dictionary,
    `**{"budget.max_steps": 1000}`, and so does a field of a class of your own, `**{"+cell.a": 0.25}`.

    With `name=` (or `results_dir=`) the run is kept under results/NAME/runs/<run_id>/, and a run that is finished there
    gives its record at once; without, nothing stays on disk. torch's global random state is left as it was. A run
    whose loss is not finite gives a record with status "diverged". Of several threads one trains at a time.

    Raises UsageError for a request that cannot be, in the words of the command line; RuntimeError where the run failed,
    or where another process is at it.

    >>> import rnnbench
    >>> record = rnnbench.train(cell="gru", seq_len=10, **{"budget.max_steps": 20})
    >>> record["status"], record["steps"], sorted(record["metrics"]["test"])
    ('ok', 20, ['accuracy', 'loss'])
    """
    if {"name", "results_dir"} & set(keys):
        return _record(keys)
    with TemporaryDirectory(prefix="rnnbench-") as folder:
        return _record({"keep": "none"} | keys | {"results_dir": folder})


def composed(keys: Mapping[str, Any]) -> tuple[Config, dict[str, str]]:
    """The run that these keys name, and what Hydra would write of it. Raises UsageError where there is none."""
    for key in ("study", "plan"):
        if keys.get(key) is not None:
            raise UsageError(f"of many runs: python -m rnnbench -m {key}=…", key=key, value=keys[key])
    overrides = [f"{key}={written(value)}" for key, value in keys.items()]
    check_names(overrides)
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
            found = compose("config", overrides)
            values: Any = OmegaConf.to_container(found, resolve=True)
    except Exception as error:
        if isinstance(error, UsageError) or not from_hydra(error):
            raise
        raise UsageError(one_line(error, overrides)) from None
    provenance = {
        "config.yaml": OmegaConf.to_yaml(found),
        "overrides.yaml": OmegaConf.to_yaml(OmegaConf.create(overrides)),
    }
    return from_mapping(values), provenance


def written(value: Any) -> str:
    """A value of Python, or a number of NumPy, in Hydra's grammar: None → null, True → true, 'a b' → quoted."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if re.fullmatch(r"[A-Za-z_/][\w./-]*", text) and text.lower() not in ("null", "true", "false", "nan", "inf"):
        return text
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text)  # a quote, and backslashes before it or before the end
    return "'" + re.sub(r"(\\+)$", r"\1\1", escaped) + "'"


def _record(keys: Mapping[str, Any]) -> dict[str, Any]:
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with _one_at_a_time, torch.random.fork_rng(devices=devices):
        config, provenance = composed(keys)
        ending = run(config, provenance=provenance)
    if ending.record is None:
        raise RuntimeError(f"{config.run_id} is being run by another process")
    if ending.status == "failed":
        raise RuntimeError(f"{config.run_id} failed: {ending.record['error']}")
    return ending.record
