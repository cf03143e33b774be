"""A sweep: many runs asked for at once, each done once, and the report at the end.

The records say what is done, not the process that drives the sweep: whatever ended an earlier sweep, starting it again
does what is left. All requests are checked before the first one starts, as far as that needs no data.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from rnnbench.config import Config, from_mapping
from rnnbench.errors import UsageError, in_one_line
from rnnbench.records import finished, read_record, run_lock


def job(cfg: DictConfig) -> float | None:
    """What Hydra calls for each run, in this process or in a launcher's. Gives the validation score, for optimizers."""
    from rnnbench.run import run

    hydra_config = HydraConfig.get()
    swept = hydra_config.mode == RunMode.MULTIRUN
    if not swept and cfg.get("study") is not None:
        named = hydra_config.runtime.choices["study"]
        print(f"rnnbench: {UsageError('a study is many runs: add -m', key='study', value=named)}", file=sys.stderr)
        sys.exit(2)
    overrides = list(hydra_config.overrides.task)
    provenance = {
        "config.yaml": OmegaConf.to_yaml(cfg),
        "overrides.yaml": OmegaConf.to_yaml(OmegaConf.create(overrides)),
        "hydra.yaml": OmegaConf.to_yaml(OmegaConf.create({"hydra": OmegaConf.to_container(hydra_config)})),
    }
    named = " ".join(overrides)
    try:
        config = from_mapping(OmegaConf.to_container(cfg, resolve=True))  # type: ignore[arg-type]
        named = config.run_id
        ending = run(config, workers=_workers(hydra_config), keep_usage_errors=swept, provenance=provenance)
    except Exception as error:
        if not swept:
            if not isinstance(error, UsageError):
                raise
            print(f"rnnbench: {error}", file=sys.stderr)
            sys.exit(2)  # at once: Hydra would add lines of its own to an exception
        print(f"failed: {named}: {in_one_line(error)}", file=sys.stderr, flush=True)  # Hydra would keep it to itself
        return None
    print(describe(config, ending.status, ending.record), flush=True)
    if not swept and ending.status == "failed":
        sys.exit(1)
    metrics = (ending.record or {}).get("metrics") or {}
    facts = (ending.record or {}).get("task") or {}
    return (metrics.get("valid") or {}).get(facts.get("metric"))


def describe(config: Config, status: str, record: dict[str, Any] | None) -> str:
    """One line on a run: how it ended, what it reached, what it cost, where its record is."""
    if status == "elsewhere":
        return f"elsewhere: {config.run_id} is being run by another process"
    if record is None or record["status"] == "failed":
        return f"failed: {config.run_id}: {(record or {}).get('error')}"
    where = config.run_dir / "run.json"
    head = f"{status}: {config.run_id}" + (f" (was {record['status']})" if status == "skipped" else "")
    if record["status"] == "diverged":
        return f"{head}: {record['error']} | {where}"
    facts, timing, test = record["task"], record["timing"], record["metrics"]["test"]
    scores = [f"{facts['metric']} {test[facts['metric']]:.4g}{' ' + facts['unit'] if facts['unit'] else ''}"]
    if facts["metric"] != "loss":
        scores.append(f"loss {test['loss']:.4g}")
    solved = timing["steps_to_threshold"]
    effort = f"solved in {solved} steps" if solved is not None else f"{record['steps']} steps ({record['stopped_by']})"
    size = f"{record['parameters']['total']:,} parameters"
    parts = [f"{head}: test {', '.join(scores)}", f"{effort}, {timing['train_seconds']:.1f} s", size]
    return " | ".join([*parts, f"backend {record['backend']}", str(where)])


@dataclass(frozen=True)
class Requests:
    """Runs asked for, by directory: requests that mean the same run are one."""

    configs: dict[str, Config]
    jobs: dict[str, list[str]]  # the overrides of each

    @property
    def directories(self) -> list[Path]:
        """The results/NAME that they belong to."""
        return sorted({Path(key).parent.parent for key in self.configs})

    def __or__(self, others: Requests) -> Requests:
        return Requests(self.configs | others.configs, self.jobs | others.jobs)

    def without(self, others: Requests) -> Requests:
        left = [key for key in self.configs if key not in others.configs]
        return Requests({key: self.configs[key] for key in left}, {key: self.jobs[key] for key in left})


