"""What a sweep or a study would do, for `plan=only`: its runs, what is finished, hours and bytes; nothing is started.

Hours are of what the budget allows at most, since a run may stop early. Of a condition, a configuration without its
seed, that has records already they are the mean of what its runs took; of any other a few steps and an evaluation are
timed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Any

from rnnbench.cli.launching import threads_of
from rnnbench.cli.requests import Requests, unfinished
from rnnbench.cli.room import model_bytes, size_of
from rnnbench.config import Config
from rnnbench.errors import UsageError
from rnnbench.records.files import own_record

MOST_LISTED = 200
"""Runs; more are not listed one by one."""

WRITTEN = 0.2
"""Seconds of a run's check of parity and of what it writes, about."""

TEXTS = 20_000
"""Bytes of a run's record, history and .hydra/, about."""


ALONE = "runs one at a time"
"""The group of a study's runs that have no other beside them, whatever the cores."""


@dataclass(frozen=True)
class Cost:
    """Of one run. None: nothing is known of it, and why."""

    seconds: float | None
    bytes: int | None
    known_from: str


@dataclass(frozen=True)
class Rates:
    """Of all runs of one size."""

    start: float  # seconds, of what comes before and after its steps
    step: float  # seconds
    evaluation: float  # seconds, of the validation set
    epoch: int | None  # steps; None where examples are made without end
    answers: int  # bytes of predictions.npz, as of the validation set


def plan(groups: Mapping[str, Requests]) -> None:
    """Print it. groups: "runs" → what was asked for. Where there are many, a line a dataset and cell, not a run."""
    everything: list[tuple[Config, Cost, bool]] = []
    rates: dict[tuple[object, ...], Rates | str] = {}  # by size
    for what, asked in groups.items():
        if not asked.configs:
            continue
        left = set(unfinished(asked))
        print(f"{len(asked.configs)} {what}: {len(asked.configs) - len(left)} finished, {len(left)} to do")
        costs = _costs({key: config for key, config in asked.configs.items() if key in left}, asked, rates)
        for key, config in asked.configs.items() if len(asked.configs) <= MOST_LISTED else []:
            print(
                f"  to do     {config.run_id}  {_said(costs[key])}" if key in left else f"  finished  {config.run_id}"
            )
        known = [(asked.configs[key], cost) for key, cost in costs.items()]
        if costs:
            _sum(known, alone=what == ALONE)
        everything += [(config, cost, what == ALONE) for config, cost in known]
    if len(everything) > MOST_LISTED:
        _in_all(everything)
    print("nothing was started (plan=only)", flush=True)


def _in_all(costs: Sequence[tuple[Config, Cost, bool]]) -> None:
    """A line a dataset and cell, then all together."""
    rows: dict[tuple[str, str], list[float]] = {}
    for config, cost, _ in costs:
        row = rows.setdefault((config.dataset.name, config.cell.name), [0.0, 0.0])
        row[0] += 1
        row[1] += (cost.seconds or 0.0) * (config.threads or 1)
    first, second = (max(len(names[place]) for names in (("dataset", "cell"), *rows)) + 2 for place in (0, 1))
    print(f"{'dataset':<{first}}{'cell':<{second}}{'runs':>7}{'core-hours':>12}")
    for (dataset, cell), (runs, seconds) in rows.items():
        print(f"{dataset:<{first}}{cell:<{second}}{runs:>7.0f}{seconds / 3600:>12.3f}")
    beside = side_by_side([(config, cost.seconds or 0.0) for config, cost, alone in costs if not alone])
    beside += sum(cost.seconds or 0.0 for _, cost, alone in costs if alone)
    core = sum(seconds for _, seconds in rows.values()) / 3600
    disk = sum(cost.bytes or 0 for _, cost, _ in costs) / 1e6
    print(
        f"in all to do: {len(costs)} runs, at most about {core:.2f} core-hours, {beside / 3600:.2f} hours here, "
        f"{disk:,.0f} MB of disk"
    )


def _said(cost: Cost) -> str:
    return cost.known_from if cost.seconds is None else f"about {cost.seconds:,.1f} s"


def _sum(costs: Sequence[tuple[Config, Cost]], alone: bool) -> None:
    known = [(config, cost.seconds) for config, cost in costs if cost.seconds is not None]
    seconds = sum(each for _, each in known)
    beside = seconds if alone else side_by_side(known)
    faster = f", {beside / 3600:.2g} with those side by side that fit the cores" if beside < 0.99 * seconds else ""
    print(f"at most about {seconds / 3600:.2g} hours one after another{faster}")
    counts = Counter(cost.known_from for _, cost in costs)
    print("  known from " + ", ".join(f"{source}: {count} runs" for source, count in sorted(counts.items())))
    print(f"at most about {sum(cost.bytes or 0 for _, cost in costs) / 1e6:,.1f} MB of disk")


