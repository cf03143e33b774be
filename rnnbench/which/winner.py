"""The model to take away: the cell that is to be used, with the settings found, fitted once more and kept.

    results/NAME/model.safetensors, model.json    as of any run: rnnbench.load_model
                 residuals.npz                    of forecasts: target less answer on validation, which quantiles are of

Of a series it is that of the last split, which has seen most; else of the split with the best validation score. Where
neither cell is to be preferred it is the one with the better mean. With refit=true it trains on all rows, for as many
steps as were best where a part was held out; residuals stay those of the part that was.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from rnnbench.data.splits import Split
from rnnbench.data.table.parts import parts_of
from rnnbench.machine.denormals import flushing
from rnnbench.machine.precision import ieee_float32
from rnnbench.machine.threads import with_threads
from rnnbench.records import MODEL_FACTS, write_bytes_atomically
from rnnbench.training.artifact import facts_of, write_model
from rnnbench.training.loop import Training
from rnnbench.which.answered import Answered
from rnnbench.which.problem import derived

RESIDUALS = "residuals.npz"
QUANTILES = (0.1, 0.9)
"""Between which the coverage on the test rows is measured."""


def keep(answered: Answered) -> dict[str, Any] | None:
    """Fit and write it; what answer.json says of it. None where no pair is done, or none without diverging."""
    if not answered.pairs:
        return None
    problem, slot = answered.problem, slot_of(answered)
    entry = _entry(answered, slot)
    if entry is None:
        return None
    split, settings = entry["split"], entry["settings"]
    seed = derived(answered.asked.seed, "fit", split, entry["seed"])
    training = problem.training(slot, split, settings, seed, answered.plan.length)
    _run(training)
    best = training.selection.best_step or 0
    residuals = _residuals(training, "valid")
    said: dict[str, Any] = {"cell": problem.cells[slot], "split": split, "settings": settings, "seed": entry["seed"]}
    if residuals is not None:
        said["coverage"] = _coverage(residuals, _residuals(training, "test"))
    if answered.asked.refit:
        training = _refitted(answered, slot, entry, seed, best)
    folder = answered.asked.folder
    (folder / MODEL_FACTS).unlink(missing_ok=True)
    if residuals is not None:
        content = io.BytesIO()
        np.savez(content, residual=residuals)
        write_bytes_atomically(folder / RESIDUALS, content.getvalue())
    config = {"cell": {"name": problem.cells[slot]}, "asked": dict(answered.asked.typed), "settings": settings}
    facts = facts_of(training, answered.asked.name, config, "last" if answered.asked.refit else "best", best, True)
    write_model(folder, facts, training.model.state_dict())
    return said | {"refit": answered.asked.refit, "steps": best}


def slot_of(answered: Answered) -> int:
    decision = answered.decision
    if decision is not None and decision.word in ("first", "second"):
        return 0 if decision.word == "first" else 1
    means = [np.mean([pair.scores[slot] for pair in answered.pairs]) for slot in (0, 1)]
    return int(np.argmax(means) if answered.problem.better == "higher" else np.argmin(means))


def _entry(answered: Answered, slot: int) -> dict[str, Any] | None:
    """The fit that is made again."""
    splits = {pair.split for pair in answered.pairs}
    fits = [e for e in answered.journal.of("fit") if e["slot"] == slot and e["split"] in splits and not e["diverged"]]
    if not fits:
        return None
    if answered.problem.splits.kind == "time":
        last = max(e["split"] for e in fits)
        fits = [e for e in fits if e["split"] == last]
    sign = -1 if answered.problem.better == "higher" else 1
    return min(fits, key=lambda e: (sign * e["valid"], e["split"], e["seed"]))


def _refitted(answered: Answered, slot: int, entry: dict[str, Any], seed: int, steps: int) -> Training:
    """On all rows; the validation part is looked at by nobody."""
    problem = answered.problem
    split, everything = problem.splits[entry["split"]], np.arange(len(problem.examples))
    parts = parts_of(problem.table, problem.examples, Split(everything, split.valid, split.test),
                     window=entry["settings"].get("window"))  # fmt: skip
    training = problem.training(slot, entry["split"], entry["settings"], seed, answered.plan.length, parts)
    training.budget = replace(training.budget, max_steps=max(1, steps), eval_every=max(1, steps), patience=None)
    training.keep_last = True
    training.last_step, training.last_step_reason = max(1, steps), "max_steps"
    _run(training)
    assert training.last_weights is not None
    training.model.load_state_dict(training.last_weights)
    return training


def _run(training: Training) -> None:
    with ieee_float32(), with_threads(1), flushing(True):
        training.run()


@torch.no_grad()
def _residuals(training: Training, part: str) -> np.ndarray | None:
    """(n, h·K) target less answer, NaN where unknown, in the unit of the objective; None of what is no forecast."""
    from rnnbench.objectives.forecast import Forecast

    objective = training.parts.objective
    if not isinstance(objective, Forecast):
        return None
    found = []
    training.model.eval()
    with ieee_float32(), with_threads(1), flushing(True):
        for batch in getattr(training.parts, part).batches(256):
            batch = objective.take(batch, training.device, training.dtype)
            difference = batch.targets - objective.predict(training.model(batch)[0])
            if batch.observed is not None:
                difference = difference.masked_fill(~batch.observed.reshape(difference.shape), torch.nan)
            found.append(difference.numpy())
    return np.concatenate(found)


def _coverage(valid: np.ndarray, test: np.ndarray | None) -> dict[str, Any]:
    """How many of the test rows' values lie between the quantiles that validation gives, and what those quantiles lose:
    the mean of q·e where a value is above by e, of (1 − q)·e where it is below, in the objective's unit."""
    assert test is not None
    low, high = bounds = np.nanquantile(valid, QUANTILES, axis=0)
    known = ~np.isnan(test)
    lost = {f"{q:g}": float(np.nanmean(np.maximum(q * (test - bound), (q - 1) * (test - bound))))
            for q, bound in zip(QUANTILES, bounds, strict=True)}  # fmt: skip
    measured = float(((test >= low) & (test <= high))[known].mean())
    return {"from": QUANTILES[0], "to": QUANTILES[1], "measured": measured, "pinball": lost}
