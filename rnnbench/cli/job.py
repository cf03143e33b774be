"""One run as Hydra calls it, and the line that says how it ended."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from rnnbench.config import Config, from_mapping
from rnnbench.errors import UsageError, in_one_line
from rnnbench.records import finished, read_record, record_file


def job(cfg: DictConfig) -> float | None:
    """What Hydra calls for each run, in this process or in a launcher's. Gives the validation score, for optimizers."""
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
        status, record = _done(config, hydra_config, swept, provenance)
    except Exception as error:
        if not swept:
            if not isinstance(error, UsageError):
                raise
            print(f"rnnbench: {error}", file=sys.stderr)
            sys.exit(2)  # at once: Hydra would add lines of its own to an exception
        print(f"failed: {named}: {in_one_line(error)}", file=sys.stderr, flush=True)  # Hydra would keep it to itself
        return None
    print(describe(config, status, record), flush=True)
    if not swept and status == "failed":
        sys.exit(1)
    metrics = (record or {}).get("metrics") or {}
    facts = (record or {}).get("task") or {}
    return (metrics.get("valid") or {}).get(facts.get("metric"))


def _done(
    config: Config, hydra_config: Any, swept: bool, provenance: Mapping[str, str]
) -> tuple[str, dict[str, Any] | None]:
    """How the run ended and its record; one that is finished needs no torch to say so."""
    if finished(config.run_dir) and not config.force:
        return "skipped", read_record(config.run_dir)
    from rnnbench.run import run

    ending = run(config, workers=_workers(hydra_config), keep_usage_errors=swept, provenance=provenance)
    return ending.status, ending.record


def describe(config: Config, status: str, record: dict[str, Any] | None) -> str:
    """One line on a run: how it ended, what it reached, what it cost, where its record is."""
    if status == "elsewhere":
        return f"elsewhere: {config.run_id} is being run by another process"
    if record is None or record["status"] == "failed":
        return f"failed: {config.run_id}: {(record or {}).get('error')}"
    where = record_file(config.run_dir)
    head = f"{status}: {config.run_id}" + (f" (was {record['status']})" if status == "skipped" else "")
    if record["status"] == "diverged":
        return f"{head}: {record['error']} | {where}"
    metric, unit = _at(record, "task.metric"), _at(record, "task.unit")
    test = _at(record, f"metrics.test.{metric}")
    if test is None:  # a table did not have it
        return f"{head}: {'made again ' + record['rebuilt'] if 'rebuilt' in record else 'no test score'} | {where}"
    scores = [f"{metric} {_said(test, '.4g')}{' ' + unit if unit else ''}"]
    if metric != "loss":
        scores.append(f"loss {_said(_at(record, 'metrics.test.loss'), '.4g')}")
    solved = _at(record, "timing.steps_to_threshold")
    effort = f"solved in {solved} steps" if solved is not None else f"{record['steps']} steps ({record['stopped_by']})"
    size = f"{_said(_at(record, 'parameters.total'), ',')} parameters"
    seconds = f"{_said(_at(record, 'timing.train_seconds'), '.1f')} s"
    parts = [f"{head}: test {', '.join(scores)}", f"{effort}, {seconds}", size]
    return " | ".join([*parts, f"backend {record.get('backend')}", str(where)])


def _at(record: Mapping[str, Any], where: str) -> Any:
    """What stands at a dotted path, None where nothing does: a record may come from anywhere."""
    found: Any = record
    for part in where.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _said(value: Any, form: str) -> str:
    return format(value, form) if isinstance(value, int | float) else "–"


def _workers(hydra_config: Any) -> int:
    """How many runs the launcher keeps going side by side on this machine."""
    jobs = hydra_config.launcher.get("n_jobs", 1) if hydra_config.mode == RunMode.MULTIRUN else 1
    if jobs is None or jobs > 0:
        return jobs or 1
    import joblib

    return joblib.effective_n_jobs(jobs)