def side_by_side(known: Sequence[tuple[Config, float]]) -> float:
    """Seconds that they take under the plain launcher, which does small runs beside one another."""
    from rnnbench.machine import threads

    room, sizes = threads.room(), {_size(config): config for config, _ in known}
    taken = {size: threads_of(config) for size, config in sizes.items()}
    small = [(config, seconds) for config, seconds in known if 2 * (taken[_size(config)] or room) <= room]
    if not small:
        return sum(seconds for _, seconds in known)
    most = min(small[0][0].workers or room, room, len(small))
    threaded = sum(seconds * (taken[_size(config)] or 1) for config, seconds in small)
    return sum(seconds for _, seconds in known) - sum(seconds for _, seconds in small) + threaded / most


def _costs(
    left: Mapping[str, Config], asked: Requests, rates: dict[tuple[object, ...], Rates | str]
) -> dict[str, Cost]:
    """Of each run that is to do: from the runs of its condition that have been done, else from a few steps, timed once
    a size and kept in `rates`."""
    done: dict[str, list[tuple[float, int]]] = {}
    for config in asked.configs.values():
        record = own_record(config.run_dir)
        if record is not None and record["status"] == "ok" and record["started"]:  # not made again from a table
            room = sum(path.stat().st_size for path in config.run_dir.rglob("*") if path.is_file())
            done.setdefault(_condition(config), []).append((_wall(record), room))
    costs = {}
    for key, config in left.items():
        if alike := done.get(_condition(config)):
            seconds, rooms = zip(*alike, strict=True)
            costs[key] = Cost(sum(seconds) / len(alike), sum(rooms) // len(alike), "runs of other seeds")
            continue
        size = _size(config)
        if size not in rates:
            rates[size] = _rates(config)
        costs[key] = _cost(config, rates[size])
    return costs


def _cost(config: Config, rates: Rates | str) -> Cost:
    if isinstance(rates, str):
        return Cost(None, None, rates)
    room = TEXTS + (0 if config.keep == "none" else model_bytes(config) + rates.answers)
    budget = config.budget
    limits = [budget.max_steps, budget.max_epochs and budget.max_epochs * (rates.epoch or 0)]
    steps = min((limit for limit in limits if limit is not None), default=inf)
    training = min(steps * rates.step, inf if budget.max_seconds is None else budget.max_seconds)
    evaluations = 2 + training / rates.step / budget.eval_every  # the first, and the test set's
    return Cost(rates.start + training + evaluations * rates.evaluation, room, "a few steps, timed now")


def _rates(config: Config) -> Rates | str:
    """Timed now; in words why not, where its data, its device or its backend is not here."""
    import torch

    from rnnbench.machine.denormals import flushing
    from rnnbench.machine.precision import ieee_float32
    from rnnbench.machine.threads import with_threads
    from rnnbench.preparation import prepare
    from rnnbench.training.predictions import Kept

    with ieee_float32(), with_threads(torch.get_num_threads()), flushing(config.flush_denormals):
        try:
            prepare(config)  # which loads what stays loaded
            started = time.perf_counter()
            training = prepare(config)
            start = WRITTEN + time.perf_counter() - started
        except UsageError as error:
            return f"unknown: {error}"
        steps = training.timed(most=1, seconds=0.0, least=1)
        said = Kept(training.parts.objective)
        started = time.perf_counter()
        training.score(training.parts.valid, said)
        evaluation = time.perf_counter() - started
        arrays = said.arrays() or {}
        epoch = training.parts.train.epoch_steps(config.batch_size)
    return Rates(start, sum(steps) / len(steps), evaluation, epoch, sum(array.nbytes for array in arrays.values()))


def _size(config: Config) -> tuple[object, ...]:
    """What the time of a step hangs on."""
    return (*size_of(config), config.batch_size, config.train_size, config.backend, config.threads, config.device)


def _condition(config: Config) -> str:
    return replace(config, seed=0).run_id


def _wall(record: Mapping[str, Any]) -> float:
    """Seconds from start to end, or of training alone where that is more: a run that went on from a checkpoint."""
    begun, ended = (datetime.fromisoformat(record[key]) for key in ("started", "finished"))
    return max((ended - begun).total_seconds(), record["timing"]["train_seconds"])
