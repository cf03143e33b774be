"""The simulations of `which.py` with series, for `which_arrays.py`: the product's windows, splits, naive baselines and
rule, of tables that no file was read for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from which import KINDS
from which_ridge import Part, drawn, fits

from rnnbench import baselines
from rnnbench.baselines import Baseline
from rnnbench.data.splits import Split
from rnnbench.data.table.examples import examples_of, positions_of
from rnnbench.data.table.levels import several
from rnnbench.data.table.parts import training_rows
from rnnbench.data.table.season import season
from rnnbench.data.table.table import Column, Examples, Table, Target
from rnnbench.data.table.transform import learned
from rnnbench.data.table.windows import Gathered, Rows
from rnnbench.which.answer import Decision, Pair, Terms, decide
from rnnbench.which.pairs import best_baseline
from rnnbench.which.table import BASELINE_SECONDS, MARGIN, splits_of

SERIES = tuple(name for name, kind in KINDS.items() if "window=8" in kind.keys and len(kind.looks) == 1)
WINDOW = 8


def table_of(text: str) -> Table:
    """As `open_table` has it, of a text of `which_files.series`."""
    cells = [line.split(",") for line in text.splitlines()[1:]]
    values = np.array([line[-1] for line in cells], np.float32)[:, None]
    ids = tuple(dict.fromkeys(line[0] for line in cells)) if len(cells[0]) > 1 else ("",)
    times = np.array([line[1] for line in cells], np.int64) if len(ids) > 1 else None
    steps = len(cells) // len(ids)
    starts = np.arange(len(ids) + 1, dtype=np.int64) * steps
    early = positions_of(times, starts).reshape(len(ids), steps) < (steps - 1) / 2
    halves = [own[known] for own, known in zip(values.reshape(len(ids), steps), early, strict=True)]
    return Table(
        "forecast", (Column("y", "number", 0),), values, np.zeros((len(values), 0), np.int32), starts, ids,
        Target(("y",), values=values), times, window=WINDOW, horizon=1, season=season(halves, "")[0],
    )  # fmt: skip


def weighed(name: str, file: int) -> tuple[list[Pair], Decision]:
    kind = KINDS[name]
    table = table_of(kind.write(np.random.default_rng([file, *name.encode()])))
    examples = examples_of(table)
    splits = splits_of(table, examples, file)
    naives = [each for each in baselines.of_table(table) if each.kind == "naive"]
    assert splits.most is not None
    pairs = [pair(table, examples, splits[j], naives, kind.handicap, (file, j)) for j in range(splits.most)]
    return pairs, decide(pairs, Terms("lower", MARGIN, splits.rho))


def pair(
    table: Table, examples: Examples, split: Split, naives: list[Baseline], handicap: float, key: tuple[int, int]
) -> Pair:
    rows = Rows(table, learned(table, training_rows(table, examples, split.train, WINDOW)))
    gathered = [Gathered(rows, table, examples, index, WINDOW) for index in (split.train, split.valid, split.test)]
    train, valid, test = (_read(each) for each in gathered)
    many = several(table)

    def error(said: np.ndarray, targets: np.ndarray) -> float:
        return float(np.abs(said - targets).mean() if many else np.sqrt(np.square(said - targets).mean()))

    found = []
    for each in naives:
        said = each.answer(table, examples, split, WINDOW, 0, BASELINE_SECONDS)
        scores = [error(part.scaled(answers).ravel(), targets) for part, answers, (_, targets)
                  in ((gathered[1], said.valid, valid), (gathered[2], said.test, test))]  # fmt: skip
        found.append({"name": each.title, "kind": "naive", "valid": scores[0], "test": scores[1]})
    best = best_baseline(found, "naive", "lower")
    assert best is not None
    shift, scale = train[1].mean(), train[1].std()
    learnt = train[0], (train[1] - shift) / scale
    errors = []
    for slot in (0, 1):
        answers = fits(learnt, valid, test[0], drawn(*key), slot * handicap, (*key, slot),
                       lambda said, targets: -error(shift + scale * said, targets))  # fmt: skip
        errors.append(math.exp(np.mean([math.log(error(shift + scale * said, test[1])) for said in answers])))
    return Pair(key[1], (errors[0], errors[1]), best["test"], best["name"])


def _read(part: Gathered) -> Part:
    """(n, T) what a model reads of each window, and (n,) what it is to answer, at the window's level."""
    batch = part.take(np.arange(len(part)))
    return batch.inputs.flatten(1).double().numpy(), batch.targets.flatten().double().numpy()


def answered(name: str, file: int) -> dict[str, Any]:
    """What is said of one file, as `which.answered` has it."""
    _, found = weighed(name, file)
    wrong = found.word in ("first", "second") or (found.beats_naive and KINDS[name].holds == "nothing")
    return {"kind": name, "file": file, "word": found.word, "beats_naive": found.beats_naive, "wrong": wrong,
            "difference": float(found.differences.mean())}  # fmt: skip
