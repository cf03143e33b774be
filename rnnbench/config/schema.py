"""What one run is: the only schema. Hydra's DictConfig becomes these dataclasses here and goes no further.

`from_mapping` checks every key and type and raises UsageError with one line; `validate` checks what needs two keys to
see. The meaning of each key stands in conf/config.yaml.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from rnnbench.conversion import checked
from rnnbench.errors import UsageError
from rnnbench.moved import frozen

if TYPE_CHECKING:
    from rnnbench.cells.base import Cell
    from rnnbench.data.base import Dataset

HERE = Path(__file__).parent.parent
CONF = HERE / "conf" if (HERE / "conf").is_dir() else HERE.parent / "conf"
"""The configuration files: inside the installed package, or beside it in a checkout."""

PLAIN_NAME = re.compile(r"\w[\w.+-]*")
MOST_THREADS = 1024

PLACES = ("name", "results_dir", "checkpoint_seconds", "force", "progress")
"""Keys that say where and how a run is kept, not what it is: no part of its identity."""


@dataclass(frozen=True)
class Choice:
    """A cell or dataset: a name for tables, the class's import path, and values for that class's fields."""

    name: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OptimizerConfig:
    name: Literal["adam", "adamw", "rmsprop", "sgd"]
    lr: float
    weight_decay: float
    momentum: float
    schedule: Literal["constant", "linear", "cosine"]
    warmup_steps: int


@dataclass(frozen=True)
class BudgetConfig:
    max_steps: int | None
    max_epochs: int | None
    max_seconds: float | None
    patience: int | None
    solved: float | None
    eval_every: int


@dataclass(frozen=True)
class Config:
    cell: Choice
    dataset: Choice
    optimizer: OptimizerConfig
    budget: BudgetConfig
    seq_len: int | None
    hidden_size: int
    num_layers: int
    embedding_size: int | None
    batch_size: int
    train_size: int | None
    dropout: float
    forget_bias: float | Literal["chrono"] | None
    match: Literal["hidden", "params"]
    clip_norm: float | None
    seed: int
    device: Literal["auto", "cpu", "cuda"]
    dtype: Literal["float32", "float64"]
    backend: Literal["auto", "eager", "torch", "fused"]
    threads: int | None
    name: str
    results_dir: str
    checkpoint_seconds: float
    force: bool
    progress: Literal["auto"] | bool

    @property
    def runs_dir(self) -> Path:
        return Path(self.results_dir) / self.name / "runs"

    @cached_property
    def run_dir(self) -> Path:
        return self.runs_dir / self.run_id

    @cached_property
    def run_id(self) -> str:
        """Readable, and derived from what the run is: gru-adding-T500-h64-s0-1f2e3d4c."""
        length = "" if self.seq_len is None else f"-T{self.seq_len}"
        digest = hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()[:8]
        return f"{self.cell.name}-{self.dataset.name}{length}-h{self.hidden_size}-s{self.seed}-{digest}"

    def identity(self) -> dict[str, Any]:
        """The configuration without places: a data file counts by its content, not by its path."""
        identity = {key: value for key, value in self.to_dict().items() if key not in PLACES}
        identity["dataset"].pop("path", None)
        for key, digests in self._contents().items():
            identity[key] |= {"target": frozen(identity[key]["target"])} | digests
        return identity

    def recorded(self) -> dict[str, Any]:
        """The configuration as a record keeps it: beside each place a short digest of what was there."""
        recorded = self.to_dict()
        for key, digests in self._contents().items():
            recorded[key] |= {name: hashlib.sha256(full.encode()).hexdigest()[:12] for name, full in digests.items()}
        return recorded

    def _contents(self) -> dict[str, dict[str, str]]:
        """Digests of what may change while its name stays: a data file, the source of a user's own class."""
        found: dict[str, dict[str, str]] = {"cell": {}, "dataset": {}}
        path = self.dataset.options.get("path")
        if path is not None:
            found["dataset"]["content"] = _content_digest(path)
        for key, choice in (("cell", self.cell), ("dataset", self.dataset)):
            if not choice.target.startswith("rnnbench."):
                found[key]["source"] = "".join(map(_content_digest, _source_files(key, choice.target)))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values, the options of cell and dataset beside their names as on the command line."""
        flat = asdict(self)
        for key in ("cell", "dataset"):
            flat[key] |= flat[key].pop("options")
        return flat


def from_mapping(values: Mapping[str, Any]) -> Config:
    """A checked Config from nested plain values. Raises UsageError naming the key, the value and what is allowed."""
    values = dict(values)
    for key in ("cell", "dataset"):
        values[key] = _choice(key, values.get(key))
    values.pop("study", None)
    return validate(checked(Config, values, ""))


def make_cell(config: Config) -> Cell:
    """The cell's equations."""
    return _make("cell", config.cell)


