"""Step times taken alone, after runs that others were beside: one short probe for each condition that has no other.

A condition is a configuration without its seed. Its probe is one measurement and stands in one record, that of the
first run that has a time to replace, so that nothing counts it as many: `timing.probe` holds

    step_ms   median, p10, p90, n of some fifty steps after the warm-up, from the run's own first weights on
    kind      backend, processor and threads, the same as the run's
    taken     when

It is only written on a machine of the run's kind, and while no other run was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rnnbench.config import Config
from rnnbench.errors import UsageError
from rnnbench.records import run_lock, write_record
from rnnbench.records.files import own_record

STEPS, LEAST, SECONDS = 50, 20, 2.0
"""A probe has so many steps, or as many as fit in so many seconds but no fewer than the least."""


def probe(configs: Iterable[Config]) -> None:
    """Time every condition among these runs that has not been timed alone, one after another, and say of how many."""
    left = _untimed(configs)
    if not left:
        return
    print(f"{len(left)} conditions have no step time taken alone: timed now, one at a time", flush=True)
    timed = sum(any(_probed(config) for config in runs) for runs in left)
    if timed < len(left):
        why = "not on this kind of machine, not alone, or read-only"
        print(f"{timed} timed; {len(left) - timed} {why}: the same command tries again", flush=True)


def _untimed(configs: Iterable[Config]) -> list[list[Config]]:
    """Of each condition without a time of its own the runs that a probe could stand in for."""
    conditions: dict[str, list[tuple[Config, dict[str, Any] | None]]] = {}
    for config in configs:
        condition = replace(config, seed=0).run_id
        conditions.setdefault(condition, []).append((config, own_record(config.run_dir)))
    left = []
    for runs in conditions.values():
        timings = [record["timing"] if record and record["status"] == "ok" else {} for _, record in runs]
        if not any(_alone(timing) for timing in timings):
            left.append([config for (config, _), timing in zip(runs, timings, strict=True) if _replaceable(timing)])
    return [runs for runs in left if runs]


def _alone(timing: Mapping[str, Any]) -> bool:
    return "probe" in timing or timing.get("contended") is False


def _replaceable(timing: Mapping[str, Any]) -> bool:
    """Whether steps were timed, beside others and all under one kind."""
    return bool(timing.get("contended")) and bool(timing["step_ms"]["n"]) and len(timing.get("kinds") or ()) == 1


def _probed(config: Config) -> bool:
    """Whether the run's record has a probe now. A run that is in other hands is left alone, and a read-only one."""
    try:
        with run_lock(config.run_dir) as mine:
            record = own_record(config.run_dir) if mine else None
            if record is None or record["status"] != "ok":
                return False
            if "probe" not in record["timing"]:
                found = _taken(config, record)
                if found is None:
                    return False
                write_record(config.run_dir, record | {"timing": record["timing"] | {"probe": found}})
            return True
    except UsageError:
        return False


def _taken(config: Config, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The probe; None where this is another kind of machine, or another run was going on."""
    import torch

    from rnnbench.machine.clocks import step_statistics
    from rnnbench.machine.denormals import flushing
    from rnnbench.machine.precision import ieee_float32
    from rnnbench.machine.presence import Presence
    from rnnbench.machine.threads import with_threads
    from rnnbench.preparation import prepare
    from rnnbench.training.numerics import NUMERICS

    if record.get("numerics", 1) != NUMERICS or record["environment"]["torch"] != torch.__version__:
        return None
    with ieee_float32(), with_threads(torch.get_num_threads()), flushing(config.flush_denormals):
        try:
            training = prepare(config)
        except UsageError:  # its data, its device or its backend is not here
            return None
        kind = training.kind_of_time()
        if [kind] != record["timing"]["kinds"]:
            return None
        with Presence() as presence:
            beside = presence.others()
            seconds = [] if beside else training.timed(STEPS, SECONDS, LEAST)
            if beside or presence.others():
                return None
    taken = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"step_ms": step_statistics(seconds), "kind": kind, "taken": taken}
