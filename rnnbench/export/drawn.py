"""Random rows of a table like a model's own, raw and as the model reads them, to hold a graph against."""

from __future__ import annotations

import numpy as np

from rnnbench.data.batch import Batch
from rnnbench.data.table.again import columns_of
from rnnbench.data.table.keys import Task
from rnnbench.data.table.table import Examples, Table, Target
from rnnbench.data.table.transform import TableTransform
from rnnbench.data.table.windows import HeldOut, Rows
from rnnbench.training.kept_model import KeptModel

MISSING = 0.2
"""Share of numbers that are, and of categories that have a value that the model knows nothing of."""


def drawn(model: KeptModel, lengths: np.ndarray, random: np.random.Generator) -> tuple[dict[str, np.ndarray], Batch]:
    """What `model.onnx` is fed with but for `lengths`, and the same rows as windows of a table give them."""
    transform = model.transform
    assert isinstance(transform, TableTransform)
    h, N, T = transform.horizon, len(lengths), int(lengths.max())
    starts = np.append(0, np.cumsum(lengths + h))
    R, C = int(starts[-1]), len(transform.numbers)
    mean, std = (np.array([getattr(number, name) for number in transform.numbers]) for name in ("mean", "std"))
    numbers = (mean + np.maximum(std, 0.1) * random.normal(size=(R, C))).astype(np.float32)
    gone = random.random((R, C)) < MISSING
    gone[starts[:-1]] = False  # a window shows one value at least
    numbers[gone] = np.nan
    most = [len(category.values) for category in transform.categories]
    codes = np.stack([random.integers(0, n, R) for n in most], axis=1) if most else np.zeros((R, 0), np.int64)
    codes[random.random(codes.shape) < MISSING] = -1
    names = [level.name for level in transform.levels] or [""]
    ids = tuple(names[n % len(names)] for n in range(N))
    values = np.zeros((N, len(transform.targets)), np.float32)  # any answer will do
    if transform.levels:
        values = numbers[:, [[n.name for n in transform.numbers].index(name) for name in transform.targets]]
    task: Task = "forecast" if transform.levels else "value"
    target = Target(transform.targets, transform.classes, values=values)
    table = Table(task, columns_of(transform), numbers, codes.astype(np.int32), starts, ids, target, horizon=h)
    first = starts[:-1]
    examples = Examples(np.arange(N), first, first + lengths, first + lengths + h)
    batch = next(iter(HeldOut(Rows(table, transform), table, examples, np.arange(N), None).batches(N)))
    return _fed(table, transform, lengths, T + (h if transform.ahead else 0)), batch


def _fed(table: Table, transform: TableTransform, lengths: np.ndarray, T: int) -> dict[str, np.ndarray]:
    """Rows of each sequence side by side, whatever is beyond their ends."""
    place = table.starts[:-1, None] + np.arange(T)
    place = np.minimum(place, len(table.numbers) - 1)
    found: dict[str, np.ndarray] = {}
    if transform.numbers:
        found["numbers"] = table.numbers[place]
    if transform.categories:
        found["categories"] = table.codes[place].astype(np.int64)
    if len(transform.levels) > 1:
        found["naive"] = transform.levels_of(table.ids)[1].astype(np.float32)
    return found
