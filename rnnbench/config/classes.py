"""The class at an import path, imported and checked to be of the kind that its key takes."""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import cache

from rnnbench.errors import UsageError, text_of
from rnnbench.registry import imported
from rnnbench.stopping import let_end


@cache
def resolve(key: str, target: str) -> type:
    """The class at an import path such as package.module.Class, checked to be a Cell, a Dataset or a Backend."""
    from rnnbench.cells.base import Cell
    from rnnbench.data.base import Dataset
    from rnnbench.objectives.metrics.base import Metric
    from rnnbench.recurrent.backends.base import Backend

    plain = ("backend", "metric")  # which need not be dataclasses
    base: type = {"cell": Cell, "dataset": Dataset, "backend": Backend, "metric": Metric}[key]
    key = key if key in plain else f"{key}.target"
    module, _, attribute = target.rpartition(".")
    if not module or not attribute:
        raise UsageError("no import path", key=key, value=target, allowed="package.module.Class")
    try:
        cls = imported(target)
    except BaseException as error:  # a user's module may raise anything
        let_end(error)
        raise UsageError(f"cannot be imported ({type(error).__name__}): {text_of(error)}", key=key, value=target,
                         allowed="package.module.Class") from error  # fmt: skip
    wanted = "a class" if key in plain else "a dataclass"
    if not (isinstance(cls, type) and issubclass(cls, base) and (key in plain or is_dataclass(cls))):
        raise UsageError("wrong kind", key=key, value=target, allowed=f"{wanted} derived from rnnbench.{base.__name__}")
    return cls
