"""One run as Hydra calls it, and the line that says how it ended."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from rnnbench.cli.launcher import at_once
from rnnbench.cli.typed import as_typed
from rnnbench.cli.usage import from_hydra, one_line
from rnnbench.command import quiet
from rnnbench.config import Config, from_mapping
from rnnbench.errors import UsageError, in_one_line
from rnnbench.records import MODEL_FACTS, finished, read_record, record_file


def job(cfg: DictConfig, beside: bool = False) -> float | None:
    """What Hydra calls for each run, in this process or in a launcher's. Gives the validation score, for optimizers.

    beside: runs of the same sweep are going beside it, whatever the launcher says.
    """
    quiet()  # in a launcher's process, too
    hydra_config = HydraConfig.get()
    swept = hydra_config.mode == RunMode.MULTIRUN
    if not swept and cfg.get("study") is not None:
        named = hydra_config.runtime.choices["study"]
        print(f"rnnbench: {UsageError('a study is many runs: add -m', key='study', value=named)}", file=sys.stderr)
        sys.exit(2)
    if not swept and cfg.get("plan") is not None:
        print(f"rnnbench: {UsageError('of many runs: add -m', key='plan', value=cfg.plan)}", file=sys.stderr)
        sys.exit(2)
    overrides: Any = OmegaConf.to_container(hydra_config.overrides.task)  # as typed: nothing in it is resolved
    if swept and "lanes" in cfg:
        _together(cfg, overrides, beside or at_once(hydra_config.launcher) > 1)
        return None
    provenance = _provenance(cfg, overrides)
    named = " ".join(overrides)
    try:
        config = from_mapping(OmegaConf.to_container(cfg, resolve=True))  # type: ignore[arg-type]
        named = config.run_id
        beside |= swept and at_once(hydra_config.launcher) > 1
        status, record = _done(config, beside, swept, provenance)
    except Exception as error:
        if not swept:
            if from_hydra(error):  # a value that refers to what is not there
                error = UsageError(one_line(error, overrides))
            if not isinstance(error, UsageError):
                raise
            print(f"rnnbench: {as_typed(error, overrides)}", file=sys.stderr)
            sys.exit(error.exit_code)  # at once: Hydra would add lines of its own to an exception
        print(f"failed: {named}: {in_one_line(error)}", file=sys.stderr, flush=True)  # Hydra would keep it to itself
        return None
    print(describe(config, status, record), flush=True)
    if status == "skipped" and (said := no_model([config])):
        print(said, file=sys.stderr, flush=True)
    if not swept and status == "failed":
        sys.exit(1)
    metrics = (record or {}).get("metrics") or {}
    facts = (record or {}).get("task") or {}
    return (metrics.get("valid") or {}).get(facts.get("metric"))


def _provenance(cfg: DictConfig, overrides: Sequence[str]) -> dict[str, str]:
    hydra_config = OmegaConf.to_container(HydraConfig.get())
    return {
        "config.yaml": OmegaConf.to_yaml(cfg),
        "overrides.yaml": OmegaConf.to_yaml(OmegaConf.create(list(overrides))),
        "hydra.yaml": OmegaConf.to_yaml(OmegaConf.create({"hydra": hydra_config})),
    }


def _together(cfg: DictConfig, overrides: Sequence[str], beside: bool) -> None:
    """Runs that differ in their seed alone (`Launching`): `+lanes=[0,1,2]` names the seeds."""
    from rnnbench.replicas import run_replicas

    configs, provenance = [], []
    with open_dict(cfg):
        seeds = list(cfg.pop("lanes"))
    for seed in seeds:
        cfg.seed = seed
        own = [text for text in overrides if text.partition("=")[0] not in ("+lanes", "seed")]
        configs.append(from_mapping(OmegaConf.to_container(cfg, resolve=True)))  # type: ignore[arg-type]
        provenance.append(_provenance(cfg, [*own, f"seed={seed}"]))
    for config, ending in zip(configs, run_replicas(configs, provenance, beside), strict=True):
        print(describe(config, ending.status, ending.record), flush=True)


def _done(
    config: Config, beside: bool, swept: bool, provenance: Mapping[str, str]
) -> tuple[str, dict[str, Any] | None]:
    """How the run ended and its record; one that is finished needs no torch to say so."""
    if finished(config.run_dir) and not config.force:
        return "skipped", read_record(config.run_dir)
    from rnnbench.run import run

    ending = run(config, beside=beside, keep_usage_errors=swept, provenance=provenance)
    return ending.status, ending.record


def no_model(skipped: Sequence[Config]) -> str:
    """That models are to be kept of finished runs that kept none on purpose, in one line; "" where none is missed."""
    asked = [config for config in skipped if config.keep != "none" and not (config.run_dir / MODEL_FACTS).exists()]
    missed = [config for config in asked if _at(read_record(config.run_dir) or {}, "config.keep") == "none"]
    if not missed:
        return ""
    which = missed[0].run_id if len(missed) == 1 else f"{len(missed)} of the finished runs"
    return f"no model of {which} was kept (keep=none): force=true makes {'it' if len(missed) == 1 else 'them'} again"


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
