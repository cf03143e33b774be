"""A study told as a story: grids → trials → chosen settings → runs → verdicts.

Like any sweep it does what has no record yet. Trials come first, since the runs that count take their settings from
them; runs for claims about seconds come last, one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

from rnnbench.cli.composer import Composer
from rnnbench.cli.launching import Launching
from rnnbench.cli.plan import ALONE, plan
from rnnbench.cli.probes import probe
from rnnbench.cli.requests import Requests, requests, unfinished
from rnnbench.cli.room import say_room
from rnnbench.cli.sweep import report, summarise
from rnnbench.cli.trials import Job, RunIds, trials_of
from rnnbench.errors import UsageError
from rnnbench.records import read_record
from rnnbench.studies import (
    Study,
    check_names,
    earlier_request,
    overrides,
    study_from,
    write_request,
)

Split = Callable[[list[str]], list[list[str]]]
"""Overrides in Hydra's sweep grammar → the overrides of each job."""


def run_study(composer: Composer, name: str, split: Split, asked: Sequence[str], launching: Launching) -> int:
    """Do what conf/study/NAME.yaml asks for and has no record, print its verdicts; the number of runs not done.

    asked: what was given on the command line, which wins over what the study says. Raises UsageError before anything
    starts for a malformed study and for requests that cannot be.
    """
    study, jobs = check_study(composer, name, split, asked)
    tuning = trials_of(composer, study.tuning, jobs)
    trials = _all([each.asked() for each in tuning])
    everything = requests(composer, [job.overrides for job in jobs]) | trials
    directories = everything.directories
    if len(directories) != 1:
        raise UsageError("one study has one", key="name", value=", ".join(each.name for each in directories))
    if directories[0].name == "default":
        raise UsageError("the name of plain runs", key="name", value="default", allowed=f"a name, such as {name}")

    before = _chosen_before(directories[0])

    def settled(keep: bool = True) -> tuple[Requests, Requests, int]:
        """The runs whose settings are known, those to run alone apart, and the number of the others; kept on disk."""
        tuned = [each.tuned(before) for each in tuning]
        known: tuple[list[list[str]], list[list[str]]] = ([], [])
        for job in jobs:
            if job.tune is None:
                known[job.alone].append(job.overrides)
        for each, found in zip(tuning, tuned, strict=True):
            for job in each.jobs if found.chosen is not None else []:
                values = found.trials[found.chosen or 0].values
                known[job.alone].append([*job.overrides, *(f"{key}={value}" for key, value in values.items())])
        alone = requests(composer, known[True])
        others = requests(composer, known[False]).without(alone)
        runs = {config.run_id: config.recorded() for config in (others | alone).configs.values()}
        if keep:
            write_request(directories[0], name, study, runs, tuned)
        return others, alone, sum(each.runs for each in tuned if each.chosen is None)

    if everything.only_planned:
        others, alone, _ = settled(keep=False)
        trials |= _all([each.to_come() for each in tuning])
        some = [[*job.overrides, *each.some_values()] for each in tuning if each.walk()[1] is None for job in each.jobs]
        groups = {"trials": trials, "runs": others, "runs whose settings the trials choose": requests(composer, some)}
        plan({**groups, ALONE: alone})
        return 0
    others, alone, waiting = settled()
    failed = 0
    tried = Requests({}, {})
    if waiting or any(config.force for config in trials.configs.values()):
        while (more := trials.without(tried)).configs:
            failed += _do(more, launching, "trials")
            tried, trials = tried | more, _all([each.asked() for each in tuning])
        others, alone, waiting = settled()
    failed += _do(others, launching, "runs")
    failed += _do(alone, launching, ALONE, alone=True)
    if not composer.elsewhere:
        probe(others.configs.values())
    if waiting:
        print(f"{waiting} runs wait for trials that have not ended: the same command goes on", flush=True)
    return failed + waiting + (not report(directories[0]))


def check_study(composer: Composer, name: str, split: Split, asked: Sequence[str]) -> tuple[Study, list[Job]]:
    """`study_jobs` of a study whose claims name what is there in the runs that its file asks for. Raises UsageError."""
    study, jobs = study_jobs(composer, name, split, asked)
    own = study_jobs(composer, name, split, [])[1] if asked else jobs
    configs = requests(composer, [job.overrides for job in own]).configs.values()
    tuned = requests(composer, [job.overrides for job in own if job.tune is not None]).configs.values()
    check_names(study, {c.run_id: c.recorded() for c in configs}, [c.run_id for c in tuned])
    return study, jobs


def study_jobs(composer: Composer, name: str, split: Split, asked: Sequence[str]) -> tuple[Study, list[Job]]:
    """A study of conf/study and all its jobs: the union of its grids, in each of which what was asked for wins.

    Raises UsageError for a malformed study, and where what was asked for is what the study's trials choose.
    """
    choice = f"study={name}"
    study = study_from(composer.study(choice))
    space = study.tuning.space if study.tuning is not None else {}
    for text in asked:
        key, _, value = text.lstrip("+~").partition("=")
        if key in space and any("tune" in grid for grid in study.sweeps):
            raise UsageError("chosen by this study's trials", key=key, value=value, allowed="another key")
    jobs = []
    for grid in study.sweeps:
        tune = list(overrides(grid["tune"])) if "tune" in grid else None
        for job in split([choice, *overrides(grid), *asked]):
            jobs.append(Job(job, tune, bool(grid.get("alone", False))))
    if not jobs:
        raise UsageError("the study names no run: one of its keys has no value")
    return study, jobs


def _chosen_before(directory: Path) -> dict[RunIds, int | None]:
    request = earlier_request(directory)
    tuned = request.tuned if request is not None else ()
    return {tuple(trial.all_run_ids for trial in each.trials): each.chosen for each in tuned}


def _do(asked: Requests, launching: Launching, what: str, alone: bool = False) -> int:
    """Do those that have no result yet; the number of failures. alone: one at a time, and again if others ran by."""
    if not asked.configs:
        return 0
    again = {key for key, config in asked.configs.items() if alone and _contended(config.run_dir)}
    todo = {*unfinished(asked), *again}
    left = [key for key in asked.configs if key in todo]
    if alone:  # partners next to each other, first the one, then the other: a machine that grows slower favours neither
        place = {key: at for at, key in enumerate(left)}
        left.sort(key=lambda key: (seed := asked.configs[key].seed, place[key] * (-1) ** seed))
    total = len(asked.configs)
    print(f"{total} {what}: {total - len(left)} finished before, {len(left)} to do", flush=True)
    say_room([asked.configs[key] for key in left])
    jobs = [[*asked.jobs[key], "force=true"] if key in again else asked.jobs[key] for key in left]
    if alone:
        launching.one_at_a_time(jobs)
    else:
        launching.start([asked.configs[key] for key in left], jobs)
    return summarise(asked.configs, left)


def _contended(run_dir: Path) -> bool:
    record = read_record(run_dir)
    return record is not None and bool((record["timing"] or {}).get("contended"))


def _all(parts: Sequence[Requests]) -> Requests:
    return reduce(Requests.__or__, parts, Requests({}, {}))
