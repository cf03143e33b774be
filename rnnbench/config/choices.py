"""The cells and datasets that a configuration can choose from, and the ones that it chose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rnnbench.config.checks import choice_from
from rnnbench.config.classes import resolve
from rnnbench.config.schema import Choice, Config
from rnnbench.conversion import checked
from rnnbench.errors import UsageError, in_one_line
from rnnbench.moved import CONTRACT
from rnnbench.stopping import let_end

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
        if values.get("class", values["target"]) != "???":
            made[file.stem] = _make(key, choice_from(key, values))
    return made


def _make(key: str, choice: Choice) -> Any:
    cls = resolve(key, choice.target)
    if key == "dataset" and "load" in getattr(cls, "__abstractmethods__", ()) and hasattr(cls, "task"):
        raise UsageError(f"has `task`, of an earlier release: {CONTRACT}", key="dataset.target", value=choice.target)
    try:
        return checked(cls, choice.options, f"{key}.")
    except UsageError:
        raise
    except BaseException as error:  # a user's __init__ or __post_init__ may raise anything
        let_end(error)
        raise UsageError(f"cannot be made ({in_one_line(error)})", key=f"{key}.target", value=choice.target) from error
