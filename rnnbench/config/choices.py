"""The cells and datasets that a configuration can choose from, and the ones that it chose."""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rnnbench.config.checks import choice_from
from rnnbench.config.schema import Choice, Config
from rnnbench.conversion import checked
from rnnbench.errors import UsageError

if TYPE_CHECKING:
    from rnnbench.cells.base import Cell
    from rnnbench.data.base import Dataset

_PACKAGE = Path(__file__).parent.parent
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"
"""The configuration files: inside the installed package, or beside it in a checkout."""


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
            made[file.stem] = _make(key, choice_from(key, values))
    return made


def _make(key: str, choice: Choice) -> Any:
    cls = resolve(key, choice.target)
    return checked(cls, choice.options, f"{key}.")


@cache
def resolve(key: str, target: str) -> type:
    """The class at an import path such as package.module.Class, checked to be a Cell, a Dataset or a Backend."""
    from rnnbench.cells.base import Cell
    from rnnbench.data.base import Dataset
    from rnnbench.recurrent.backends.base import Backend

    base: type = {"cell": Cell, "dataset": Dataset, "backend": Backend}[key]
    key = key if key == "backend" else f"{key}.target"
    module, _, attribute = target.rpartition(".")
    if not module or not attribute:
        raise UsageError("no import path", key=key, value=target, allowed="package.module.Class")
    try:
        cls = getattr(import_module(module), attribute)
    except Exception as error:  # a user's module may raise anything
        raise UsageError(f"cannot be imported ({type(error).__name__}): {error}", key=key, value=target,
                         allowed="package.module.Class") from error  # fmt: skip
    wanted = "a class" if key == "backend" else "a dataclass"
    if not (isinstance(cls, type) and issubclass(cls, base) and (key == "backend" or is_dataclass(cls))):
        raise UsageError("wrong kind", key=key, value=target, allowed=f"{wanted} derived from rnnbench.{base.__name__}")
    return cls
