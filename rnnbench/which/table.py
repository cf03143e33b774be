"""A user's file as a problem: which examples, which splits, which metric, and recurrent cells fitted on them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields, replace
from typing import Literal

import numpy as np

from rnnbench import baselines, registry
from rnnbench.baselines import Baseline
from rnnbench.config import cell_choices
from rnnbench.data import splits as cut
from rnnbench.data.base import Parts
from rnnbench.data.splits import Split, Splits
from rnnbench.data.table.compact import WORTH, compacted
from rnnbench.data.table.copies import apart, same_inputs
from rnnbench.data.table.examples import MOST, default_window, evenly, examples_of, forecasts, values_of
from rnnbench.data.table.parts import parts_of
from rnnbench.data.table.table import Examples, Table
from rnnbench.data.table.windows import HeldOut
from rnnbench.errors import TooLittleData, UsageError
from rnnbench.objectives.metrics import ROOM, chosen
from rnnbench.objectives.metrics.base import Metric
from rnnbench.training.loop import Training
from rnnbench.which import learner
from rnnbench.which.asked import Asked
from rnnbench.which.budget import Cost, batch_of
from rnnbench.which.problem import Fit, Length, Scored, Settings, Space, Watch, derived
from rnnbench.which.tuning import LAYERS, default
from rnnbench.which.weighted import Weighted, balanced

IMBALANCED = 3.0
"""The commonest class so many times the rarest: then balanced accuracy chooses, and compares unless metric= says."""


MARGIN = 0.02
"""Of a score as it is, of an error relative: smaller differences do not matter, unless margin= says otherwise."""

MANY = 10_000
"""Examples from which a width of 128 is tried, too."""

BASELINE_SECONDS = 0.5
"""That one baseline may take on one split: by it they choose how large a sample they learn from, the same anywhere."""

MOST_VALID = 2_000
"""Validation examples by which baselines are chosen."""

ROWS_A_MINUTE, LEAST_IN_REACH = 1_000_000, 1_000
"""Rows that are looked at of a table, at most, by the minutes asked for; windows, however few minutes."""

SHORTEST = 4
"""Steps of a window that is chosen here."""

KEPT = 4
"""Parts that are kept, each with the table as a model reads it."""


@dataclass(frozen=True)
class TableProblem:
    table: Table
    examples: Examples
    splits: Splits
    space: Space
    cells: tuple[str, str]
    metric: str
    better: Literal["higher", "lower"]
    select: str  # the metric that chooses on validation
    seed: int
    weight: str | None = None  # balanced: each class counts as much as another
    available: int = 0  # examples that there are, a sample of which these may be
    _made: dict[tuple[int, int | None], Parts] = field(default_factory=dict, repr=False, compare=False)

    def parts(self, split: int, window: int | None) -> Parts:
        """Of a split, those last made kept: trials of one split take turns with a few windows."""
        if (split, window) not in self._made:
            if len(self._made) >= KEPT:
                self._made.clear()
            self._made[split, window] = parts_of(self.table, self.examples, self.splits[split], window=window)
        return self._made[split, window]

    @property
    def names(self) -> str:
        """The metrics that a fit counts, as metric= names them: the first chooses."""
        return self.select if self.select == self.metric else f"{self.select},{self.metric}"

    def batch(self, split: int) -> int:
        return batch_of(len(self.splits[split].train))

    def fit(
        self, slot: int, split: int, settings: Settings, seed: int, length: Length, watch: Watch | None, judge: bool
    ) -> Fit:
        training = self.training(slot, split, settings, seed, length)
        by = next(metric for metric in training.metrics if metric.name == self.metric)
        return learner.fit(training, watch, by if judge else None)

    def cost(self, seconds: float = 2.0) -> Cost:
        """Of steps and looks, measured in about so long: the mean over what the tuning draws."""
        plain, steps, looks = default(self.space), [], []
        for width in self.space.widths:
            for layers in LAYERS:
                training = self.training(0, 0, plain | {"width": width, "layers": layers}, 0, Length(10**6, 10**6))
                step, look = learner.seconds_a_step(training, seconds / 2 / len(self.space.widths))
                steps.append(step)
                looks.append(look)
        return Cost(sum(steps) / len(steps), sum(looks) / len(looks))

    def training(
        self, slot: int, split: int, settings: Settings, seed: int, length: Length, parts: Parts | None = None
    ) -> Training:
        """What `fit` runs. parts: others than the split's."""
        parts = self.parts(split, settings.get("window")) if parts is None else parts
        train = replace(parts.train, seed=seed)  # type: ignore[type-var]
        if self.weight is not None:
            assert self.examples.label is not None
            labels = self.examples.label[self.splits[split].train]
            train = Weighted(train, balanced(labels, parts.objective.output_size))
        parts = replace(parts, train=train)
        cell = cell_choices()[self.cells[slot]]
        return learner.training_of(
            cell, parts, chosen(parts, self.names), settings, derived(seed, "weights", slot), length, self.batch(split)
        )

    def baselines(self, split: int) -> list[Scored]:
        """Those of rnnbench.baselines, as much of an example seen as the longest window shows; the naive ones, of which
        the answers are kept, first."""
        window, part = max(self.space.windows, default=None), self.splits[split]
        parts = self.parts(split, window)
        (metric,) = chosen(parts, self.metric)
        if len(part.valid) > MOST_VALID:  # which is the best of them shows in fewer
            some = np.random.default_rng((self.seed, 8, split)).permutation(len(part.valid))[:MOST_VALID]
            part = replace(part, valid=part.valid[np.sort(some)])
        valid = replace(parts.valid, index=part.valid)  # type: ignore[type-var]
        found = []
        for each in self.held_against():
            began = time.monotonic()
            seed = derived(self.seed, "baseline", split)
            learns = self._naive(part) if each.kind == "naive" else part
            said = each.answer(self.table, self.examples, learns, window, seed, BASELINE_SECONDS)
            scores = [baselines.score(metric, parts.objective, held, answers)
                      for held, answers in ((valid, said.valid), (parts.test, said.test))]  # fmt: skip
            answers = self._as_kept(parts.test, said.test, part.test)  # type: ignore[arg-type]
            found.append(Scored(each.title, each.kind if each.competes else "shown", scores[0], scores[1],
                                time.monotonic() - began, each.note or said.told, answers))  # fmt: skip
        return found

    def _naive(self, part: Split) -> Split:
        """What naive answers learn from. Where groups are left out one by one the others' commonest class leans away
        from the one that is left out: of six groups of either class it is never right. Then they know all rows."""
        if self.splits.kind != "groups" or self.splits.most is None or self.table.task not in ("label", "tagging"):
            return part
        return replace(part, train=np.arange(len(self.examples)))

    def held_against(self) -> list[Baseline]:
        """Those that there are for the table, naive ones first."""
        return baselines.of_table(self.table)

    def _as_kept(self, held: HeldOut, said: np.ndarray, index: np.ndarray) -> dict[str, np.ndarray]:
        """As the predictions of a model are kept: (n, …), of a label a step the most probable, −1 beyond an end; of
        forecasts, which are kept as targets are learned, with their target."""
        if self.table.task == "forecast":
            target = held.scaled(values_of(self.table, self.examples, index), index)
            return {name: values.reshape(len(index), -1).astype(np.float32)
                    for name, values in (("prediction", held.scaled(said)), ("target", target))}  # fmt: skip
        if self.table.task != "tagging":
            return {"prediction": said.reshape(len(index), -1).astype(np.float32)}
        steps = self.examples.stop[index] - self.examples.start[index]
        padded = np.full((len(index), steps.max()), -1, np.int32)
        padded[np.arange(steps.max()) < steps[:, None]] = said.argmax(-1)
        return {"prediction": padded}