def requests(composer: Composer, jobs: Sequence[Sequence[str]]) -> Requests:
    """All jobs checked. jobs: the overrides of each run. Raises UsageError when one of them cannot be."""
    made = Requests({}, {})
    for each in jobs:
        config = composer.compose(each)
        key = str(config.run_dir)
        made.configs.setdefault(key, config)
        made.jobs.setdefault(key, list(each))
    for directory in made.directories:
        _check_place(directory)
    _check_machine_and_sizes(made.configs.values(), here=not composer.elsewhere)
    return made


Launch = Callable[[list[list[str]]], object]
"""Runs a list of jobs, in this process or elsewhere."""


def sweep(composer: Composer, jobs: Sequence[Sequence[str]], launch: Launch) -> int:
    """Do every job whose record does not exist yet, print what became of all, make the report; the number of failures.

    Raises UsageError before anything starts when one of the requests cannot be.
    """
    if not jobs:
        raise UsageError("the sweep names no run: one of its keys has no value")
    asked = requests(composer, jobs)
    left = unfinished(asked)
    print(f"{len(asked.configs)} runs: {len(asked.configs) - len(left)} finished before, {len(left)} to do", flush=True)
    start(launch, [asked.jobs[key] for key in left])
    failed = summarise(asked.configs, left)
    return failed + sum(not report(directory) for directory in asked.directories)


def unfinished(asked: Requests) -> list[str]:
    """The directories of those that have no result yet, or are to be repeated."""
    return [key for key, config in asked.configs.items() if config.force or not finished(config.run_dir)]


def start(launch: Launch, jobs: list[list[str]]) -> None:
    """Launch them. Whatever ends a launcher, what its workers had finished is on disk."""
    if not jobs:
        return
    # Ctrl-C also ends the pgrep with which joblib looks for its workers' children; it kills the workers all the same.
    warnings.filterwarnings("ignore", "Failed to kill subprocesses on this platform")
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")  # it frees what they held, and says so
    try:
        launch(jobs)
    except UsageError:
        raise
    except Exception as error:
        print(f"launcher: {in_one_line(error)}", file=sys.stderr)


class Composer:
    """Job overrides → Config, quickly: Hydra composes once for each choice of groups, plain values are then set.

    What is not that simple (added or deleted keys, interpolations) is left to Hydra, one job at a time.
    """

    def __init__(self, loader: Any, sweep_config: DictConfig, parser: OverridesParser):
        self._loader, self._sweep_config = loader, sweep_config
        self._parse = lru_cache(maxsize=None)(parser.parse_override)
        self._is_group = lru_cache(maxsize=None)(lambda key: bool(loader.get_group_options(key)))
        self._base = lru_cache(maxsize=None)(self._composed)

    @property
    def elsewhere(self) -> bool:
        """Whether the runs go to other machines, whose devices are not seen from here."""
        return "slurm" in str(self._sweep_config.hydra.launcher.get("_target_", "")).lower()

    @property
    def side_by_side(self) -> bool:
        """Whether the launcher can be told how many runs go on at once."""
        return "n_jobs" in self._sweep_config.hydra.launcher

    def compose(self, job: Sequence[str]) -> Config:
        parsed = [self._parse(text) for text in job]
        groups = tuple(text for text, o in zip(job, parsed, strict=True) if self._is_group(o.key_or_group))
        plain = [o for o in parsed if not self._is_group(o.key_or_group)]
        base, fixed = self._base(groups)
        values = _copy(base)
        if not fixed or not all(_set(values, override) for override in plain):
            values, _ = self._composed(tuple(job))
        return from_mapping(values)

    def study(self, choice: str) -> Any:
        """The node `study` of the configuration that `choice`, such as study=quick, brings."""
        values, _ = self._base((choice,))
        return values.get("study")

    def _composed(self, job: tuple[str, ...]) -> tuple[dict[str, Any], bool]:
        """The values that Hydra composes, and whether they are fixed: without interpolations that a key could move."""
        composed = self._loader.load_sweep_config(self._sweep_config, list(job))
        del composed._content["hydra"]
        raw = OmegaConf.to_container(composed, resolve=False)
        values: Any = OmegaConf.to_container(composed, resolve=True)
        return values, raw == values


