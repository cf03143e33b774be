"""Where names live: those of `import rnnbench`, and module names of release 0.1 for what has moved since.

Users' code imports the latter, and run ids are made of them:

    rnnbench.datasets.adding  →  rnnbench.data.datasets.adding

A name, once here, stays: ids of runs made long ago hang on it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_TASKS = ("adding", "copy_memory", "counting", "digits", "mnist", "music", "text")
MOVED = {
    "rnnbench.datasets": "rnnbench.data",
    **{f"rnnbench.datasets.{name}": f"rnnbench.data.datasets.{name}" for name in _TASKS},
    **{f"rnnbench.datasets.{name}": f"rnnbench.data.{name}" for name in ("base", "files", "running", "sequences")},
    "rnnbench.layers": "rnnbench.recurrent.layers",
    "rnnbench.forget_bias": "rnnbench.recurrent.forget_bias",
}  # fmt: skip
"""Name in 0.1 → name now, of what a user's cell or dataset may have imported."""

CONTRACT = "a dataset's `load` gives rnnbench.Parts with an objective (docs/extending.md)"
GONE = {
    "rnnbench.data.base": {
        "Task": CONTRACT,
        "Totals": "an rnnbench.Metric counts (rnnbench.objectives.metrics)",
        **{name: f"it is rnnbench.{name}" for name in ("Examples", "Stream")},
        **{name: f"it is in rnnbench.data.examples, {name}" for name in ("drawn", "shuffled")},
    },
    "rnnbench.data.classification": CONTRACT,
    "rnnbench.datasets.classification": CONTRACT,
}  # fmt: skip
"""Modules, and names of modules, that earlier releases had → what there is instead."""

HOMES = {
    "Backend": "rnnbench.recurrent.backends.base",
    "Batch": "rnnbench.data.batch",
    "Cell": "rnnbench.cells.base",
    "Dataset": "rnnbench.data.base",
    "Examples": "rnnbench.data.examples",
    "GRU": "rnnbench.recurrent.layers",
    "LSTM": "rnnbench.recurrent.layers",
    "Metric": "rnnbench.objectives.metrics.base",
    "Objective": "rnnbench.objectives.base",
    "Parameters": "rnnbench.cells.base",
    "Parts": "rnnbench.data.base",
    "RNN": "rnnbench.recurrent.layers",
    "Recurrent": "rnnbench.recurrent.layers",
    "State": "rnnbench.cells.base",
    "Stream": "rnnbench.data.examples",
    "choose": "rnnbench.predict.choose",
    "load_model": "rnnbench.training.artifact",
    "load_predictions": "rnnbench.records.predictions",
    "load_results": "rnnbench.records.table",
    "train": "rnnbench.cli.train",
}
"""Where the names of `import rnnbench` live, which are imported when first used."""

_FROZEN = {new: old for old, new in MOVED.items()}


def frozen(target: str) -> str:
    """The import path of a class as it stands in run ids and records: the one that it had when it was first there."""
    module, _, name = target.rpartition(".")
    return f"{_FROZEN.get(module, module)}.{name}"


def gone(module: str, name: str) -> Exception:
    """What `module.name` raises where it is not there: one line that says what there is instead, where there is."""
    instead = GONE.get(module, {})
    if isinstance(instead, dict) and name in instead:
        return ImportError(f"{module}.{name} is gone: {instead[name]}")
    return AttributeError(f"module {module!r} has no attribute {name!r}")


class _Finder(MetaPathFinder, Loader):
    """Gives the module itself under its earlier name, not a second copy of it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        instead = GONE.get(fullname)
        if isinstance(instead, str):
            raise ImportError(f"{fullname} is gone: {instead}")
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(MOVED[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state  # what the import system has just put its own in place of


def install() -> None:
    """Let earlier names be imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
