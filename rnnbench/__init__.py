"""rnnbench: GRU or LSTM? Evidence instead of folklore.

    rnnbench.LSTM, GRU, RNN     drop-in for torch.nn's, with a choice of backend
    rnnbench.Recurrent          the same for any cell
    rnnbench.Cell               what your own cell derives from; Parameters and State are types of a step
    rnnbench.Dataset, Parts     what your own dataset derives from and gives: Examples, or a Stream of Batches
    rnnbench.Objective, Metric  what an objective or a metric of your own derives from
    rnnbench.Backend            what a way of your own to carry a cell through time derives from
    rnnbench.train              one run, as on the command line: its record
    rnnbench.choose             LSTM or GRU for a frame or file of your own: answer, table, best.predict
    rnnbench.load_results       the records of many runs as one DataFrame
    rnnbench.load_model         the model that a run kept: predict, to_torch
    rnnbench.load_predictions   what one run's model said of each example of the test set

Names are imported when first used, so that reading records does not load torch.
"""

from __future__ import annotations

from rnnbench import stopping  # isort: skip  # noqa: F401 - before all else: it listens for signals

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnnbench import moved

if TYPE_CHECKING:
    from rnnbench.cells.base import Cell as Cell
    from rnnbench.cells.base import Parameters as Parameters
    from rnnbench.cells.base import State as State
    from rnnbench.cli.train import train as train
    from rnnbench.data.base import Dataset as Dataset
    from rnnbench.data.base import Parts as Parts
    from rnnbench.data.batch import Batch as Batch
    from rnnbench.data.examples import Examples as Examples
    from rnnbench.data.examples import Stream as Stream
    from rnnbench.objectives.base import Objective as Objective
    from rnnbench.objectives.metrics.base import Metric as Metric
    from rnnbench.predict.choose import choose as choose
    from rnnbench.records.predictions import load_predictions as load_predictions
    from rnnbench.records.table import load_results as load_results
    from rnnbench.recurrent.backends.base import Backend as Backend
    from rnnbench.recurrent.layers import GRU as GRU
    from rnnbench.recurrent.layers import LSTM as LSTM
    from rnnbench.recurrent.layers import RNN as RNN
    from rnnbench.recurrent.layers import Recurrent as Recurrent
    from rnnbench.training.artifact import load_model as load_model

__version__ = "0.1.0"

moved.install()

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Backend",
    "Batch",
    "Cell",
    "Dataset",
    "Examples",
    "Metric",
    "Objective",
    "Parameters",
    "Parts",
    "Recurrent",
    "State",
    "Stream",
    "choose",
    "load_model",
    "load_predictions",
    "load_results",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in moved.HOMES:
        raise AttributeError(f"module 'rnnbench' has no attribute {name!r}")
    return getattr(import_module(moved.HOMES[name]), name)
