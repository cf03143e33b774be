"""predictions.npz: what a run's model said of each example of the test set, so that one can ask where cells differ.

Rows are in the order in which the test set is evaluated, the same for every cell that shares the data.

    loss        (N,) float32   of each example, the mean over what counts of it
    length      (N,) int32     its real steps
    prediction  of one label a sequence (N, K) probabilities; of a label a step (N, T) the most probable; else values
    target      as they were, NaN or −1 where nothing counts

Where prediction and target are more than 2²⁰ numbers, they are left out; of more than 2²⁰ examples nothing is kept. A
long text is cut into windows, and each window is an example.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rnnbench.errors import UsageError
from rnnbench.records.atomic import write_bytes_atomically

PREDICTIONS = "predictions.npz"


def write_predictions(run_dir: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write `run_dir`/predictions.npz, and give its path. Raises UsageError where it cannot be written."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_bytes_atomically(Path(run_dir) / PREDICTIONS, buffer.getvalue())
    return Path(run_dir) / PREDICTIONS


def load_predictions(run_dir: str | Path) -> dict[str, np.ndarray]:
    """The arrays of results/NAME/runs/RUN_ID by name: see `rnnbench.records.predictions`.

    Raises UsageError where the run kept none, and where the file is damaged.

    >>> import rnnbench
    >>> record = rnnbench.train(cell="gru", seq_len=10, name="first", **{"budget.max_steps": 20})
    >>> said = rnnbench.load_predictions(f"results/first/runs/{record['run_id']}")
    >>> sorted(said), said["loss"].shape  # a loss of each example of the test set
    (['length', 'loss', 'prediction', 'target'], (10000,))
    """
    path = Path(run_dir) / PREDICTIONS
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise UsageError(f"{path} is not there: the run has not ended, diverged, or kept none") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} cannot be read ({type(error).__name__})") from error
