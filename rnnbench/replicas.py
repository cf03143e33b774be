"""Runs of one configuration and several seeds side by side in one process (training/lanes.py): `replicas=R`.

Each record is that of the run alone, and says how many there were. Whatever keeps one of them from the group, or ends
the group, costs nobody a result: who has no record then is run alone, from its checkpoint where it has one.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch

from rnnbench.config import Config
from rnnbench.machine.denormals import flushing
from rnnbench.machine.plain_state import plain_state
from rnnbench.machine.precision import ieee_float32
from rnnbench.machine.presence import Presence
from rnnbench.machine.randomness import Own
from rnnbench.machine.threads import use, with_threads
from rnnbench.preparation import prepare
from rnnbench.records import finished, run_lock
from rnnbench.run import Ending, check, conclude, judge, keep_provenance, make_room, now, run, why
from rnnbench.stopping import let_end
from rnnbench.training.lanes import Lane, train


def run_replicas(configs: Sequence[Config], provenance: Sequence[Mapping[str, str]], beside: bool) -> list[Ending]:
    """Do the runs, which differ in their seed alone. Arguments and endings as `run`'s in a sweep, for each."""
    endings: dict[str, Ending] = {}
    first = configs[0]
    with (
        plain_state(first.seed),
        ieee_float32(),
        with_threads(torch.get_num_threads()),
        flushing(first.flush_denormals),
    ):
        try:
            _side_by_side(configs, provenance, endings)
        except BaseException as error:
            let_end(error)
            print(f"replicas={len(configs)}: {why(error, first)}: those left go on one at a time", file=sys.stderr)
    if torch.cuda.is_available():
        gc.collect()  # what an error's traceback held
        torch.cuda.empty_cache()
    return [
        endings.get(config.run_id) or _alone(config, its, beside)
        for config, its in zip(configs, provenance, strict=True)
    ]


def _alone(config: Config, its: Mapping[str, str], beside: bool) -> Ending:
    try:
        return run(config, beside=beside, keep_usage_errors=True, provenance=its)
    except BaseException as error:  # the others have theirs to do
        let_end(error)
        return Ending("failed", config.run_dir, {"status": "failed", "error": why(error, config)})


def _side_by_side(
    configs: Sequence[Config], provenance: Sequence[Mapping[str, str]], endings: dict[str, Ending]
) -> None:
    """Train those that can be trained together, and write the record of each at its end."""
    begun = now()
    lanes: list[Lane] = []
    threads = 0
    known: dict[int, tuple[Config, dict[str, Any]]] = {}  # by lane: its run, and the part of its record from before
    with ExitStack() as locks:
        for config, its in zip(configs, provenance, strict=True):
            mine = locks.enter_context(run_lock(config.run_dir))
            if not mine or (finished(config.run_dir) and not config.force):
                continue
            with plain_state(config.seed) as settle:
                training = prepare(config, beside=True, settle=settle)
            if lanes and torch.get_num_threads() != threads:  # its bits hang on them
                continue
            threads = torch.get_num_threads()
            lane = Lane(training, Own(training.device))
            if not make_room(config):
                continue
            keep_provenance(config.run_dir, its)
            with lane.random:
                known[id(lane)] = config, check(config, training)
            lanes.append(lane)
        if len(lanes) < 2:
            return
        use(threads)
        for lane in lanes:
            lane.training.replicas = len(lanes)
            lane.training.others_running = lambda: True

        def ended(lane: Lane) -> None:
            config, found = known[id(lane)]
            endings[config.run_id] = conclude(config, begun, lambda: found | judge(config, lane.training))

        with Presence():
            train(lanes, ended)
