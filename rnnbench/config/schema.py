"""What one run is: the only schema. Hydra's DictConfig becomes these dataclasses here and goes no further.

The meaning of each key stands in conf/config.yaml, beside the same defaults. A key that is added writes its default as
`added(…)`, so that runs made before it keep their ids; one that says where or how, not what, as `place(…)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from rnnbench.config import identity
from rnnbench.growth import added, place

Schedule = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class Choice:
    """A cell or dataset: a name for tables, the class's import path, and values for that class's fields.

    Beside its options the path is called `target`, or, where one of these has that name, `class`.
    """

    name: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OptimizerConfig:
    name: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    lr: float = 1e-3
    weight_decay: float = 0.0
    momentum: float = 0.0
    schedule: Schedule = "constant"
    warmup_steps: int = 0


@dataclass(frozen=True)
class BudgetConfig:
    max_steps: int | None = None
    max_epochs: int | None = None
    max_seconds: float | None = None
    patience: int | None = None
    solved: float | None = None
    eval_every: int = 100


@dataclass(frozen=True)
class Config:
    cell: Choice
    dataset: Choice
    optimizer: OptimizerConfig = OptimizerConfig()
    budget: BudgetConfig = BudgetConfig()
    seq_len: int | None = None
    hidden_size: int = 64
    num_layers: int = 1
    embedding_size: int | None = None
    batch_size: int = 32
    train_size: int | None = None
    dropout: float = 0.0
    forget_bias: float | Literal["chrono"] | None = 1.0
    match: Literal["hidden", "params"] = "hidden"
    clip_norm: float | None = 1.0
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["float32", "float64", "bfloat16"] = "float32"
    backend: str = "auto"
    threads: int | None = None
    flush_denormals: bool = added(True)
    bidirectional: bool = added(False)
    readout: Literal["last", "mean", "max"] | None = added(None)
    metric: str | None = added(None)
    layer_norm: bool = added(False)
    residual: bool = added(False)
    recurrent_dropout: float = added(0.0)
    zoneout: float = added(0.0)
    name: str = place("default")
    results_dir: str = place("results")
    keep: Literal["best", "last", "none"] = place("best")
    checkpoint_seconds: float = place(30.0)
    force: bool = place(False)
    workers: int | None = place(None)
    replicas: int = place(1)
    progress: Literal["auto"] | bool = place("auto")
    plan: Literal["only"] | None = place(None)

    @property
    def options(self) -> dict[str, Any]:
        """What the recurrent layers have beside their cell: recurrent/options.py."""
        names = ("layer_norm", "residual", "recurrent_dropout", "zoneout")
        computes_in = self.dtype if self.dtype != self.dtype_of_weights else None
        return {name: getattr(self, name) for name in names} | {"computes_in": computes_in}

    @property
    def dtype_of_weights(self) -> str:
        """Of parameters, optimizer state and loss: bfloat16 is of the recurrent layers' arithmetic alone."""
        return "float32" if self.dtype == "bfloat16" else self.dtype

    @property
    def runs_dir(self) -> Path:
        return Path(self.results_dir) / self.name / "runs"

    @cached_property
    def run_dir(self) -> Path:
        return self.runs_dir / self.run_id

    @cached_property
    def run_id(self) -> str:
        """Readable, and derived from what the run is: gru-adding-T500-h64-s0-1f2e3d4c."""
        return identity.run_id(self)

    def recorded(self) -> dict[str, Any]:
        """The configuration as a record keeps it."""
        return identity.recorded(self)

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values, the options of cell and dataset beside their names as on the command line."""
        flat = asdict(self)
        for key in ("cell", "dataset"):
            options = flat[key].pop("options")
            if "target" in options:
                flat[key]["class"] = flat[key].pop("target")
            flat[key] |= options
        return flat


PLACES = tuple(f.name for f in fields(Config) if f.metadata.get("place"))
"""Keys that say where and how a run is kept, not what it is."""

PRESENTATION = ("title", "look")
"""Keys of a cell's or a dataset's file that say what readers call it and how it is drawn: no part of a run."""
