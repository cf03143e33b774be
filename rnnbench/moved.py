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
    **{f"rnnbench.datasets.{name}": f"rnnbench.data.{name}" for name in ("base", "classification", "files", "running",
                                                                       "sequences")},
    "rnnbench.layers": "rnnbench.recurrent.layers",
    "rnnbench.forget_bias": "rnnbench.recurrent.forget_bias",
}  # fmt: skip
"""Name in 0.1 → name now, of what a user's cell or dataset may have imported."""

HOMES = {
    "Backend": "rnnbench.recurrent.backends.base",
    "Cell": "rnnbench.cells.base",
    "Dataset": "rnnbench.data.base",
    "GRU": "rnnbench.recurrent.layers",
    "LSTM": "rnnbench.recurrent.layers",
    "Parameters": "rnnbench.cells.base",
    "RNN": "rnnbench.recurrent.layers",
    "Recurrent": "rnnbench.recurrent.layers",
    "State": "rnnbench.cells.base",
    "load_results": "rnnbench.records.table",
}
"""Where the names of `import rnnbench` live, which are imported when first used."""

_FROZEN = {new: old for old, new in MOVED.items()}


def frozen(target: str) -> str:
    """The import path of a class as it stands in run ids and records: the one that it had when it was first there."""
    module, _, name = target.rpartition(".")
    return f"{_FROZEN.get(module, module)}.{name}"


class _Finder(MetaPathFinder, Loader):
    """Gives the module itself under its earlier name, not a second copy of it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
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
