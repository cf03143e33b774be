"""rnnbench: GRU or LSTM? Evidence instead of folklore.

    rnnbench.LSTM, GRU, RNN     drop-in for torch.nn's, with a choice of backend
    rnnbench.Recurrent          the same for any cell
    rnnbench.Cell, Dataset      what your own cell or dataset derives from; Parameters and State are types of a step
    rnnbench.Backend            what a way of your own to carry a cell through time derives from
    rnnbench.load_results       the records of many runs as one DataFrame

Names are imported when first used, so that reading records does not load torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnnbench import moved

if TYPE_CHECKING:
    from rnnbench.cells.base import Cell as Cell
    from rnnbench.cells.base import Parameters as Parameters
    from rnnbench.cells.base import State as State
    from rnnbench.data.base import Dataset as Dataset
    from rnnbench.records.table import load_results as load_results
    from rnnbench.recurrent.backends.base import Backend as Backend
    from rnnbench.recurrent.layers import GRU as GRU
    from rnnbench.recurrent.layers import LSTM as LSTM
    from rnnbench.recurrent.layers import RNN as RNN
    from rnnbench.recurrent.layers import Recurrent as Recurrent

__version__ = "0.1.0"

moved.install()

__all__ = ["GRU", "LSTM", "RNN", "Backend", "Cell", "Dataset", "Parameters", "Recurrent", "State", "load_results"]


def __getattr__(name: str) -> Any:
    if name not in moved.HOMES:
        raise AttributeError(f"module 'rnnbench' has no attribute {name!r}")
    return getattr(import_module(moved.HOMES[name]), name)
