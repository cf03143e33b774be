"""The trials of a study: what was searched, at what cost, and what was chosen for the runs that count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnbench.records import cell_name, write_text_atomically
from rnnbench.records.numbers import number
from rnnbench.records.spreadsheet import as_csv
from rnnbench.report.latex import latex
from rnnbench.report.summary import markdown
from rnnbench.studies import RULE, StudyRequest, Trial, Tuned


def tuning_words(request: StudyRequest) -> str:
    """How settings were chosen, in a few sentences; empty for a study without trials."""
    tuning = request.study.tuning
    if tuning is None or not request.tuned:
        return ""
    space = ", ".join(f"{key} from {low:g} to {high:g}" for key, (low, high) in tuning.space.items())
    seeds = ", ".join(map(str, tuning.seeds))
    many = tuning.fresh is not None
    anew = f"anew for each {tuning.fresh} runs that count" if many else "before the runs that count"
    own = " in the first tuning, others in the next ones" if many else ""
    rungs = " then ".join(f"{count} with {_share(share)} of the budget" for count, share in tuning.rungs())
    halved = f" Successive halving: {rungs}." if tuning.halving is not None else ""
    return (
        f"Chosen on validation {anew}: {space}, log-uniform, the same {tuning.trials} points of a "
        f"Latin hypercube for every row, each tried with seed{'s' if len(tuning.seeds) > 1 else ''} {seeds}{own}, "
        f"which no run that counts has.{halved} {RULE}"
    )


def _share(share: float) -> str:
    return "all" if share == 1 else f"1/{round(1 / share)}"


def tuning_table(request: StudyRequest, runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each combination of settings that was tuned, all text. runs: of load_results."""
    trials = runs[runs["run_id"].isin(request.trials)].set_index("run_id")
    varying = varying_keys(request.tuned)
    rows: list[dict[str, str]] = []
    for members in _alike(request.tuned):
        each = members[0]
        row = {"dataset": _said(each, "dataset"), "cell": cell_name(_said(each, "cell"))}
        row |= {key: _said(each, key) for key in varying}
        ids = [run_id for one in members for trial in one.trials for run_id in trial.all_run_ids]
        own = trials.reindex(list(dict.fromkeys(ids)))
        row |= {"tunings": str(len(members))} if any(len(group) > 1 for group in _alike(request.tuned)) else {}
        count = f"{int(own['status'].isin(['ok', 'diverged']).sum())} of {len(own)} ended"
        diverged = int((own["status"] == "diverged").sum())
        row["trials"] = count + (f", {diverged} diverged" if diverged else "")
        chosen = [one.trials[one.chosen] for one in members if one.chosen is not None]
        if len(members) > 1:
            row["chosen"] = _range(chosen, request)
        else:
            row["chosen"] = (
                ", ".join(f"{k} {v:g}{_edge(each, k, v)}" for c in chosen for k, v in c.values.items()) or "–"
            )
        row["its validation result"] = _result([run_id for trial in chosen for run_id in trial.run_ids], trials)
        scores = own.loc[own["status"] == "ok", "valid_score"]
        low, high = scores.min(), scores.max()
        row["of all trials"] = f"{number(low, 4)} to {number(high, 4)}" if len(scores) else "–"
        row["training of all trials (s)"] = number(own["train_seconds"].sum(), 3)
        rows.append(row)
    return pd.DataFrame(rows)


def write_tuning(request: StudyRequest, runs: pd.DataFrame, directory: Path) -> None:
    """tuning.csv: a row a trial and seed, with what it tried, how it ended and whether it was chosen.

    tuning.md and tuning.tex: the table of the page.
    """
    trials = runs[runs["run_id"].isin(request.trials)].set_index("run_id")
    rows: list[dict[str, Any]] = []
    for each in request.tuned:
        for place, trial in enumerate(each.trials):
            for run_id in trial.all_run_ids:
                row: dict[str, Any] = {"dataset": _said(each, "dataset"), "cell": _said(each, "cell"), "run_id": run_id}
                row |= {key: _said(each, key) for key in varying_keys(request.tuned)} | dict(trial.values)
                row |= {"tuning": each.number} if each.number or len(_alike(request.tuned)) < len(request.tuned) else {}
                row["chosen"] = place == each.chosen
                for name in ("seed", "status", "metric", "valid_score", "steps_to_threshold", "steps", "train_seconds"):
                    row[name] = trials[name].get(run_id)
                rows.append(row)
    write_text_atomically(directory / "tuning.csv", as_csv(pd.DataFrame(rows).convert_dtypes()))
    table = tuning_table(request, runs)
    write_text_atomically(directory / "tuning.md", f"# Tuning\n\n{tuning_words(request)}\n\n{markdown(table)}")
    write_text_atomically(directory / "tuning.tex", latex(table))


def _edge(each: Tuned, key: str, value: float) -> str:
    """Says of a chosen value that the best may lie beyond what was tried."""
    tried = [trial.values[key] for trial in each.trials]
    return " (highest tried)" if value == max(tried) else " (lowest tried)" if value == min(tried) else ""


def _alike(tuned: Sequence[Tuned]) -> list[list[Tuned]]:
    """The tunings of the same settings together."""
    found: dict[str, list[Tuned]] = {}
    for each in tuned:
        found.setdefault(repr(sorted(each.settings.items())), []).append(each)
    return list(found.values())


_EDGE = 0.05  # of the logarithm of the range


def _range(chosen: Sequence[Trial], request: StudyRequest) -> str:
    """Of each key what was chosen, from the least to the most, and how often at an end of the range."""
    tuning = request.study.tuning
    if not chosen or tuning is None:
        return "–"
    parts = []
    for key, (low, high) in tuning.space.items():
        values = [trial.values[key] for trial in chosen]
        place = [math.log(value / low) / math.log(high / low) for value in values]
        ends = sum(not _EDGE <= each <= 1 - _EDGE for each in place)
        parts.append(f"{key} {min(values):g} to {max(values):g}, {ends} of {len(values)} at an end of the range")
    return "; ".join(parts)


def _result(run_ids: Sequence[str], trials: pd.DataFrame) -> str:
    if not run_ids:
        return "–"
    own = trials.reindex(list(run_ids))
    solved = own["steps_to_threshold"].dropna()
    if len(solved):
        return f"{len(solved)} of {len(own)} reached the threshold, in {number(float(solved.mean()), 4)} steps"
    ended = own[own["status"] == "ok"]
    metric = ended["metric"].iloc[0] if len(ended) else ""
    return f"{metric} {number(float(ended['valid_score'].mean()), 4)}" if len(ended) else "diverged"


def _said(each: Tuned, key: str) -> str:
    return str(each.settings.get(key, "default"))


def varying_keys(tuned: Sequence[Tuned]) -> list[str]:
    """Keys, but cell and dataset, in which combinations of one dataset differ."""
    found: dict[str, None] = {}
    for dataset in {_said(each, "dataset") for each in tuned}:
        own = [each for each in tuned if _said(each, "dataset") == dataset]
        for key in sorted({key for each in own for key in each.settings} - {"cell", "dataset"}):
            if len({_said(each, key) for each in own}) > 1:
                found[key] = None
    return sorted(found)
