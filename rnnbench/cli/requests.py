"""The runs that a sweep or a study asks for, all checked before the first one starts, as far as that needs no data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnbench.cli.composer import Composer
from rnnbench.config import Config
from rnnbench.errors import UsageError
from rnnbench.machine.places import check_writable
from rnnbench.records import finished


@dataclass(frozen=True)
class Requests:
    """Runs asked for, by directory: requests that mean the same run are one."""

    configs: dict[str, Config]
    jobs: dict[str, list[str]]  # the overrides of each

    @property
    def directories(self) -> list[Path]:
        """The results/NAME that they belong to."""
        return sorted({Path(key).parent.parent for key in self.configs})

    @property
    def only_planned(self) -> bool:
        """Whether nothing of it is to be started."""
        return any(config.plan == "only" for config in self.configs.values())

    def __or__(self, others: Requests) -> Requests:
        return Requests(self.configs | others.configs, self.jobs | others.jobs)

    def without(self, others: Requests) -> Requests:
        left = [key for key in self.configs if key not in others.configs]
        return Requests({key: self.configs[key] for key in left}, {key: self.jobs[key] for key in left})


def requests(composer: Composer, jobs: Sequence[Sequence[str]]) -> Requests:
    """All jobs checked. jobs: the overrides of each run. Raises UsageError when one of them cannot be."""
    made = composed(composer, jobs)
    check(made, unfinished(made), composer)
    return made


def composed(composer: Composer, jobs: Sequence[Sequence[str]]) -> Requests:
    """Raises UsageError, too, for workers that differ: of requests that mean the same run one alone is kept."""
    made, workers = Requests({}, {}), set()
    for each in jobs:
        config = composer.compose(each)
        workers.add(config.workers)
        key = str(config.run_dir)
        made.configs.setdefault(key, config)
        made.jobs.setdefault(key, list(each))
    _check_workers(workers, composer)
    return made


def check(made: Requests, left: Sequence[str], composer: Composer) -> None:
    """Raises UsageError for a place or, of those `left`, a request that cannot be."""
    for directory in made.directories:
        check_writable(directory, "results_dir", directory.parent)
    if left:  # what has a result could be asked for, and needs no torch now
        _check_what_is_asked([made.configs[key] for key in left], here=not composer.elsewhere)


def unfinished(asked: Requests) -> list[str]:
    """The directories of those that have no result yet, or are to be repeated."""
    return [key for key, config in asked.configs.items() if config.force or not finished(config.run_dir)]


def _check_workers(asked: set[int | None], composer: Composer) -> None:
    """Raises UsageError for several numbers of workers, and where the launcher has a number of its own."""
    said = ",".join(sorted("null" if each is None else str(each) for each in asked))
    if len(asked) > 1:
        raise UsageError("one number for a sweep", key="workers", value=said, allowed="1 or more")
    if asked - {None} and not composer.plain:
        raise UsageError("the launcher that was chosen says how many", key="workers", value=said, allowed="null")


def _check_what_is_asked(configs: Iterable[Config], here: bool) -> None:
    """Every class, device, backend, metric and readout that the requests name, and every width to be matched.

    A device only if they run `here`: the machine that submits jobs to a cluster may well have no GPU.
    """
    import torch

    from rnnbench.config import make_cell, make_dataset
    from rnnbench.objectives.metrics import chosen
    from rnnbench.preparation import choose_device, matched_width, parts_of
    from rnnbench.recurrent import backends
    from rnnbench.training.model import readout_of

    configs = list(configs)
    for config in {str(c.dataset): c for c in configs}.values():
        make_dataset(config)
    for config in {(str(c.cell), c.device, c.dtype, c.backend): c for c in configs}.values():
        there = torch.device("cpu" if config.device == "auto" else config.device)
        device = choose_device(config.device) if here else there
        backends.choose(config.backend, make_cell(config), device, getattr(torch, config.dtype))
    for config in {(str(c.dataset), c.metric, c.readout): c for c in configs if c.metric or c.readout}.values():
        try:
            parts = parts_of(config)
        except UsageError:  # no data: each run says so, and the others go on
            continue
        chosen(parts, config.metric)
        readout_of(parts, config.readout)
    sizes = {(str(c.cell), str(c.dataset), c.seq_len, c.hidden_size, c.num_layers, c.embedding_size): c
             for c in configs if c.match == "params"}  # fmt: skip
    for config in sizes.values():
        try:
            parts = parts_of(config)
        except UsageError:  # no data: each run says so, and the others go on
            continue
        try:
            matched_width(config, parts)
        except UsageError as error:
            raise UsageError(f"cell={config.cell.name} dataset={config.dataset.name} {error}") from error
