"""A kept model and a new file → one table of answers.

label       id, target, and the probability of each class: "target=yes"
value       id, targets
tagging     id, time or line, target: one row for each row of the file, in its order
forecast    id, time, steps ahead, targets, and their quantiles where asked for: "sales 90 %"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnnbench.data.table.again import Again, read_again
from rnnbench.data.table.levels import Level, naive_error
from rnnbench.data.table.transform import TableTransform
from rnnbench.data.table.windows import HeldOut, Rows
from rnnbench.errors import UsageError
from rnnbench.predict.ahead import dates_after, quantiles_of, told_of_past
from rnnbench.training.artifact import load_model
from rnnbench.training.kept import kept_directory
from rnnbench.training.kept_model import KeptModel

if TYPE_CHECKING:
    import pandas as pd

    from rnnbench.data.table.sheet import Sheet


@dataclass(frozen=True)
class Predicted:
    frame: pd.DataFrame
    told: tuple[str, ...] = ()  # what its reader must know: values never seen, values outside of what was learned from


def predict(source: str | Path, sheet: Sheet, quantiles: Sequence[float] = ()) -> Predicted:
    """What the model kept in `source`, results/NAME or results/NAME/runs/RUN_ID, says of a file's rows.

    quantiles: of forecasts, between 0 and 1, from residuals that were kept with the model. Raises UsageError where no
    model of a table is kept there, and for columns that do not fit, by name.
    """
    folder = kept_directory(source)
    model = load_model(folder)
    transform = model.transform
    if not isinstance(transform, TableTransform):
        raise UsageError(f"the model in {folder} was not learned from a table: dataset=table is")
    again = read_again(sheet, transform)
    if quantiles and again.table.task != "forecast":
        raise UsageError("are for forecasts", key="quantiles", value=",".join(f"{q:g}" for q in quantiles))
    transform = _with_levels(transform, again)
    frame, told = _framed(model, transform, again, folder, quantiles)
    return Predicted(frame, (*again.told, *told))


def _framed(
    model: KeptModel, transform: TableTransform, again: Again, folder: Path, quantiles: Sequence[float]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    import pandas as pd

    table, examples = again.table, again.examples
    part = HeldOut(Rows(table, transform), table, examples, np.arange(len(examples)), table.window)
    said = spoken(model, part)
    id = None if transform.origin is None else transform.origin.role("id")
    names = [table.ids[s] for s in examples.sequence.tolist()]
    key = {id: names} if id else {"row": again.lines[examples.start]}
    target = transform.targets
    if table.task == "label":
        shares = {f"{target[0]}={name}": said[:, c] for c, name in enumerate(transform.classes)}
        return pd.DataFrame({**key, target[0]: _named(said.argmax(1), transform), **shares}), ()
    if table.task == "value":
        return pd.DataFrame({**key, **{name: said[:, k] for k, name in enumerate(target)}}), ()
    if table.task == "tagging":
        return _steps(said, again, transform, id), ()
    h, n = table.horizon, len(examples)
    values = part.restored(said.reshape(n, h, len(target)))
    whole = pd.DataFrame({id: np.repeat(names, h)} if id else {})
    time = transform.origin.role("time") if transform.origin else None
    if time and table.times is not None:
        whole[time] = np.concatenate([dates_after(table.times[at - 1], h, table.step) for at in examples.stop.tolist()])
    whole["steps ahead"] = np.tile(np.arange(1, h + 1), n)
    for k, name in enumerate(target):
        whole[name] = values[:, :, k].ravel()
    told = tuple(told_of_past(table, examples, whole[time].tolist()[::h] if time in whole else [None] * n))
    if quantiles:
        found, where = quantiles_of(folder, quantiles, h, len(target))  # (Q, h, K), in units of each series' level
        unit = part.restored(np.ones((n, h, len(target)))) - part.restored(np.zeros((n, h, len(target))))
        for k, name in enumerate(target):
            for q, residual in zip(quantiles, found, strict=True):
                whole[f"{name} {100 * q:g} %"] = (values + unit * residual)[:, :, k].ravel().astype(values.dtype)
        told += (where,)
    return whole, told


def spoken(model: KeptModel, part: HeldOut) -> np.ndarray:
    """Answers as `KeptModel.predict` gives them: each example alone, so that its bits depend on no other."""
    found = []
    for batch in part.batches(256):
        found.append(model.predict(batch.inputs, batch.lengths).numpy())
    if found[0].ndim < 2 or not model.objective.per_step:
        return np.concatenate(found)
    longest = max(each.shape[1] for each in found)
    return np.concatenate([np.pad(each, ((0, 0), (0, longest - each.shape[1])), constant_values=-1) for each in found])


def _steps(said: np.ndarray, again: Again, transform: TableTransform, id: str | None) -> pd.DataFrame:
    import pandas as pd

    table, examples = again.table, again.examples
    rows = np.concatenate([np.arange(a, b) for a, b in zip(examples.start, examples.stop, strict=True)])
    labels = np.concatenate([row[: b - a] for row, a, b in zip(said, examples.start, examples.stop, strict=True)])
    found = pd.DataFrame({"row": again.lines[rows]})
    if id:
        owners = np.repeat(np.arange(len(table.ids)), np.diff(table.starts))[rows]
        found[id] = [table.ids[s] for s in owners.tolist()]
    time = transform.origin.role("time") if transform.origin else None
    if time and table.times is not None:
        found[time] = table.times[rows]
    found[transform.targets[0]] = _named(labels, transform)
    return found.sort_values("row", kind="stable", ignore_index=True)


def _named(labels: np.ndarray, transform: TableTransform) -> list[str]:
    return [transform.classes[label] for label in labels.tolist()]


def _with_levels(transform: TableTransform, again: Again) -> TableTransform:
    """Series that nothing was learned of, at levels of their own past."""
    if not transform.levels:
        return transform
    table, known = again.table, {level.name for level in transform.levels}
    assert table.target.values is not None
    more = []
    for s in again.examples.sequence.tolist():
        own = table.target.values[table.starts[s] : table.starts[s + 1]].astype(np.float64)
        if table.ids[s] in known or np.isnan(own).all(axis=0).any():
            continue
        naive = [naive_error([column], table.season) for column in own.T]
        usual = np.median([level.naive for level in transform.levels], axis=0)
        if len(transform.levels) == 1:
            naive = [1.0] * own.shape[1]  # one series is in the unit of its file
        unit = [n if n > 0 else float(u) for n, u in zip(naive, usual, strict=True)]
        more.append(Level(table.ids[s], tuple(np.nanmean(own, axis=0).tolist()), tuple(unit)))
    return replace(transform, levels=(*transform.levels, *more))
