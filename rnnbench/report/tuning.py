"""The trials of a study: what was searched, at what cost, and what was chosen for the runs that count."""

from __future__ import annotations

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
    return (
        f"Chosen on validation before the runs that count: {space}, log-uniform, the same {tuning.trials} points of a "
        f"Latin hypercube for every row, each tried with seed{'s' if len(tuning.seeds) > 1 else ''} {seeds}, which no "
        f"run that counts has. {RULE}"
    )


def tuning_table(request: StudyRequest, runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each combination of settings that was tuned, all text. runs: of load_results."""
    trials = runs[runs["run_id"].isin(request.trials)].set_index("run_id")
    varying = _varying(request.tuned)
    rows: list[dict[str, str]] = []
    for each in request.tuned:
        row = {"dataset": _said(each, "dataset"), "cell": cell_name(_said(each, "cell"))}
        row |= {key: _said(each, key) for key in varying}
        own = trials.reindex([run_id for trial in each.trials for run_id in trial.run_ids])
        count = f"{int(own['status'].isin(['ok', 'diverged']).sum())} of {len(own)} ended"
        diverged = int((own["status"] == "diverged").sum())
        row["trials"] = count + (f", {diverged} diverged" if diverged else "")
        chosen = each.trials[each.chosen] if each.chosen is not None else None
        row["chosen"] = (
            "–" if chosen is None else ", ".join(f"{k} {v:g}{_edge(each, k, v)}" for k, v in chosen.values.items())
        )
        row["its validation result"] = _result(chosen, trials)
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
            for run_id in trial.run_ids:
                row: dict[str, Any] = {"dataset": _said(each, "dataset"), "cell": _said(each, "cell"), "run_id": run_id}
                row |= {key: _said(each, key) for key in _varying(request.tuned)} | dict(trial.values)
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


def _result(chosen: Trial | None, trials: pd.DataFrame) -> str:
    if chosen is None:
        return "–"
    own = trials.reindex(list(chosen.run_ids))
    solved = own["steps_to_threshold"].dropna()
    if len(solved):
        return f"{len(solved)} of {len(own)} reached the threshold, in {number(float(solved.mean()), 4)} steps"
    ended = own[own["status"] == "ok"]
    metric = ended["metric"].iloc[0] if len(ended) else ""
    return f"{metric} {number(float(ended['valid_score'].mean()), 4)}" if len(ended) else "diverged"


def _said(each: Tuned, key: str) -> str:
    return str(each.settings.get(key, "default"))


def _varying(tuned: Sequence[Tuned]) -> list[str]:
    """Keys, but cell and dataset, in which combinations of one dataset differ."""
    found: dict[str, None] = {}
    for dataset in {_said(each, "dataset") for each in tuned}:
        own = [each for each in tuned if _said(each, "dataset") == dataset]
        for key in sorted({key for each in own for key in each.settings} - {"cell", "dataset"}):
            if len({_said(each, key) for each in own}) > 1:
                found[key] = None
    return sorted(found)