def problem_of(table: Table, asked: Asked, most: int | None = None) -> TableProblem:
    """The problem that a table is. most: examples at most, a sample of them where there are more.

    Raises TooLittleData where it cannot be split, UsageError for a metric that does not fit.
    """
    if most is None and asked.minutes is not None:
        most = _in_reach(table, asked.minutes)
    windows, examples, splits, available = _cut(table, asked.seed, most)
    metric, select = _metric(table, examples, asked.metric)
    if asked.weight is not None and table.task != "label":
        raise UsageError("is for one label a sequence", key="weight", value=asked.weight, allowed="no such key here")
    both = table.task in ("label", "value", "tagging")
    table, examples = compacted(table, examples)
    problem = TableProblem(
        table, examples, splits, Space(widths_of(examples), windows, both), asked.cells, metric.name, metric.better,
        select, asked.seed, asked.weight, available,
    )  # fmt: skip
    chosen(problem.parts(0, max(windows, default=None)), problem.names)
    return problem


def _in_reach(table: Table, minutes: float) -> int | None:
    """Forecasts whose windows show as many rows of a large table as there is time to look at; None: all of them."""
    rows = int(ROWS_A_MINUTE * minutes)
    if table.task != "forecast" or len(table.numbers) <= WORTH * rows:
        return None
    each = max(windows_of(table), default=table.window or 1) + table.horizon + table.season
    return max(LEAST_IN_REACH, rows // each)


def _cut(table: Table, seed: int, most: int | None) -> tuple[tuple[int, ...], Examples, Splits, int]:
    """(windows to choose from, examples, splits, examples that there are, at most MOST of which are used).

    The gaps between parts are as long as the longest window: where they leave too little to train on, it is tried no
    more, and the shortest is halved, down to four steps.
    """
    windows = windows_of(table)
    while True:
        try:
            window, wanted = max(windows, default=None), min(most or MOST, MOST)
            examples = examples_of(table, window, wanted)
            available = forecasts(table, window) if table.task == "forecast" else len(examples)
            if not len(examples):
                raise TooLittleData("no example is left: all answers are unknown, or all series shorter than a window")
            if wanted < len(examples):
                examples = sampled(examples, wanted, seed)
            return windows, examples, splits_of(table, examples, seed), available
        except TooLittleData:
            if not windows or windows == (SHORTEST,):
                raise
            windows = windows[:-1] or (max(SHORTEST, windows[0] // 2),)


def widths_of(examples: Examples) -> tuple[int, ...]:
    """Units to choose from: the widest, ten times as slow as a narrow one, where there are many examples."""
    return (16, 32, 64) if len(examples) < MANY else (16, 32, 64, 128)


def splits_of(table: Table, examples: Examples, seed: int) -> Splits:
    """Examples with the very same inputs stand on one side of each split, but for a test set that was given."""
    splits = _splits(table, examples, seed)
    if table.task == "forecast" or splits.kind == "given":
        return splits
    same = same_inputs(table, examples)
    if len(np.unique(same)) == len(same):
        return splits
    return replace(splits, draw=lambda index: apart(splits[index], same))


def _splits(table: Table, examples: Examples, seed: int) -> Splits:
    if examples.official is not None and examples.official.any():
        return cut.given(examples.official, seed, labels=examples.label, groups=examples.group, when=examples.when)
    if examples.group is not None:
        return cut.grouped(examples.group, seed)
    if examples.when is not None:
        what = "windows to tag" if table.task == "tagging" else "steps to forecast"
        return cut.in_time(examples.when, max(1, table.horizon), what=what)
    return cut.stratified(examples.label, len(examples), seed)


def windows_of(table: Table) -> tuple[int, ...]:
    """Lengths to choose from where a forecast's window is free: half, once and twice what is usual."""
    if table.task != "forecast" or table.window is not None:
        return ()
    usual = default_window(table)
    longest = max(1, (int(np.diff(table.starts).max(initial=1)) - table.horizon) // 4)
    return tuple(
        sorted({max(SHORTEST, usual // 2), max(SHORTEST, usual), min(2 * usual, max(usual, longest, SHORTEST))})
    )


def sampled(examples: Examples, most: int, seed: int) -> Examples:
    """So many of them, half for a given test set if it has as many: evenly spaced where time orders them, else at
    random."""
    n = len(examples)
    if examples.when is not None:
        index = evenly(examples.official, n, most)
    else:  # evenly along a random order
        order = np.random.default_rng((seed, 4)).permutation(n)
        official = None if examples.official is None else examples.official[order]
        index = np.sort(order[evenly(official, n, most)])
    every = {f.name: getattr(examples, f.name) for f in fields(Examples)}
    return replace(examples, **{name: values[index] for name, values in every.items() if values is not None})


def _metric(table: Table, examples: Examples, asked: str | None) -> tuple[Metric, str]:
    """(what cells are compared by, the name of what chooses on validation)."""
    if table.task in ("label", "tagging"):
        labels = examples.label if table.task == "label" else table.target.labels
        assert labels is not None
        counts = np.bincount(labels[labels >= 0])
        counts = counts[counts > 0]
        if len(counts) < 2:
            raise TooLittleData("one class alone: there is nothing to tell apart", allowed="two classes or more")
        uneven = counts.max() > IMBALANCED * counts.min()
        name = asked or ("balanced_accuracy" if uneven else "accuracy")
        select = "balanced_accuracy" if uneven else name
    else:
        several = table.task == "forecast" and len(set(table.ids)) > 1
        name = select = asked or ("mase" if several else "rmse")  # of several series each over its naive error
    if "," in name:
        raise UsageError("cells are compared by one", key="metric", value=name, allowed="one metric")
    if "." not in name and name not in registry.names(ROOM):
        raise UsageError("no such metric", key="metric", value=name, allowed=", ".join(registry.names(ROOM)))
    return registry.get(ROOM, name, Metric, "metric"), select