def _set(values: dict[str, Any], override: Override) -> bool:
    """Set one key that is there already; False when this takes more than that."""
    *path, last = override.key_or_group.split(".")
    plain = override.type is not None and override.type.name == "CHANGE" and override.package is None
    for part in path:
        values = values.get(part, {})
        if not isinstance(values, dict):
            return False
    if not plain or last not in values or isinstance(values[last], dict):
        return False
    value = override.value()
    if not isinstance(value, int | float | bool | str | None):
        return False
    if isinstance(value, str) and "${" in value:
        return False
    values[last] = value
    return True


def _copy(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in values.items()}


def _check_place(directory: Path) -> None:
    """Raises UsageError where records could not be written, before each run would say so."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        place = directory.parent
        raise UsageError(
            f"{there} cannot be written to", key="results_dir", value=place, allowed="a directory that can"
        )


def _check_machine_and_sizes(configs: Iterable[Config], here: bool) -> None:
    """Every device and backend that the requests name, and every width that is to be matched.

    A device only if they run `here`: the machine that submits jobs to a cluster may well have no GPU.
    """
    import torch

    from rnnbench.config import make_cell
    from rnnbench.recurrent import backends
    from rnnbench.run import choose_device, matched_width, task_of

    configs = list(configs)
    for config in {(c.cell.target, c.device, c.dtype, c.backend): c for c in configs}.values():
        there = torch.device("cpu" if config.device == "auto" else config.device)
        device = choose_device(config.device) if here else there
        backends.choose(config.backend, make_cell(config), device, getattr(torch, config.dtype))
    sizes = {(str(c.cell), str(c.dataset), c.seq_len, c.hidden_size, c.num_layers, c.embedding_size): c
             for c in configs if c.match == "params"}  # fmt: skip
    for config in sizes.values():
        try:
            task = task_of(config)
        except UsageError:  # no data: each run says so, and the others go on
            continue
        try:
            matched_width(config, task)
        except UsageError as error:
            raise UsageError(f"cell={config.cell.name} dataset={config.dataset.name} {error}") from error


def _workers(hydra_config: Any) -> int:
    """How many runs the launcher keeps going side by side on this machine."""
    jobs = hydra_config.launcher.get("n_jobs", 1) if hydra_config.mode == RunMode.MULTIRUN else 1
    if jobs is None or jobs > 0:
        return jobs or 1
    import joblib

    return joblib.effective_n_jobs(jobs)


def summarise(configs: Mapping[str, Config], left: list[str]) -> int:
    """Print `N ok, N diverged, N failed, N skipped`, from the records; the number of failed or missing runs."""
    tried = set(left)
    counts: Counter[str] = Counter()
    for key, config in configs.items():
        record = read_record(config.run_dir) if key in tried else None
        counts["skipped" if key not in tried else record["status"] if record else _without_record(config)] += 1
    line = ", ".join(f"{counts[status]} {status}" for status in ("ok", "diverged", "failed", "skipped"))
    line += "".join(f", {counts[s]} {s}" for s in ("elsewhere", "unfinished") if counts[s])
    print(line, flush=True)
    return counts["failed"] + counts["unfinished"]


def _without_record(config: Config) -> str:
    """elsewhere: another process is at that run; unfinished: nobody is."""
    if not config.run_dir.exists():
        return "unfinished"
    with run_lock(config.run_dir) as free:
        return "unfinished" if free else "elsewhere"


def report(directory: Path) -> bool:
    """Make it and print where it is; False, with a line, where it cannot be made."""
    from rnnbench.report import report_and_verdicts

    try:
        page, verdicts = report_and_verdicts(directory)
        for line in verdicts:
            print(line)
        print(f"report: {page}", flush=True)
    except UsageError as error:
        print(f"report: {error}", file=sys.stderr)
        return False
    return True