def make_dataset(config: Config) -> Dataset:
    return _make("dataset", config.dataset)


def cell_choices() -> dict[str, Cell]:
    """Every cell of conf/cell by its name on the command line, `custom` aside."""
    return _choices("cell")


def dataset_choices() -> dict[str, Dataset]:
    """Every dataset of conf/dataset by its name on the command line."""
    return _choices("dataset")


def _choices(key: str) -> dict[str, Any]:
    made = {}
    for file in sorted((CONF / key).glob("*.yaml")):
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
        values = values.get(key, values)
        if values["target"] != "???":
            made[file.stem] = _make(key, _choice(key, values))
    return made


def validate(config: Config) -> Config:
    """The config, made canonical so that one run has one identity: a cell without a forget gate has no forget_bias.

    Raises UsageError for values out of range and combinations that cannot be.
    """
    for key in ("hidden_size", "num_layers", "batch_size", "budget.eval_every"):
        _at_least(config, key, 1)
    for key in ("seq_len", "train_size", "embedding_size", "threads", "budget.max_steps", "budget.max_epochs",
                "budget.patience"):  # fmt: skip
        _at_least(config, key, 1)
    for key in ("seed", "optimizer.weight_decay", "optimizer.momentum", "optimizer.warmup_steps", "checkpoint_seconds"):
        _at_least(config, key, 0)
    for key in ("optimizer.lr", "clip_norm", "budget.max_seconds"):
        value = _get(config, key)
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise UsageError("must be positive", key=key, value=value, allowed="a number above 0")
    if not 0 <= config.dropout < 1:
        raise UsageError("not a probability below 1", key="dropout", value=config.dropout, allowed="0 up to 1")
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
    if not 0 <= config.optimizer.momentum < 1:
        raise UsageError("out of range", key="optimizer.momentum", value=config.optimizer.momentum, allowed="0 up to 1")
    budget = config.budget
    if budget.max_steps is None and budget.max_epochs is None and budget.max_seconds is None:
        raise UsageError("no limit to the run", key="budget.max_steps", value=None,
                         allowed="set one of budget.max_steps, budget.max_epochs, budget.max_seconds")  # fmt: skip
    if config.optimizer.schedule != "constant" and budget.max_steps is None and budget.max_epochs is None:
        raise UsageError("needs to know the last step", key="optimizer.schedule", value=config.optimizer.schedule,
                         allowed="constant, or with budget.max_steps or budget.max_epochs")  # fmt: skip
    cell = make_cell(config)
    make_dataset(config)
    if cell.forget_gate is None and config.forget_bias is not None:
        config = replace(config, forget_bias=None)
    return config


def _make(key: str, choice: Choice) -> Any:
    cls = _resolve(key, choice.target)
    return checked(cls, choice.options, f"{key}.")


def _choice(key: str, values: Any) -> Choice:
    if not isinstance(values, Mapping):
        raise UsageError("no such choice", key=key, value=values, allowed=f"a name of conf/{key}")
    options = dict(values)
    for part in ("name", "target"):
        if not isinstance(options.get(part), str) or options[part] in ("", "???"):
            allowed = "text" if part == "name" else "package.module.Class"
            raise UsageError("must be given", key=f"{key}.{part}", value=options.get(part), allowed=allowed)
    return Choice(options.pop("name"), options.pop("target"), options)


@cache
def _resolve(key: str, target: str) -> type:
    """The class at an import path such as package.module.Class, checked to be a Cell or a Dataset."""
    from rnnbench.cells.base import Cell
    from rnnbench.data.base import Dataset

    base = {"cell": Cell, "dataset": Dataset}[key]
    module, _, attribute = target.rpartition(".")
    try:
        cls = getattr(import_module(module), attribute)
    except Exception as error:  # a user's module may raise anything
        raise UsageError(
            f"cannot be imported ({type(error).__name__}): {error}",
            key=f"{key}.target",
            value=target,
            allowed="package.module.Class",
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, base) and is_dataclass(cls)):
        raise UsageError("wrong kind", key=f"{key}.target", value=target,
                         allowed=f"a dataclass derived from rnnbench.{base.__name__}")  # fmt: skip
    return cls


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


@cache
def _source_files(key: str, target: str) -> tuple[str, ...]:
    """The files of a user's class and of the classes that it derives from, less rnnbench's own and Python's."""
    own = [
        base
        for base in _resolve(key, target).__mro__
        if base.__module__.partition(".")[0] not in {"rnnbench", *sys.stdlib_module_names}
    ]
    return tuple(dict.fromkeys(inspect.getsourcefile(base) or "" for base in own))


@cache
def _content_digest(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).expanduser().read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", key="dataset.path", value=path, allowed="a readable file"
        ) from error
