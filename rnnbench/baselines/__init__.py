"""What a model has to beat, one file each, found by looking: naive answers, and simple models of window statistics."""

from __future__ import annotations

from importlib import import_module

from rnnbench import registry
from rnnbench.baselines._score import score
from rnnbench.baselines.base import Baseline, Said
from rnnbench.data.table.table import Table

__all__ = ["ROOM", "Baseline", "Said", "load", "of_table", "score"]

ROOM = "rnnbench.baselines"


def load() -> None:
    """Import what they need, which takes seconds: before processes are forked, each of which would do so otherwise."""
    for module in ("ensemble", "impute", "linear_model", "pipeline", "preprocessing"):
        import_module(f"sklearn.{module}")


def of_table(table: Table) -> list[Baseline]:
    """Those that there are for a table, naive ones first."""
    found = [registry.get(ROOM, name, Baseline) for name in registry.names(ROOM)]
    return sorted((each for each in found if each.fits(table)), key=lambda each: (each.kind == "simple", each.title))
